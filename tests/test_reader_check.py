"""The reader's script: good images pass, broken ones fail with a hint that says why, under dash and under busybox."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers import LAB, ROOT
from walkthrough.machine.engine import Engine

SCRIPT = ROOT / "labs" / LAB / "check"
TINY = ROOT / "labs" / LAB / "solutions/c"
BROKEN = """
FROM debian:trixie
EXPOSE 8080
CMD sleep 60; true
"""


@pytest.fixture(scope="module")
def images(engine: Engine, debian: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path]]:
    """Yield the names of a good and of a broken image, and a busybox."""
    assert debian
    folder = tmp_path_factory.mktemp("broken")
    (folder / "Dockerfile").write_text(BROKEN)
    (folder / "server.c").write_bytes((TINY / "server.c").read_bytes())
    good = (TINY / "Dockerfile").read_text().replace("FROM debian:trixie-slim", "FROM debian:trixie")
    (folder / "Dockerfile.good").write_text(good.replace("musl-tools", "musl-tools busybox-static"))
    mark = uuid.uuid4().hex[:8]
    names = f"labs-test-good:{mark}", f"labs-test-broken:{mark}", f"labs-test-tools:{mark}"
    try:
        for name, options in zip(
            names, (["-f", "Dockerfile.good"], [], ["-f", "Dockerfile.good", "--target", "build"]), strict=True
        ):
            built = engine.command("buildx", "build", "--load", "-t", name, *options, ".", cwd=folder, timeout=300)
            assert built.returncode == 0, built.stderr
        made = engine.command("create", names[2]).stdout.strip()
        engine.command("cp", f"{made}:/usr/bin/busybox", str(folder / "busybox"))
        engine.command("rm", made)
        yield names[0], names[1], folder / "busybox"
    finally:
        engine.command("image", "rm", "--force", *names)


@dataclass(frozen=True)
class Shell:
    """A shell, and the folders of the tools that the script finds beside it."""

    command: tuple[str, ...]
    tools: str


DASH = Shell(("/bin/dash",), "/usr/bin:/bin")


@pytest.fixture(scope="module")
def shells(images: tuple[str, str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shell]:
    """Return dash with GNU's tools, and busybox with its own: its tar and its awk are those of a reader on Alpine."""
    tools = tmp_path_factory.mktemp("tools")
    subprocess.run([images[2], "--install", "-s", str(tools)], check=True)
    (tools / "curl").symlink_to(str(shutil.which("curl")))
    return {"dash": DASH, "busybox": Shell((str(images[2]), "sh"), str(tools))}


def check(engine: Engine, shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script in the engine's network, with the engine's client and the shell's tools in PATH."""
    within = [str(shutil.which("nsenter")), f"--net={engine.network}"] if engine.kind == "embedded" else []
    with tempfile.TemporaryDirectory() as client:
        # The client alone: beside it lie tools of another system, which do not run on this one.
        (Path(client) / "docker").symlink_to(engine.docker)
        environment = {**engine.variables, "DOCKER_HOST": engine.host, "PATH": f"{client}:{shell.tools}"}
        return subprocess.run(
            [*within, *shell.command, str(SCRIPT), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.mark.parametrize("kind", ["dash", "busybox"])
def test_script_tells_good_from_broken(
    engine: Engine, images: tuple[str, str, Path], shells: dict[str, Shell], kind: str
) -> None:
    """The five demands of the challenge hold of a good image; of a broken one each failure says what was seen."""
    good, broken, _ = images

    passed = check(engine, shells[kind], "challenge", good)
    failed = check(engine, shells[kind], "challenge", broken)

    assert passed.returncode == 0, passed.stdout
    assert "6 of 6 claims hold" in passed.stdout
    assert failed.returncode == 1, failed.stdout
    for hint in ("the largest layer is", "write a USER line", "begin the last stage with FROM scratch"):
        assert hint in failed.stdout
    assert "write a HEALTHCHECK line" in failed.stdout


@dataclass(frozen=True)
class Breakage:
    """Changes to the good server and to its last stage, and what the script says of the image for each."""

    says: tuple[str, ...]
    source: tuple[tuple[str, str], ...] = ()
    stage: tuple[tuple[str, str], ...] = ()


GOOD_SOURCE = (
    ("Hello from a tiny image!", "Hello from a small Rust image!"),
    ("#include <sys/socket.h>", "#include <sys/socket.h>\n#include <sys/wait.h>"),
    ("    _exit(0);", "    while (wait(0) > 0)\n        ;\n    _exit(0);"),
    (
        '    return RESPONSE("404',
        '    if (strncmp(request + 4, "/slow ", 6) == 0)\n'
        '        return sleep(2), RESPONSE("200 OK", "");\n    return RESPONSE("404',
    ),
)
"""What makes the C server one that holds all that the script asks of the Rust image."""
BREAKAGES = {
    "nothing": Breakage(("19 of 19 claims hold",)),
    "all that can be seen at rest": Breakage(
        stage=(
            ("FROM scratch", "FROM debian:trixie"),
            ("/server /server", "/server /srv/server"),
            ("USER 65532:65532\nEXPOSE 8080", "USER 1000\nEXPOSE 9090"),
            ('ENTRYPOINT ["/server"]', "ENTRYPOINT /srv/server"),
        ),
        says=(
            "FAIL  size: ",
            "FAIL  download: about ",
            "FAIL  user: 1000, not 65532:65532",
            "FAIL  exposes 9090/tcp, not 8080/tcp",
            "a shell is started first",
            "whoever breaks in can run them, such as /",
            "FAIL  has no /server",
            "FAIL  has /bin/sh",
            "does it listen on 0.0.0.0, and on the port that EXPOSE names?",
            "the last probe said: ",
        ),
    ),
    "it ends": Breakage(
        stage=(('ENTRYPOINT ["/server"]', 'ENTRYPOINT ["/server", "check"]'),),
        says=("FAIL  it goes on running", "it ended with exit code 1"),
    ),
    "it answers and ends otherwise": Breakage(
        source=(
            ("small Rust", "broken Rust"),
            ("404 Not Found", "200 OK"),
            ("        ;\n    _exit(0);", "        ;\n    _exit(3);"),
        ),
        says=(
            'FAIL  GET / answers without "Hello from a small Rust image!"',
            "FAIL  GET /nowhere answers 200, not 404",
            "FAIL  SIGTERM: exit code 3",
            "is that your server, or something that starts it?",
        ),
    ),
    "it drops what is under way": Breakage(
        source=(("    while (wait(0) > 0)\n        ;\n", ""),),
        says=("the request for /slow under way was lost", "take no new requests, answer the old ones, then end"),
    ),
    "it waits for nothing": Breakage(
        source=(("    while (wait(0) > 0)\n        ;\n", "    sleep(4);\n"),),
        says=("the limit is 1 s", "what does it wait for?"),
    ),
    "it is killed by the signal": Breakage(
        source=(("    while (wait(0) > 0)\n        ;\n    _exit(0);", "    _exit(143);"),),
        says=("the signal killed the program; handle SIGTERM",),
    ),
    "it does not listen to signals": Breakage(
        source=(("signal(SIGTERM, stop);", ""),),
        says=("FAIL  SIGTERM: exit code 137 after 10 s", "PID 1 (/server) does not handle SIGTERM"),
    ),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_each_hint_is_computed_from_what_was_seen(
    engine: Engine, shells: dict[str, Shell], tmp_path: Path, name: str
) -> None:
    """Whatever is broken, the script says so and why; what is not broken holds."""
    breakage = BREAKAGES[name]
    source = replaced((TINY / "server.c").read_text(), *GOOD_SOURCE, *breakage.source)
    stage = replaced(
        (TINY / "Dockerfile").read_text(), ("FROM debian:trixie-slim", "FROM debian:trixie"), *breakage.stage
    )
    (tmp_path / "server.c").write_text(source)
    (tmp_path / "Dockerfile").write_text(stage)
    image = f"labs-test-check:{uuid.uuid4().hex[:8]}"
    built = engine.command("buildx", "build", "--load", "-t", image, ".", cwd=tmp_path, timeout=300)
    assert built.returncode == 0, built.stderr
    try:
        done = check(engine, shells["busybox"], "rust-app", image)
    finally:
        engine.command("image", "rm", "--force", image)

    assert [hint for hint in breakage.says if hint not in done.stdout] == [], done.stdout
    assert (done.returncode == 0) is (name == "nothing"), done.stdout
    assert ("FAIL" in done.stdout) is (name != "nothing"), done.stdout


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return ``text`` with every change made; each must find its place."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_a_shell_as_first_process_is_named(engine: Engine, images: tuple[str, str, Path], tmp_path: Path) -> None:
    """The hint for the classic mistake is computed from the process that was seen."""
    (tmp_path / "Dockerfile").write_text("FROM debian:trixie\nCMD sleep 60; true\n")
    name = f"labs-test-shell:{uuid.uuid4().hex[:8]}"
    built = engine.command("buildx", "build", "--load", "-t", name, ".", cwd=tmp_path, timeout=300)
    assert built.returncode == 0, built.stderr
    try:
        said = check(engine, DASH, "challenge", name).stdout
    finally:
        engine.command("image", "rm", "--force", name)

    assert "exit 137 after 10 s: PID 1 is a shell (/bin/sh -c sleep 60; true); use the exec form" in said


def test_an_unknown_name_shows_how_it_is_used(engine: Engine) -> None:
    """And an image that is not there says how it comes to be."""
    assert check(engine, DASH, "nothing").returncode == 2
    assert "./check NAME IMAGE" in check(engine, DASH, "nothing").stdout
    missing = check(engine, DASH, "go-app", "labs-test-missing:1")
    assert missing.returncode == 1
    assert "build it as its page says: go-app" in missing.stdout
