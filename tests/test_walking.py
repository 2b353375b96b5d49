"""Pages as people write them, walked on a real engine: what holds, and at which line the others do not."""

from __future__ import annotations

import json
import re
import time
import uuid
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from helpers import FRONT_DOORS, NO_ENGINE, NOBODY, machines_started, run, small_project
from walkthrough.machine.engine import Engine
from walkthrough.page.course import read_course
from walkthrough.page.steps import WriteFile
from walkthrough.project import Project

HOLDS = {
    "silent": "```console\n$ echo a word that the page does not show\n```\n\n"
    "```console\n$ echo one\none\n\n$ echo two\ntwo\n\n```\n",
    "tabs": '```makefile title="Makefile"\nimage:\n\t@echo building\n```\n\n'
    "```console\n$ grep -c \"$(printf '^\\t@')\" docker-labs/lab-01-small/Makefile\n1\n"
    "$ printf 'web\\tUp 2 minutes\\n'\nweb\tUp 2 minutes\n```\n",
    "goes-on": "```console\n$ for n in 1 2; do\n>   echo $n\n> done\n1\n2\n"
    "$ cat \\\n>   - <<EOF\n> hello\n> EOF\nhello\n"
    "$ sed 's/^/> /' <<<quoted\n> quoted\n```\n",
    "steers": "```console\n$ printf '\\033[32mok\\033[0m 3 tests\\n'\nok 3 tests\n"
    "$ printf ' 10%%\\r100%%\\ndone\\0\\n'\n100%\ndone\n"
    "$ head -c 3000000 /dev/zero | tr '\\0' x\nxxx…xxx\n```\n",
    "tab-group": '=== "Linux"\n\n    ```console\n    $ echo linux > system.txt\n    ```\n\n=== "macOS"\n\n'
    '    ```console norun="it needs a Mac"\n    $ echo mac > system.txt\n    ```\n\n'
    "```console\n$ cat system.txt\nlinux\n```\n",
    "fragment": '```dockerfile title="Dockerfile"\nFROM scratch\nCOPY a /a\nCOPY b /b\n```\n\n'
    '```dockerfile fragment="Dockerfile"\nCOPY a /a\n```\n\n'
    '```dockerfile fragment="Dockerfile"\nFROM …\n...\nCOPY b /b\n```\n\n'
    "```json illustration\n{}\n```\n",
    "ends": '```console exit="3"\n$ cd /tmp\n$ exit 3\n```\n\n```console exit="1"\n$ exec false\n```\n\n'
    '```bash exit="2"\nexit 2\n```\n\n```console\n$ pwd\n/home/ubuntu\n```\n',
    **{
        f"port-{name}": f"```console\n$ docker run -d --name {name} -p 18473:80 debian:trixie-slim sleep 60\n…\n```\n\n"
        f"```console\n$ docker port {name} | grep -m 1 -c 18473\n1\n$ docker rm -f {name}\n…\n```\n"
        for name in ("labs-test-one", "labs-test-two", "labs-test-three")
    },
}
FAILS = {
    "another-end": ('```console exit="3"\n$ exit 4\n```\n', 2, "the command ended the page's shell"),
    "an-end": ("```console\n$ exit\n```\n", 2, "the command ended the page's shell"),
    "no-terminal": (
        "```console\n$ docker run -it --rm debian:trixie-slim uname -s\nLinux\n```\n",
        2,
        "a walk has no terminal: leave out -t",
    ),
    "no-part": (
        '```text title="a"\nx\ny\n```\n\n```text fragment="a"\ny\nx\n```\n',
        6,
        "these lines are not in 'a' as it stands",
    ),
    "part-of-nothing": ('```text fragment="a"\ny\n```\n', 1, "there is no 'a' yet"),
    "commented-out": (
        "<!--\n```console\n$ echo 1 > from-nowhere.txt\n```\n-->\n\n```console\n$ cat from-nowhere.txt\n1\n```\n",
        8,
        "'cat from-nowhere.txt' ends with exit status 1",
    ),
    "other-tab": ("```console\n$ printf 'a\\tb\\n'\na    b\n```\n", 2, "does not print what the page shows"),
}


@pytest.mark.usefixtures("engine")
def test_pages_as_people_write_them(tmp_path: Path) -> None:
    """Each holds, or fails at its line with what to do."""
    project = small_project(tmp_path / "p", "```console\n$ true\n```\n")
    pages = project / "docs/lab-01-small"
    marker = f"\n```console\n$ : {uuid.uuid4().hex}\n```\n"  # nothing is remembered of it
    for name, text in HOLDS.items():
        (pages / f"{name}.md").write_text(
            text.replace('title="', f'title="{name}/')
            .replace("small/M", f"small/{name}/M")
            .replace('fragment="', f'fragment="{name}/')
            + marker
        )
    for name, (text, _, _) in FAILS.items():
        (pages / f"{name}.md").write_text(text.replace('="a"', f'="{name}/a"') + marker)

    done = run(project, "walkthrough", "verify")

    assert done.returncode == 1
    for name in HOLDS:
        assert f"docs/lab-01-small/{name}.md: verified" in done.stdout, done.stdout
    for name, (_, line, says) in FAILS.items():
        told = [text for text in done.stdout.splitlines() if text.startswith(f"docs/lab-01-small/{name}.md:{line}: ")]
        assert len(told) == 1, (name, done.stdout)
        assert says in told[0].replace(f"{name}/a", "a")


FILES = [
    "image:\n\t@echo building\n",
    "\n\nfirst lines are blank\n",
    "last lines are blank\n\n\n",
    "\tif x {\n\t\ty()\ta\n   \n\t}\n",
    "a\u2028b\x85c\n",
]


@pytest.mark.parametrize("generator", ["mkdocs", "properdocs"])
def test_what_a_reader_copies_is_what_is_built(tmp_path: Path, generator: str) -> None:
    """Byte for byte, tabs and blank lines included, also inside lists and tabs; the download is the same."""
    plain = [f'```text title="plain/{n}"\n{text}```\n' for n, text in enumerate(FILES)]
    nested = [
        f'- item\n\n    === "A"\n\n        ```make title="nested/{n}"\n'
        + "".join(f"        {line}\n" for line in text.removesuffix("\n").split("\n"))
        + "        ```\n"
        for n, text in enumerate(FILES)
    ]
    project = small_project(tmp_path / "p", "# Files\n\n" + "\nAnd\n\n".join([*plain, *nested]))

    done = run(project, generator, "build", "--strict", "-f", "mkdocs.yml", prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 0, done.stdout
    steps = read_course(Project(project)).itineraries["docs/lab-01-small/page.md"].steps
    assert [step.fence.text for step in steps] == FILES * 2
    page = BeautifulSoup((project / "site/lab-01-small/page.html").read_text(), "html.parser")
    assert [code.get_text() for code in page.select("div.highlight pre code")] == FILES * 2
    for step in steps:
        assert isinstance(step, WriteFile)
        folder = project / f"site/lab-01-small/files/page/{step.fence.number}"
        assert (folder / step.path.rpartition("/")[2]).read_bytes() == step.fence.text.encode()


@pytest.mark.parametrize("door", FRONT_DOORS)
def test_a_change_that_does_not_apply_is_told_at_every_door(tmp_path: Path, door: str) -> None:
    """Also where nothing can be walked: with its line, and without a traceback."""
    text = '```text title="a"\nx\n```\n\n```diff title="a"\n-gone\n+y\n```\n'
    project = small_project(tmp_path / "p", text)

    done = run(project, *FRONT_DOORS[door], prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 1, done.stdout
    assert "docs/lab-01-small/page.md:6: the change does not apply" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.usefixtures("engine")
def test_what_a_restart_policy_starts_again_is_not_in_the_way_of_the_next_walk(tmp_path: Path) -> None:
    """The machine's engine starts it before anybody can take it away, and makes the folder that it mounts, as root."""
    stays = f"docker run -d --restart always -v ~/docker-labs/lab-01-small/{uuid.uuid4().hex}:/x debian:trixie-slim"
    page = f'```text title="a.txt"\na\n```\n\n```console\n$ {stays} sleep infinity\n…\n```\n'
    project = small_project(tmp_path / "p", page)

    for _ in range(2):
        done = run(project, "walkthrough", "verify", "--fresh")
        assert done.returncode == 0, done.stdout


START = """\
# Start

```console
$ echo {mark} > ~/count
$ docker run --name started debian:trixie-slim true
```

```checks
container: started
exit_code: {exit}
```
"""
END = """\
---
builds_on: [start.md]
---

# End

```console
$ wc -l < ~/count
1
$ docker rm started
started
```
"""


def as_if_long(project: Path, name: str) -> None:
    """Have the record of a page say that it took a minute."""
    path = project / f"labs/lab-01-small/evidence/{name}.json"
    record = json.loads(path.read_text())
    record["steps"][0]["seconds"] = 60.0
    path.write_text(json.dumps(record))


def test_a_page_goes_on_on_the_machine_of_the_long_one_that_it_builds_on(engine: Engine, tmp_path: Path) -> None:
    """What both do is done once, each has its own verdict; and a claim that is false costs the other nothing."""
    mark = uuid.uuid4().hex
    project = small_project(tmp_path, START.format(mark=mark, exit=0), "start")
    for name in ("end", "other"):
        small_project(project, END, name)
    assert run(project, "walkthrough", "verify").returncode == 0
    page = project / "docs/lab-01-small/start.md"
    as_if_long(project, "start")
    page.write_text(START.format(mark=f"{mark} again", exit=0))
    began = time.time()

    done = run(project, "walkthrough", "verify")

    assert done.returncode == 0, done.stdout
    assert "3 pages hold; 3 walked" in done.stdout
    assert machines_started(engine, began) == 2
    as_if_long(project, "start")
    page.write_text(START.format(mark=f"{mark} and again", exit=3))
    done = run(project, "walkthrough", "verify")
    assert done.returncode == 1
    assert re.search(r"start.md:10: .*claimed: ended with 3; measured: 0", done.stdout), done.stdout
    for name in ("end", "other"):
        assert f"docs/lab-01-small/{name}.md: verified" in done.stdout, done.stdout
