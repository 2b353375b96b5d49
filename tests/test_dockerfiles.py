"""Every Dockerfile, as it stands at each step of its page: what linters warn of is explained there, by its name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers import ROOT
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.patch import apply_patch
from walkthrough.page.steps import ApplyDiff, WriteFile
from walkthrough.project import Project, state_folder

HADOLINT = Path(sys.executable).with_name("hadolint")
LOOSE = """\
FROM debian AS Build
ENV PASSWORD=hunter2
CMD sleep 1
"""


@dataclass(frozen=True)
class Shown:
    """A Dockerfile as it stands after a step: where its fence is, its text, the prose of its page."""

    where: str
    text: str
    prose: str


@pytest.fixture(scope="module")
def buildchecks(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return BuildKit's own build checks as a program: the engine's builder may be too old to offer them."""
    target = tmp_path_factory.mktemp("buildchecks")
    with provided(engine, {"golang:1.27-trixie"}, state_folder(), print):
        source = str(ROOT / "tests/buildchecks")
        built = engine.command("buildx", "build", f"--output=type=local,dest={target}", source, timeout=900)
    assert built.returncode == 0, built.stderr[-2000:]
    return target / "buildchecks"


def shown(itinerary: Itinerary) -> Iterator[Shown]:
    page = itinerary.page
    fenced = {line for fence in page.fences for line in range(fence.line, fence.last + 1)}
    lines = enumerate(page.text.splitlines(), 1)
    prose = "\n".join(line for number, line in lines if number not in fenced)
    files: dict[str, str] = {}
    for step in itinerary.steps:
        if isinstance(step, WriteFile):
            files[step.path] = step.fence.text
        elif isinstance(step, ApplyDiff):
            files[step.path] = apply_patch(files[step.path], step.fence.text, step.fence.first_text_line)
        else:
            continue
        if Path(step.path).name.startswith("Dockerfile"):
            yield Shown(f"{page.path}:{step.fence.line}", files[step.path], prose)


def warnings(text: str, buildchecks: Path, folder: Path) -> set[str]:
    """Return the names of the rules that hadolint and BuildKit name, those that a comment silences included."""
    place = folder / "Dockerfile"
    place.write_text(text)
    loud = re.sub(r"^# hadolint ignore=.*\n", "", text, flags=re.MULTILINE)
    (folder / "Loud").write_text(loud)
    linted = subprocess.run(
        [str(HADOLINT), "--no-fail", "--format=json", str(folder / "Loud")], capture_output=True, text=True, check=True
    )
    checked = subprocess.run([str(buildchecks), str(place)], capture_output=True, text=True, check=False)
    assert checked.returncode in (0, 1), checked.stderr
    told = [line.removeprefix(f"{place}:").split(": ") for line in checked.stdout.splitlines()]
    return {entry["code"] for entry in json.loads(linted.stdout)} | {parts[1] for parts in told}


def test_both_linters_see_a_loose_dockerfile(buildchecks: Path, tmp_path: Path) -> None:
    """The control: no silence comes from a linter that does not look."""
    found = warnings(LOOSE, buildchecks, tmp_path)

    assert {"DL3006", "DL3025", "JSONArgsRecommended", "StageNameCasing", "SecretsUsedInArgOrEnv"} <= found


def test_every_warning_is_explained_on_its_page(buildchecks: Path, tmp_path: Path) -> None:
    """A rule's name in the prose: readers who run the linter find it."""
    dockerfiles = [each for itinerary in read_course(Project(ROOT)).itineraries.values() for each in shown(itinerary)]
    silent = [
        f"{each.where}: {rule} is not explained"
        for each in dockerfiles
        for rule in sorted(warnings(each.text, buildchecks, tmp_path))
        if rule not in each.prose
    ]

    assert len(dockerfiles) > 40
    assert silent == []
