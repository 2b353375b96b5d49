"""A tutorial as other projects write them walks, with a mark for each thing that only its prose told."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import ROOT, run, small_project
from walkthrough.page.course import read_course
from walkthrough.project import Project
from walkthrough.record.evidence import read_record

FOREIGN = (ROOT / "tests/pages/foreign.md").read_text()
GUIDE = (ROOT / "docs/lab-00-authoring/bringing-a-tutorial.md").read_text()
LAB = "~/docker-labs/lab-01-small"


def _indented(text: str, by: int) -> str:
    return re.sub(r"^(?=.)", " " * by, text, flags=re.MULTILINE)


def _in_lists(text: str) -> str:
    """Give what belongs to a list's item four blanks, which most other tools ask three of."""
    return re.sub(r"^ {3}", " " * 4, text, flags=re.MULTILINE)


def _prompts(text: str) -> str:
    return re.sub(r"```bash\n(?= *\$ )", "```console\n", text)


def _tabs(text: str) -> str:
    tab = re.compile(r'^( *){{< tab name="(.*?)" >}}\n(.*?)\n *{{< /tab >}}\n', re.MULTILINE | re.DOTALL)
    text = tab.sub(lambda found: f'{found[1]}=== "{found[2]}"\n{_indented(found[3], 4)}\n', text)
    return re.sub(r"^ *{{< /?tabs >}}\n", "", text, flags=re.MULTILINE)


REPLACED: dict[str, Callable[[str], str]] = {
    "What belongs to an item of a list": _in_lists,
    "Prompts in a `bash` block": _prompts,
    "Tabs of another tool": _tabs,
}
"""What an editor replaces wherever it is, by the form that it is of."""
MARKS: dict[str, list[tuple[str, str]]] = {
    "Front matter of another tool": [("keywords: containers, compose, tutorial\nweight: 30\n", "")],
    "A folder of its own": [("$ mkdir prices\n", f"$ cd {LAB}\n    $ mkdir prices\n")],
    "A file that only the prose names": [
        ("```html\n    <p>Apples: 3", '```html title="prices/index.html"\n    <p>Apples: 3'),
        ("```html\n    <p>Apples: 2", '```html title="prices/index.html"\n    <p>Apples: 2'),
        ("```dockerfile\n    FROM", '```dockerfile title="prices/Dockerfile"\n    FROM'),
        (
            '```yaml\n    services:\n      web:\n        build: .\n        ports:\n          - "8000:8000"\n    ```',
            '```yaml title="prices/compose.yaml"\n    services:\n      web:\n        build: .\n        ports:\n'
            '          - "8000:8000"\n    ```',
        ),
    ],
    "A part of a file, or all of it once more": [
        ("```dockerfile\n    CMD", '```dockerfile fragment="prices/Dockerfile"\n    CMD'),
        (
            "```yaml\n    services:\n      web:\n        build: .\n        ports:\n"
            '          - "8000:8000"\n      stock',
            '```yaml fragment="prices/compose.yaml"\n    services:\n      web:\n        build: .\n        ports:\n'
            '          - "8000:8000"\n      stock',
        ),
    ],
    "A file that grows": [
        (
            "```yaml\n    services:\n      web:\n        # as before\n      stock:\n        image: debian:trixie-slim\n"
            "        command: sleep infinity\n        init: true\n",
            '```diff title="prices/compose.yaml"\n    @@ -4,2 +4,6 @@\n         ports:\n           - "8000:8000"\n'
            "    +  stock:\n    +    image: debian:trixie-slim\n    +    command: sleep infinity\n"
            "    +    init: true\n",
        ),
        (
            "```yaml\n      stock:\n        volumes:\n          - apples:/apples\n\n    volumes:\n      apples:\n",
            '```diff title="prices/compose.yaml"\n    @@ -9 +9,6 @@\n         init: true\n    +    volumes:\n'
            "    +      - apples:/apples\n    +\n    +volumes:\n    +  apples:\n",
        ),
    ],
    "A command that goes on": [
        (
            "-d \\\n            -p 127.0.0.1:8000:8000 \\\n            prices\n        6f1b",
            "-d \\\n        >     -p 127.0.0.1:8000:8000 \\\n        >     prices\n        6f1b",
        ),
    ],
    "A command for another system": [
        ("```powershell\n", '```powershell norun="it needs PowerShell"\n'),
        ("```console\n        $ docker run -d ^", '```console norun="it needs Windows"\n        $ docker run -d ^'),
    ],
    "An output that differs each time": [
        ("        6f1b0c7d2e9a\n", "        …\n"),
        (
            "    CONTAINER ID   IMAGE     COMMAND                  CREATED         "
            "STATUS         PORTS                      NAMES\n"
            '    6f1b0c7d2e9a   prices    "/bin/sh -c \'python …"   2 seconds ago   '
            "Up 2 seconds   127.0.0.1:8000->8000/tcp   brave_pike\n",
            "    CONTAINER ID   IMAGE     COMMAND   …\n    …   prices    …   127.0.0.1:8000->8000/tcp   …\n",
        ),
        (
            "    [+] Running 2/2\n     ✔ Network prices_default  Created   0.1s\n"
            "     ✔ Container prices-web-1  Created   0.1s\n    Attaching to web-1\n",
            "    ...\n",
        ),
        ("(http://0.0.0.0:8000/) ...\n", "(http://0.0.0.0:8000/) ...\n    ...\n"),
    ],
    "An output in a block of its own": [
        ("    ```\n\n    You should see something like this:\n\n    ```console\n", ""),
        ("```plaintext\n", "```text\n"),
    ],
    "A name to fill in": [
        ("docker run -d \\\n", "docker run -d --name prices \\\n"),
        (" Replace `<container-id>` by the ID that you see.", ""),
        ("exec -it <container-id>", "exec -it prices"),
        ("rm -f <container-id>", "rm -f prices"),
    ],
    "A command that wants a terminal": [
        ("exec -it prices", "exec -i prices"),
        ("$ curl http", "$ curl -s http"),
    ],
    "A server in the foreground": [
        ("```console\n    $ docker compose up\n", "```console stays\n    $ docker compose up\n"),
        ("```console\n    $ curl", '```console terminal="other"\n    $ curl'),
        ("press `CTRL+C`.\n", "press `CTRL+C`.\n\n    ```console\n    ^C\n    ...\n    ```\n"),
    ],
}
"""What is written anew, by the form that it is of; the guide for authors has a row for each form."""


TOLD_AT_ONCE = {
    "Front matter of another tool": "front matter 'keywords': nobody knows this key",
    "Prompts in a `bash` block": "a bash block is run as a script, in which '$' is no prompt",
    "A file that only the prose names": "nobody knows what to do with this 'html' block",
    "A part of a file, or all of it once more": "nobody knows what to do with this 'dockerfile' block",
    "A file that grows": "nobody knows what to do with this 'yaml' block",
    "A command that goes on": "the command is not complete: bash would ask for more",
    "A command for another system": "this tab is another way to do what is walked in the tab before: nobody does both",
    "An output in a block of its own": "a console block must begin with a command",
}
"""What an author is told of a form without its marks, before anything runs."""
TOLD_ON_THE_WAY = {
    "A folder of its own": "open Dockerfile: no such file or directory",
    "An output that differs each time": "does not print what the page shows",
    "A name to fill in": "container-id: No such file or directory",
    "A server in the foreground": "the command does not end: stopped after 5 s",
}
"""What the walk tells of others."""
LIES = {
    "an output": ("cat index.html\n    <p>Apples: 3", "cat index.html\n    <p>Apples: 4"),
    "a part of a file": ('prices/Dockerfile"\n    CMD python', 'prices/Dockerfile"\n    CMD python3'),
    "a file": ("COPY . .", "COPY pears.html ."),
}


def converted(text: str, but: str = "") -> str:
    """Return a foreign page as a page of this course, ``but`` for the marks of one form."""
    for form, replace in REPLACED.items():
        text = text if form == but else replace(text)
    for form, marks in MARKS.items():
        for old, new in marks if form != but else ():
            found = text.count(old)
            assert found == 1 or (but == "A name to fill in" and "-it prices" in old), (old, found)
            text = text.replace(old, new)
    return text


def shown(heading: str) -> str:
    """Return the first block of the language ``text`` below a heading of the guide."""
    found = re.search(rf"^## {heading}\n.*?^(```+)text\n(.*?)^\1\n", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[2]


def test_the_guide_has_a_row_for_each_form_and_says_how_many_marks_there_are() -> None:
    """The forms are those of public tutorials, so an author finds theirs in the table."""
    rows = re.findall(r"^\| (?!Form|---)(.*?) \|", GUIDE.partition("| Form")[2].partition("\n\n")[0], re.MULTILINE)

    assert rows == [*REPLACED, *MARKS]
    assert f"{sum(map(len, MARKS.values()))} marks" in GUIDE


def test_the_guide_shows_what_its_example_is_told(tmp_path: Path) -> None:
    """To the letter; the marked example is on the page itself, and is walked with it."""
    project = small_project(tmp_path, shown("A tutorial that exists"))

    told = "".join(f"{problem}\n" for problem in read_course(Project(project)).problems)

    assert told.replace("lab-01-small", "lab-05-prices") == shown("What you are told first")


@pytest.mark.parametrize("form", TOLD_AT_ONCE)
def test_a_form_without_its_marks_is_told_before_anything_runs(form: str, tmp_path: Path) -> None:
    """So that an author sees all of these at once."""
    course = read_course(Project(small_project(tmp_path, converted(FOREIGN, but=form))))

    assert TOLD_AT_ONCE[form] in "\n".join(map(str, course.problems))


def test_each_form_is_told_but_two_that_only_look_wrong() -> None:
    """A list and tabs of another tool are walked; rumdl tells of the list. The guide has the words for the others."""
    told = {*TOLD_AT_ONCE, *TOLD_ON_THE_WAY, "A command that wants a terminal"}  # the last is the guide's own example

    assert [form for form in (REPLACED | MARKS) if form not in told] == [
        "What belongs to an item of a list",
        "Tabs of another tool",
    ]
    for words in [*TOLD_AT_ONCE.values(), *TOLD_ON_THE_WAY.values()]:
        assert words.replace("5 s", "…") in GUIDE


@pytest.mark.usefixtures("engine")
def test_a_foreign_tutorial_walks_and_is_told_where_it_is_false_or_lacks_a_mark(tmp_path: Path) -> None:
    """Every step of it holds, in a run with pages that lack marks of a form, with some that lie, and the guide's."""
    honest = converted(FOREIGN)
    pages = {"honest": honest}
    for form in TOLD_ON_THE_WAY:
        waiting = "```console\n    $ docker compose up\n"  # it would be waited for until its time is over
        pages[form] = converted(FOREIGN, but=form).replace(waiting, waiting.replace("console", 'console timeout="5"'))
    for lie, (old, new) in LIES.items():
        assert honest.count(old) == 1, lie
        pages[lie] = honest.replace(old, new)
    marked = shown("The marks").replace("lab-00-authoring", "lab-01-small")
    pages["guide"] = "# Serve a price list\n\n" + marked.replace("exec -i", "exec -it")
    project = small_project(tmp_path, "")
    for number, text in enumerate(pages.values(), 1):
        lab = f"lab-{number:02}-prices"
        (project / "docs" / lab).mkdir()
        (project / "docs" / lab / "page.md").write_text(
            text.replace("lab-01-small", lab) + f"\n<!-- {uuid.uuid4()} -->\n"
        )
    (project / "docs/lab-01-small/page.md").unlink()

    done = run(project, "walkthrough", "verify", "--fresh")

    said = {name: told_of(done.stdout, f"docs/lab-{n:02}-prices/page.md") for n, name in enumerate(pages, 1)}
    assert said["honest"] == "", done.stdout
    for form, words in TOLD_ON_THE_WAY.items():
        assert words in said[form], done.stdout
    assert re.sub(r"lab-\d+-prices", "lab-05-prices", said["guide"]) == shown("What you are told then")
    assert "+<p>Apples: 3" in said["an output"], done.stdout
    assert "python3" in said["a part of a file"], done.stdout
    assert "pears.html" in said["a file"], done.stdout
    copy = Project(project)
    page = read_course(copy).itineraries["docs/lab-01-prices/page.md"]
    record = read_record(copy, page.page)
    assert record is not None
    assert len(record.steps) == len(page.steps)
    assert {step.status for step in record.steps} == {"passed", "not run"}
    assert sum(step.status == "not run" for step in record.steps) == len(MARKS["A command for another system"])


def told_of(output: str, page: str) -> str:
    """Return what a run says of a page: its problems, with the lines that belong to them."""
    return "".join(re.findall(rf"^{re.escape(page)}:\d+: .*\n(?:    .*\n)*", output, re.MULTILINE))
