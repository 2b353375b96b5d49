"""The reader's script: good images pass, broken ones fail with a hint that says why, under dash and under busybox."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers import LAB, ROOT, small_project
from walkthrough.images.reading import read_image
from walkthrough.machine.engine import Engine
from walkthrough.page.course import read_course
from walkthrough.page.readercheck import reader_check
from walkthrough.project import Project

pytestmark = pytest.mark.beside

SCRIPT = ROOT / "labs" / LAB / "check"
TINY = ROOT / "labs" / LAB / "solutions/c"
BROKEN = """
FROM debian:trixie
EXPOSE 8080
CMD sleep 60; true
"""
TOOLS = """
FROM debian:trixie
RUN apt-get update && apt-get install -y --no-install-recommends busybox-static
"""
SAVE_PACKED = """\
#!/bin/sh
# Newer engines save layers as they store them: packed.
[ "$1" = save ] || exec DOCKER "$@"
DOCKER "$@" | PYTHON -c '
import gzip, io, json, sys, tarfile
whole = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()))
layers = json.load(whole.extractfile("manifest.json"))[0]["Layers"]
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as packed:
    for entry in whole:
        content = whole.extractfile(entry).read() if entry.isfile() else b""
        if entry.name in layers:
            content = PACK
        entry.size = len(content)
        packed.addfile(entry, io.BytesIO(content))
'
"""
"""A client whose ``save`` packs each layer, or spoils it."""
AT_ONCE = 4
"""Scripts that run side by side: they wait most of the time, for a health check or for a container to stop."""

Said = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Shell:
    """A shell, and the folders of the tools that the script finds beside it."""

    command: tuple[str, ...]
    tools: str


DASH = Shell(("/bin/dash",), "/usr/bin:/bin")


@pytest.fixture(scope="module")
def busybox(engine: Engine, debian: str, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return busybox with its own tools: its tar and its awk are those of a reader on Alpine."""
    assert debian
    folder = tmp_path_factory.mktemp("busybox")
    image = build(engine, folder, TOOLS)
    try:
        made = engine.command("create", image).stdout.strip()
        engine.command("cp", f"{made}:/usr/bin/busybox", str(folder / "busybox"))
        engine.command("rm", made)
    finally:
        engine.command("image", "rm", "--force", image)
    tools = folder / "tools"
    tools.mkdir()
    subprocess.run([folder / "busybox", "--install", "-s", str(tools)], check=True)
    (tools / "curl").symlink_to(str(shutil.which("curl")))
    return Shell((str(folder / "busybox"), "sh"), str(tools))


def build(engine: Engine, folder: Path, dockerfile: str, source: str = "") -> str:
    """Build an image in an empty folder of its own; return its name."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "server.c").write_text(source)
    image = f"labs-test-check:{uuid.uuid4().hex[:8]}"
    built = engine.command("buildx", "build", "--load", "-t", image, ".", cwd=folder, timeout=300)
    assert built.returncode == 0, built.stderr
    return image


def check(engine: Engine, shell: Shell, *arguments: str, pack: str = "", script: Path = SCRIPT, **changes: str) -> Said:
    """Run the script in the engine's network, with the engine's client and the shell's tools in PATH.

    With ``pack`` the client packs the layers that it saves: a term of Python on their ``content``.
    """
    within = [str(shutil.which("nsenter")), f"--net={engine.network}"] if engine.kind == "embedded" else []
    with tempfile.TemporaryDirectory() as client:
        # The client alone: beside it lie tools of another system, which do not run on this one.
        if pack:
            script_of_client = SAVE_PACKED.replace("DOCKER", str(engine.docker)).replace("PYTHON", sys.executable)
            (Path(client) / "docker").write_text(script_of_client.replace("PACK", pack))
            (Path(client) / "docker").chmod(0o755)
        else:
            (Path(client) / "docker").symlink_to(engine.docker)
        environment = {**engine.variables, "DOCKER_HOST": engine.host, "PATH": f"{client}:{shell.tools}", **changes}
        return subprocess.run(
            [*within, *shell.command, str(script), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )


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


def good_dockerfile() -> str:
    """Return the challenge's Dockerfile, on the base image that the tests have, with a health check every second."""
    text = (TINY / "Dockerfile").read_text()
    return replaced(text, ("FROM debian:trixie-slim", "FROM debian:trixie"), ("--interval=5s", "--interval=1s"))


@pytest.fixture(scope="module")
def said(
    engine: Engine, busybox: Shell, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, str], Future[Said]]]:
    """Yield what the script says of each image in each shell, as it comes.

    An image of which everything must hold, times included, is asked about alone; broken ones side by side.
    """
    folder = tmp_path_factory.mktemp("images")
    images: list[str] = []

    def ask(shell: Shell, target: str, dockerfile: str, source: str = "") -> Said:
        image = build(engine, folder / uuid.uuid4().hex, dockerfile, source)
        images.append(image)
        return check(engine, shell, target, image)

    tiny = (TINY / "server.c").read_text()
    answers: dict[tuple[str, str], Future[Said]] = {}
    with ThreadPoolExecutor(AT_ONCE, "reader") as readers:

        def whole(breakage: Breakage) -> tuple[str, str]:
            return replaced(good_dockerfile(), *breakage.stage), replaced(tiny, *GOOD_SOURCE, *breakage.source)

        alone = readers.submit(ask, busybox, "rust-app", *whole(BREAKAGES["nothing"]))
        alone.exception()
        for kind, shell in (("dash", DASH), ("busybox", busybox)):
            answers["good", kind] = readers.submit(ask, shell, "challenge", good_dockerfile(), tiny)
            answers["good", kind].exception()
        for kind, shell in (("dash", DASH), ("busybox", busybox)):
            answers["broken", kind] = readers.submit(ask, shell, "challenge", BROKEN)
        answers["shell", "dash"] = readers.submit(ask, DASH, "challenge", BROKEN.replace("EXPOSE 8080\n", ""))
        for name, breakage in BREAKAGES.items():
            later = alone if name == "nothing" else readers.submit(ask, busybox, "rust-app", *whole(breakage))
            answers[name, "busybox"] = later
        yield answers
    engine.command("image", "rm", "--force", *images)


@pytest.mark.parametrize("kind", ["dash", "busybox"])
def test_script_tells_good_from_broken(said: dict[tuple[str, str], Future[Said]], kind: str) -> None:
    """The demands of the challenge hold of a good image; of a broken one each failure says what was seen."""
    passed, failed = said["good", kind].result(), said["broken", kind].result()

    assert passed.returncode == 0, passed.stdout
    assert "6 of 6 claims hold" in passed.stdout
    assert failed.returncode == 1, failed.stdout
    for hint in ("its largest file is /", "write a USER line", "begin the last stage with FROM scratch"):
        assert hint in failed.stdout
    assert "write a HEALTHCHECK line" in failed.stdout


def test_sizes_are_those_of_the_page_however_the_engine_stores_layers(
    engine: Engine, busybox: Shell, tmp_path: Path
) -> None:
    """The files of all layers, and each layer packed anew; a layer that cannot be unpacked is no small one."""
    source = replaced((TINY / "server.c").read_text(), *GOOD_SOURCE)
    image = build(engine, tmp_path / "image", good_dockerfile(), source)

    def sizes(shell: Shell, pack: str) -> list[str]:
        said = check(engine, shell, "rust-app", image, pack=pack).stdout.splitlines()
        return [line for line in said if "size: " in line or "download: " in line or "can be read" in line]

    try:
        with contextlib.closing(engine.api()) as api:
            read = read_image(api, image, compress=True)
        with ThreadPoolExecutor(AT_ONCE, "reader") as readers:
            ways = [(DASH, ""), (busybox, "gzip.compress(content)"), (busybox, "gzip.compress(content)[:-20]")]
            plain, packed, spoiled = readers.map(sizes, *zip(*ways, strict=True))
    finally:
        engine.command("image", "rm", "--force", image)

    assert plain == packed
    assert f"ok    size: {read.size / 1000:.2f} kB" in plain[0]
    told = re.fullmatch(r"  ok    download: about ([\d.]+) kB .*", plain[1])
    assert told
    assert float(told[1]) == pytest.approx((read.compressed or 0) / 1000, rel=0.01)  # two programs pack it
    assert spoiled == [f"  FAIL  {image} can be read"]


def test_an_image_that_cannot_be_read_costs_no_other_its_verdict(engine: Engine, tmp_path: Path) -> None:
    """Its layer breaks off in the middle of a file; the next image is looked at as if it were the first."""
    images = [build(engine, tmp_path / word, "FROM scratch\nCOPY server.c /\n", word) for word in ("spoilt", "sound")]
    blocks = [f"```checks\nimage: {image}\ncheck: n{n}\nsize: 1 kB\n```\n" for n, image in enumerate(images)]
    project = Project(small_project(tmp_path / "p", "# Two\n\n" + "\n".join(blocks)))
    script = tmp_path / "check"
    script.write_text(reader_check(read_course(project).itineraries.values()))

    try:
        said = check(engine, DASH, script=script, pack='content[:513] if b"spoilt" in content else content').stdout
    finally:
        engine.command("image", "rm", "--force", *images)

    assert f"FAIL  {images[0]} can be read" in said, said
    assert "ok    size: 5 B" in said, said
    assert "1 of 2 claims hold" in said


def test_a_shell_as_first_process_is_named(said: dict[tuple[str, str], Future[Said]]) -> None:
    """The hint for the classic mistake is computed from the process that was seen."""
    done = said["shell", "dash"].result()

    assert "exit 137 after 10 s: PID 1 is a shell (/bin/sh -c sleep 60; true); use the exec form" in done.stdout


@pytest.mark.parametrize("name", BREAKAGES)
def test_each_hint_is_computed_from_what_was_seen(said: dict[tuple[str, str], Future[Said]], name: str) -> None:
    """Whatever is broken, the script says so and why; what is not broken holds."""
    done = said[name, "busybox"].result()

    assert [hint for hint in BREAKAGES[name].says if hint not in done.stdout] == [], done.stdout
    assert (done.returncode == 0) is (name == "nothing"), done.stdout
    assert ("FAIL" in done.stdout) is (name != "nothing"), done.stdout


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return ``text`` with every change made; each must find its place."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_the_script_names_a_page_as_it_is_called(tmp_path: Path) -> None:
    """Whatever is in the name of its file: a quote ends no word, and nothing of it is run."""
    name = 'it\'s "$(touch x)" `touch x`'
    project = Project(small_project(tmp_path / "p", "```checks\nimage: a\ncheck: app\nuser: root\n```\n", name))
    script = reader_check(read_course(project).itineraries.values())
    (line,) = [line for line in script.splitlines() if line.startswith("    begin ")]

    told = subprocess.run(
        ["sh", "-c", f'begin() {{ printf %s "$2"; }}\ncheck_app() {{\n{line}\n}}\ncheck_app'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (told.stdout, told.stderr) == (name, "")
    assert not (tmp_path / "x").exists()


def test_an_unknown_name_shows_how_it_is_used(engine: Engine) -> None:
    """And an image that is not there says how it comes to be."""
    assert check(engine, DASH, "nothing").returncode == 2
    assert "./check NAME IMAGE" in check(engine, DASH, "nothing").stdout
    missing = check(engine, DASH, "go-app", "labs-test-missing:1")
    assert missing.returncode == 1
    assert "build it as its page says: go-app" in missing.stdout
