"""A new lab is begun by one command: its pages hold, the site has them, and nothing that exists is touched."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from helpers import FRONT_DOORS, NO_ENGINE, NOBODY, ROOT, run, small_project
from walkthrough.doors.beginning import begin_lab
from walkthrough.doors.corepath import duration, rows
from walkthrough.errors import WalkthroughError
from walkthrough.page.course import read_course
from walkthrough.project import Project

LAB_02 = "lab-02-going-live"
MENU = """\
nav:
  - A small course: index.md
  - "Lab 01: Small":
      - Page: lab-01-small/page.md
  - Status: status.md

"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a project of one small lab whose menu is written out."""
    project = small_project(tmp_path / "p", '# Small\n\n```html title="a.html"\n<p>hi</p>\n```\n')
    (project / "docs/lab-01-small/index.md").write_text(
        '---\ntitle: "Lab 01: Small"\n---\n\n# Small\n\n```bash\ntrue\n```\n'
    )
    (project / "docs/status.md").write_text("# Status\n")
    configuration = project / "mkdocs.yml"
    menu = MENU.replace("      - Page", "      - lab-01-small/index.md\n      - Page")
    configuration.write_text(configuration.read_text().replace("theme:", f"{menu}theme:", 1))
    return project


@pytest.mark.usefixtures("engine")
def test_a_new_lab_holds_and_the_site_has_it(small: Path) -> None:
    """By the command line, on the engine; then the site is built from what that left, links and menu strictly read."""
    done = run(small, "walkthrough", "lab", LAB_02)

    assert done.returncode == 0, done.stdout
    for page in ("index", "first-steps"):
        assert (small / f"labs/{LAB_02}/evidence/{page}.json").is_file()
    assert (small / f"labs/{LAB_02}/first/greeting.txt").read_text() == "Hello from Lab 02.\n"
    built = run(small, *FRONT_DOORS["mkdocs"], prefix=NOBODY, **NO_ENGINE)
    assert built.returncode == 0, built.stdout
    assert f"docs/{LAB_02}/first-steps.md: published from its record of" in built.stdout
    assert "Walked on" in (small / f"site/{LAB_02}/first-steps.html").read_text()


def test_a_new_lab_comes_last_in_the_menu_and_leads_back(small: Path) -> None:
    """Behind the lab before it, which its prerequisites lead to; the rest of the configuration is as it was."""
    before = (small / "mkdocs.yml").read_text()

    begun = begin_lab(Project(small), LAB_02)

    project = Project(small)
    assert [page for page in project.menu if LAB_02 in page] == list(begun.pages)
    assert [re.sub(r".*/(lab-\d\d).*", r"\1", page) for page in project.menu][1:-1] == ["lab-01"] * 2 + ["lab-02"] * 2
    added = [line for line in (small / "mkdocs.yml").read_text().splitlines() if line not in before.splitlines()]
    assert len(added) == 3
    assert "- Completed [Lab 01: Small](../lab-01-small/index.md)" in (small / begun.pages[0]).read_text()
    course = read_course(project)
    assert course.problems == ()
    first = course.itineraries[begun.pages[0]].page
    assert sum(row.minutes for row in rows(first)) == duration(first)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "'' is no name of a lab"),
        ("lab-2-going-live", "is no name of a lab"),
        ("lab-02-Going_live", "is no name of a lab"),
        ("../lab-02-out", "is no name of a lab"),
        ("lab-02", "is no name of a lab"),
        ("lab-01-other", "has the number of lab-01-small; the next free one is lab-02-…"),
        ("lab-01-small", "has the number of lab-01-small"),
        ("lab-04-going-live", "is out of order: the next lab is lab-02-…"),
    ],
)
def test_a_name_that_cannot_be_is_told_and_nothing_is_written(small: Path, name: str, says: str) -> None:
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}

    with pytest.raises(WalkthroughError, match=re.escape(says)):
        begin_lab(Project(small), name)

    assert {path: path.read_bytes() for path in small.rglob("*") if path.is_file()} == before


def test_a_folder_without_pages_is_not_overwritten_either(small: Path) -> None:
    """Generated files of a lab whose pages are gone may be somebody's work."""
    (small / f"labs/{LAB_02}").mkdir(parents=True)

    with pytest.raises(WalkthroughError, match="has the number of"):
        begin_lab(Project(small), LAB_02)


def test_the_course_itself_takes_a_new_lab(tmp_path: Path) -> None:
    """The next number of this course, behind its last lab and before what is no lab."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "labs").mkdir()
    shutil.copy(ROOT / "mkdocs.yml", tmp_path / "mkdocs.yml")
    last = max(int(path.name[4:6]) for path in (ROOT / "docs").glob("lab-*"))

    begun = begin_lab(Project(tmp_path), f"lab-{last + 1:02}-on-top")

    menu = list(Project(tmp_path).menu)
    assert menu[menu.index(begun.pages[0]) - 1].startswith(f"docs/lab-{last:02}-")
    assert menu[menu.index(begun.pages[1]) + 1].startswith("docs/lab-00-")
    assert read_course(Project(tmp_path)).problems == ()
