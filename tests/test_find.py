"""Which engine: the user's own; one that is reached in an unknown way is refused in one sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from helpers import run, small_project
from walkthrough.errors import EngineMissingError
from walkthrough.machine.find import find_engine

UNKNOWN = {
    "a file": ({"DOCKER_HOST": "fd://3"}, "fd://3, reached by fd,"),
    "TLS": ({"DOCKER_HOST": "tcp://127.0.0.1:2376", "DOCKER_TLS_VERIFY": "1"}, "reached by TLS,"),
    "no address": ({"DOCKER_HOST": "far.example"}, "names the engine far.example, reached nowhere,"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_engine_that_is_reached_in_an_unknown_way_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """By DOCKER_HOST: named, with what to do; the embedded engine does not step in unasked."""
    variables, says = UNKNOWN[name]
    monkeypatch.setenv("LABS_STATE", str(tmp_path))
    monkeypatch.delenv("LABS_ENGINE", raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    with pytest.raises(EngineMissingError) as caught:
        find_engine(start=False)

    words = str(caught.value)
    assert says in words
    assert words.startswith("DOCKER_HOST names the engine")
    assert "set LABS_ENGINE=embedded" in words
    assert "\n" not in words


def with_contexts(folder: Path, current: str) -> str:
    """Return the configuration folder of a Docker client that has a context by TLS; it uses ``current``."""
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("there is no docker client whose contexts could be asked for")
    variables = {**os.environ, "DOCKER_CONFIG": str(folder / "config")}
    variables.pop("DOCKER_HOST", None)
    endpoint = f"host=tcp://[::1]:2376,ca={requests.utils.DEFAULT_CA_BUNDLE_PATH}"
    command = [docker, "context", "create", "safe", "--docker", endpoint]
    subprocess.run(command, env=variables, check=True, capture_output=True)
    config = folder / "config/config.json"
    config.write_text(json.dumps({"currentContext": current}))
    return variables["DOCKER_CONFIG"]


@pytest.mark.parametrize(
    ("current", "says"),
    [
        ("safe", "the Docker context 'safe' names the engine tcp://[::1]:2376, reached by TLS,"),
        ("gone", "the Docker context cannot be read"),
    ],
)
def test_a_context_of_an_unknown_kind_is_refused(tmp_path: Path, current: str, says: str) -> None:
    """By the client's own account; on the command line it is one sentence, and exit 2."""
    project = small_project(tmp_path / "p", "```console\n$ true\n```\n")
    client = with_contexts(tmp_path, current)

    done = run(
        project,
        "walkthrough",
        "verify",
        LABS_STATE=str(tmp_path / "s"),
        LABS_ENGINE="",
        DOCKER_HOST="",
        DOCKER_CONFIG=client,
    )

    assert done.returncode == 2, done.stdout
    assert done.stdout.startswith(f"error: {says}"), done.stdout
    assert done.stdout.count("\n") == 1


def test_an_engine_that_is_named_and_does_not_answer_is_told_of(tmp_path: Path) -> None:
    """Whoever names one wants that one: the embedded engine does not take its place in silence."""
    project = small_project(tmp_path / "p", "```console\n$ true\n```\n")
    nowhere = f"unix://{tmp_path}/docker.sock"

    done = run(
        project, "walkthrough", "verify", LABS_STATE=str(tmp_path / ("s" * 90)), LABS_ENGINE="", DOCKER_HOST=nowhere
    )

    assert f"no Docker engine answers at {nowhere}, which DOCKER_HOST names; the embedded one is used" in done.stdout
