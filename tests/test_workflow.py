"""The GitHub workflow is valid, by actionlint, which is built from the Go module registry on the engine."""

from __future__ import annotations

import subprocess
from pathlib import Path

from helpers import ROOT
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.project import state_folder


def test_the_workflow_passes_actionlint(engine: Engine, tmp_path: Path) -> None:
    """A broken copy is caught, so that silence means something; then the real one must pass."""
    source = str(ROOT / "tests/actionlint")
    with provided(engine, {"golang:1.27-trixie"}, state_folder(), print):
        built = engine.command("buildx", "build", f"--output=type=local,dest={tmp_path}", source)
    assert built.returncode == 0, built.stderr
    workflow = ROOT / ".github/workflows/docs.yml"
    broken = tmp_path / "broken.yml"
    broken.write_text(workflow.read_text().replace("runs-on:", "runs-at:"))

    def lint(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(tmp_path / "actionlint"), str(path)], capture_output=True, text=True, check=False)

    assert lint(broken).returncode == 1
    assert lint(workflow).stdout == ""
