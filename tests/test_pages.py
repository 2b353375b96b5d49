"""Pages are validated whole: every problem of every page, each at its line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from helpers import LAB, ROOT
from walkthrough.errors import PageError
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import commands_of, content_digest
from walkthrough.page.pages import read_page
from walkthrough.page.reading import read_steps
from walkthrough.page.steps import (
    ApplyDiff,
    CheckImage,
    CompareFragment,
    NotRun,
    RunCommands,
    RunScript,
    WriteFile,
)
from walkthrough.project import Project
from walkthrough.walk.needs import bases_of


@pytest.fixture
def site(tmp_path: Path) -> Project:
    """Return an empty project with the site's Markdown extensions."""
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: x\nmarkdown_extensions: [admonition, attr_list, pymdownx.superfences, pymdownx.tabbed]\n"
    )
    (tmp_path / "docs" / LAB).mkdir(parents=True)
    return Project(tmp_path)


def write(site: Project, text: str, name: str = "page.md") -> Path:
    path = site.docs / LAB / name
    path.write_text(text)
    return path


def problems(site: Project, text: str) -> list[str]:
    path = write(site, text)
    with pytest.raises(PageError) as caught:
        read_steps(read_page(site, path))
    return [f"{problem.where.line}: {problem.what}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: [\n---\n", "3: the front matter is not YAML"),
        ("---\ntitle: a\n", "1: the front matter is opened by '---' but never closed"),
        ("title: a\n\ntext\n", "1: the page opens with 'key: value'"),
        ("---\n- a\n---\n", "2: the front matter is not a mapping"),
        ("---\ntitle: a\ntilte: b\n---\n", "3: front matter 'tilte': nobody knows this key"),
        ("---\nbuilds_on:\n  - 1\n---\n", "3: front matter 'builds_on.0'"),
        ("# Only prose\n", "1: this lab page holds nothing to verify"),
        ('```console norun="no engine here"\n$ ls\n```\n', "1: this lab page holds nothing to verify"),
        ("```rust\nfn main() {}\n```\n", "1: nobody knows what to do with this 'rust' block"),
        ("```\nx\n```\n", "1: this block has no language"),
        ('```text title="a" colour="red"\nx\n```\n', "1: nobody knows the fence option 'colour'"),
        ('```console norun=""\n$ ls\n```\n', "1: the block is marked as not run without a reason"),
        ('```console exit="one"\n$ ls\n```\n', "1: 'exit' must be a whole number"),
        ("```console\nls\n```\n", "2: a console block must begin with a command"),
        ('```text title="../x"\nx\n```\n', "1: the file path '../x' leaves the lab's folder"),
        ('```text title="/etc/x"\nx\n```\n', "1: the file path '/etc/x' leaves the lab's folder"),
        ("```checks\nimage: a\nsize: 5 parsecs\n```\n", "3: check 'size': '5 parsecs' is not a size"),
        ("```checks\nimage: a\nsise: 5 MB\n```\n", "3: check 'sise': nobody knows this key"),
        ("```checks\nimage: a\n```\n", "2: the checks claim nothing"),
        ("```checks\ncontainer: a\nsize: 5 MB\n```\n", "3: check 'size': it is no claim about a container"),
        ("```checks\nimage: a\nstate: running\n```\n", "3: check 'state': it is no claim about an image"),
        ("```checks\nimage: a\nvolume: b\nholds: [/x]\n```\n", "3: the checks are about an image and a volume"),
        ("```checks\ncontainer: a b\nstate: running\n```\n", "2: check 'container'"),
        ("```checks\ncontainer: a\nreplicas: 2\n```\n", "3: check 'replicas': it is no claim about a container"),
        ("```checks\nservice: a\nmemory_limit: 0m\n```\n", "3: check 'memory_limit': '0m' is no limit of memory"),
        ("```checks\ncontainer: a\nreaches: [db]\n```\n", "3: check 'reaches.0'"),
        ("```checks\nimage: a\nhttp:\n  - {path: x}\n```\n", "4: check 'http.0.path'"),
        ("```checks\n- a\n```\n", "2: the checks are not a mapping"),
        ("```checks\nimage: {\n```\n", "the checks are not YAML"),
        ("```console\n$ echo 'a\n```\n", "2: the command is not complete"),
        ("```bash\n# look\n$ ls\n```\n", "3: a bash block is run as a script, in which '$' is no prompt"),
        ("# T\n\nBuild it:\n\n    docker build .\n", "5: this code is shown to readers and never run"),
        ("# T\n\nbell \x07\n", "3: a control character (U+0007)"),
        ("```sh illustration\nls\n```\n", "1: a 'sh' block is what a reader runs, and no illustration"),
        ('```text fragment="../x"\nx\n```\n', "1: the file path '../x' leaves the lab's folder"),
        ('```text title="evidence/index.json"\nx\n```\n', "1: the file path 'evidence/index.json' is kept by 'make'"),
        ('```text title="Evidence/x"\nx\n```\n', "1: the file path 'Evidence/x' is kept by 'make'"),
        ('```text title=".git/config"\nx\n```\n', "1: the file path '.git/config' is kept by 'make'"),
        ('```text title="./README.md"\nx\n```\n', "1: the file path './README.md' is kept by 'make'"),
        ('```text title="."\nx\n```\n', "1: the file path '.' leaves the lab's folder"),
        (f'```text title="{"x" * 101}"\nx\n```\n', "is longer than 100 characters"),
        ("```console stays\n$ a\n```\n\n```console\n$ b\n```\n", "6: a command is still in the foreground"),
        ('```console stays\n$ a\n```\n\n```console terminal="b"\n^C\n```\n', "6: nothing is in the foreground of this"),
        ("```console\n$ a\n^C\n```\n\n```console\n^C\n```\n", "7: nothing is in the foreground of this"),
    ],
)
def test_what_is_wrong_with_a_page_is_said_at_its_line(site: Project, text: str, expected: str) -> None:
    """Each kind of mistake has its message and its line."""
    assert any(expected in problem for problem in problems(site, text)), problems(site, text)


def test_all_problems_of_all_pages_are_reported_at_once(site: Project) -> None:
    """No problem hides another, on the same page or on the next."""
    write(site, '```rust\nx\n```\n\n```text title="/x"\nx\n```\n', "a.md")
    write(site, "---\nnope: 1\n---\n", "b.md")

    course = read_course(site)

    assert [str(problem.where) for problem in course.problems] == [
        f"docs/{LAB}/a.md:1",
        f"docs/{LAB}/a.md:5",
        f"docs/{LAB}/b.md:2",
    ]


def test_a_page_that_is_not_utf8_is_reported_at_its_line(site: Project) -> None:
    """Bytes that are not text are a problem of the page, not a crash."""
    path = site.docs / LAB / "x.md"
    path.write_bytes(b"# a\n\n\xff\n")

    assert [(p.where.line, p.what) for p in read_course(site).problems] == [(3, "this is not UTF-8 text")]


def test_steps_are_what_a_reader_would_do(site: Project) -> None:
    """Every kind of fence becomes its kind of step, in order; illustrations are none."""
    path = write(
        site,
        '```text title="a/b.txt"\nx\n```\n\n```diff title="a/b.txt"\n-x\n+y\n```\n\n'
        "```console\n$ cat <<EOF\n> hello\n> EOF\nhello\n$ true\n```\n\n```bash\nls\n```\n\n"
        '```console norun="needs a cloud"\n$ aws\n```\n\n```text\na picture\n```\n\n'
        "```checks\nimage: a\nsize: 1 MB\n```\n",
    )

    steps = read_steps(read_page(site, path))

    assert [type(step) for step in steps] == [WriteFile, ApplyDiff, RunCommands, RunScript, NotRun, CheckImage]
    commands = steps[2]
    assert isinstance(commands, RunCommands)
    assert [(c.text, c.expected, c.line) for c in commands.commands] == [
        ("cat <<EOF\nhello\nEOF", ("hello",), 11),
        ("true", (), 15),
    ]


def test_prose_line_numbers_and_looks_decide_nothing(site: Project) -> None:
    """The digest of a page changes with what runs, and with nothing else."""
    text = '```text title="a"\nx\n```\n\n```console\n$ ls\na\n```\n'

    def digest(changed: str) -> str:
        write(site, changed)
        return content_digest(read_course(site).itineraries[f"docs/{LAB}/page.md"])

    first = digest(text)
    assert digest("# New heading\n\nNew prose.\n\n" + text) == first
    assert digest(text.replace('title="a"', 'title="a" hl_lines="1"')) == first
    assert digest(text.replace("\nx\n", "\ny\n")) != first
    assert digest(text.replace("$ ls", "$ ls -a")) != first
    assert digest(text.replace("\na\n", "\nb\n")) != first
    assert digest(text.replace("```console", '```console timeout="9"')) != first


def test_a_page_that_builds_on_another_has_its_digest_too(site: Project) -> None:
    """A change of the page below is a change of the page above."""
    write(site, '```text title="a"\nx\n```\n', "low.md")
    write(site, '---\nbuilds_on: [low.md]\n---\n\n```text title="b"\nx\n```\n', "page.md")
    name = f"docs/{LAB}/page.md"
    first = content_digest(read_course(site).itineraries[name])

    write(site, '```text title="a"\ny\n```\n', "low.md")

    assert content_digest(read_course(site).itineraries[name]) != first


def test_what_a_page_below_claims_is_its_own_affair(site: Project) -> None:
    """Another budget there walks that page alone."""
    low, high = (f"docs/{LAB}/{name}.md" for name in ("low", "page"))
    write(site, '---\nbuilds_on: [low.md]\n---\n\n```text title="b"\nx\n```\n', "page.md")

    def digests(budget: str) -> tuple[str, str]:
        write(site, f'```text title="a"\nx\n```\n\n```checks\nimage: i\nsize: {budget}\n```\n', "low.md")
        itineraries = read_course(site).itineraries
        return content_digest(itineraries[low]), content_digest(itineraries[high])

    before, after = digests("1 MB"), digests("2 MB")

    assert before[0] != after[0]
    assert before[1] == after[1]


def test_of_some_pages_a_page_has_the_files_alone(site: Project) -> None:
    """Nothing of such a page is run; but what another foundation runs of it is, wherever it is named."""
    command = "```console\n$ true\n```\n"
    for name, front in (
        ("low", ""),
        ("files", "files_of: [low.md]"),
        ("top", "builds_on: [files.md]"),
        ("both", "builds_on: [low.md]\nfiles_of: [files.md]"),
        ("far", "files_of: [both.md]"),
    ):
        file = f'```text title="{name}"\nx\n```\n\n{command}'
        write(site, f"---\n{front}\n---\n\n{file}" if front else file, f"{name}.md")

    def before(name: str) -> list[tuple[str, int]]:
        return [
            (page.name, len(steps)) for page, steps in read_course(site).itineraries[f"docs/{LAB}/{name}.md"].before
        ]

    assert before("files") == [("low", 1)]
    assert before("top") == [("low", 1), ("files", 2)]
    assert before("both") == [("low", 2), ("files", 1)]
    assert before("far") == [("low", 1), ("files", 1), ("both", 1)]


def test_an_image_that_another_page_makes_is_no_base_image(site: Project) -> None:
    """Where its files alone are here, a Dockerfile that begins with it is there, and is not built."""
    files = "".join(
        f'```dockerfile title="{name}"\nFROM {base}\n```\n\n'
        for name, base in (("Dockerfile", "debian:trixie-slim"), ("Dockerfile.dev", "mine:1"))
    )
    write(site, f"{files}```console\n$ docker build -t mine:1 .\n...\n```\n", "low.md")
    write(site, "---\nfiles_of: [low.md]\n---\n\n```console\n$ true\n```\n", "page.md")

    assert bases_of(read_course(site).itineraries[f"docs/{LAB}/page.md"]) == {"debian:trixie-slim"}


@pytest.mark.parametrize(
    ("front", "says"),
    [
        ("files_of: [gone.md]", "files_of names docs/"),
        ("builds_on: [gone.md]", "missing or broken"),
        ("builds_on: [page.md]", "builds on itself"),
    ],
)
def test_a_page_cannot_build_on_nothing_or_itself(site: Project, front: str, says: str) -> None:
    """A faulty foundation is a problem at the line that names it."""
    write(site, f'---\n{front}\n---\n\n```text title="b"\nx\n```\n')

    found = read_course(site).problems

    assert [problem.where.line for problem in found] == [2]
    assert says in found[0].what


@pytest.mark.parametrize(
    ("key", "menu", "found"),
    [
        ("builds_on", ["low", "page"], []),
        ("builds_on", ["page", "low"], [2]),
        ("builds_on", ["page"], []),
        ("files_of", ["page", "low"], []),
    ],
)
def test_what_a_page_builds_on_stands_above_it_in_the_menu(
    site: Project, key: str, menu: list[str], found: list[int]
) -> None:
    """Readers go from page to page as the menu does, and a walk must be theirs; the menu may leave pages out.

    Files alone they may have of a later page too: the lab's archive holds them.
    """
    pages = [f"{LAB}/{name}.md" for name in menu]
    with (site.root / "mkdocs.yml").open("a") as config:
        config.write(f"nav: [index.md, {{A lab: {pages}}}]\n")
    write(site, '```text title="a"\nx\n```\n', "low.md")
    write(site, f'---\n{key}: [low.md]\n---\n\n```text title="b"\nx\n```\n', "page.md")

    problems = read_course(site).problems

    assert [problem.where.line for problem in problems] == found
    assert all("readers meet later" in problem.what for problem in problems)


def test_two_pages_may_not_show_the_same_file(site: Project) -> None:
    """Nobody could say which of them the committed lab holds."""
    write(site, '```text title="same"\nx\n```\n', "a.md")
    write(site, '```text title="same"\ny\n```\n', "b.md")

    assert "also shown on" in read_course(site).problems[0].what


def test_base_images_and_claims_are_found_where_they_are_named(site: Project) -> None:
    """FROM lines and options; stages, what is printed, and what the page makes itself aside."""
    write(
        site,
        '```dockerfile title="Dockerfile"\nFROM --platform=linux/amd64 golang:1.27-trixie AS build\n'
        "FROM build AS test\nFROM scratch\nCOPY --from=build /a /a\nCOPY --from=busybox:1.37 /b /b\n```\n\n"
        "```console\n$ docker build -t mine .\n$ docker run --name box -p 8080:80 debian:trixie\n"
        "from your folder\n$ docker build - <<EOF\n> FROM alpine:3\n> EOF\n```\n",
    )
    itinerary = read_course(site).itineraries[f"docs/{LAB}/page.md"]

    assert bases_of(itinerary) == {"golang:1.27-trixie", "busybox:1.37", "debian:trixie", "alpine:3"}


@pytest.mark.parametrize(
    ("titles", "says"),
    [
        (["app/file", "app"], "the file 'app/file' lies in 'app', which is a file"),
        (["app", "app/file"], "the file 'app/file' lies in 'app', which is a file"),
        (["Dockerfile", "dockerfile"], "the file 'dockerfile' differs from 'Dockerfile'"),
    ],
)
@pytest.mark.parametrize("pages", [1, 2])
def test_two_files_may_not_stand_in_each_others_way(site: Project, titles: list[str], says: str, pages: int) -> None:
    """On one page or on two: the lab's folder must hold both, on any machine."""
    blocks = [f'```text title="{title}"\nx\n```\n' for title in titles]
    write(site, blocks[0] + ("\n" + blocks[1] if pages == 1 else ""), "a.md")
    if pages == 2:
        write(site, blocks[1], "b.md")

    assert says in read_course(site).problems[0].what


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["setup/verify.md", "setup-verify.md"], "would be one file, setup-verify.json"),
        (["evidence/x.md"], "the folder 'evidence' of a lab is made with the site"),
        (["files/x.md"], "the folder 'files' of a lab is made with the site"),
    ],
)
def test_a_page_may_not_take_the_place_of_another_thing(site: Project, names: list[str], says: str) -> None:
    """Two pages have two records, and what is made with the site has its own folders."""
    for name in names:
        (site.docs / LAB / name).parent.mkdir(exist_ok=True)
        write(site, f"# {name}\n\n```console\n$ true\n```\n", name)

    assert [says in problem.what for problem in read_course(site).problems] == [True]


def test_a_name_of_the_readers_script_is_one_check(site: Project) -> None:
    """Two functions of one name: the second would be asked for both."""
    for image in ("one", "two"):
        write(site, f"# {image}\n\n```checks\nimage: {image}\ncheck: app\nuser: root\n```\n", f"{image}.md")

    (problem,) = read_course(site).problems

    assert (problem.where.path, problem.where.line) == (f"docs/{LAB}/two.md", 3)
    assert f"the other is at docs/{LAB}/one.md:3" in problem.todo


@pytest.mark.parametrize("image", ["a$(touch x)", 'a"b', "a b", "-a", "a'b", "a:b:c", "a;b"])
def test_what_is_no_name_of_an_image_is_told_at_its_line(site: Project, image: str) -> None:
    """It would stand in a script that readers run."""
    write(site, f"```checks\nimage: {json.dumps(image)}\nuser: root\n```\n")

    (problem,) = read_course(site).problems

    assert problem.where.line == 2
    assert "is no name of an image" in problem.what + problem.todo


def test_a_file_may_not_take_the_place_of_a_page(site: Project) -> None:
    """A page in a folder of its own is a file of the lab too."""
    (site.docs / LAB / "setup").mkdir()
    write(site, "```console\n$ true\n```\n", "setup/verify.md")
    write(site, '# P\n\n```text title="setup/verify.md"\nx\n```\n')

    found = read_course(site).problems

    assert "the file 'setup/verify.md' is also shown on" in found[0].what + found[-1].what


def test_a_change_that_does_not_apply_is_told_when_the_page_is_read(site: Project) -> None:
    """At its hunk; and the page that builds on it says so. What a command makes is not known before a walk."""
    low = '```text title="a"\nx\n```\n\n```diff title="a"\n@@ -1 +1 @@\n-gone\n+y\n```\n'
    write(site, low, "low.md")
    write(site, '---\nbuilds_on: [low.md]\n---\n\n```text title="b"\nx\n```\n')
    write(site, '```diff title="made-by-a-command"\n-a\n+b\n```\n', "other.md")

    course = read_course(site)

    assert [(str(problem.where), problem.what[:30]) for problem in course.problems] == [
        (f"docs/{LAB}/low.md:6", "the change does not apply: the"),
        (f"docs/{LAB}/page.md:2", "builds_on names docs/lab-03-mu"),
    ]
    assert list(course.itineraries) == [f"docs/{LAB}/other.md"]


TABS = '=== "Linux"\n\n    {}\n\n=== "macOS"\n\n    {}\n'


def test_alternatives_in_tabs_are_not_both_walked(site: Project) -> None:
    """A reader takes one of them; the others say why they are not run."""
    one, other = (f"```console{{}}\n    $ echo {name} > system\n    ```" for name in ("linux", "mac"))

    assert problems(site, TABS.format(one.format(""), other.format(""))) == [
        "9: this tab is another way to do what is walked in the tab before: nobody does both"
    ]
    why = ' norun="it needs a Mac"'
    for told in ((one.format(""), other.format(why)), (one.format(why), other.format(""))):
        path = write(site, TABS.format(*told))
        assert [type(step) for step in read_steps(read_page(site, path))].count(NotRun) == 1


def test_tabs_that_show_files_are_no_alternatives(site: Project) -> None:
    """A reader takes them all, unless two of them are the same file."""
    one, other, same = (f'```text title="{name}"\n    x\n    ```' for name in ("a", "b", "a"))

    assert len(read_steps(read_page(site, write(site, TABS.format(one, other))))) == 2
    assert "nobody does both" in problems(site, TABS.format(one, same))[0]


def test_a_comment_is_not_walked(site: Project) -> None:
    """A block in it counts nowhere, and without it the page holds nothing."""
    assert problems(site, "<!--\n```console\n$ echo 1 > x\n```\n-->\n") == ["1: this lab page holds nothing to verify"]


def test_illustrations_and_fragments_need_no_excuse(site: Project) -> None:
    """A fragment is a step, compared with its file; an illustration is none."""
    path = write(
        site,
        '```dockerfile fragment="app/Dockerfile"\nCOPY a b\n```\n\n```json illustration\n{}\n```\n\n'
        "```mermaid illustration\ngraph LR\n```\n",
    )

    steps = read_steps(read_page(site, path))

    assert [(type(step), step.title) for step in steps] == [(CompareFragment, "part of app/Dockerfile")]


def test_prose_outside_of_labs_may_indent_its_code(site: Project) -> None:
    """Nothing of it is walked, so nothing is passed over."""
    (site.docs / "about.md").write_text("# About\n\n    indented\n")

    assert read_course(site).problems == ()


def test_every_page_of_the_course_can_be_read() -> None:
    """No page has a problem before it is walked."""
    assert read_course(Project(ROOT)).problems == ()


def test_no_loop_that_waits_is_without_an_end() -> None:
    """What is waited for may never come: a reader gets the prompt back all the same."""
    course = read_course(Project(ROOT))
    commands = [text for one in course.itineraries.values() for step in one.steps for text in commands_of(step)]
    waiting = [text for text in commands if re.search(r"\b(until|while)\b(?! read)[^\n]*;\s*do\b", text)]

    assert len(waiting) >= 8
    assert [text for text in waiting if not re.search(r"\btimeout \d+ bash -c", text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: 2026-13-45\n---\n",
        "---\ntitle: " + "[" * 3000 + "\n---\n",
        "```checks\nimage: a\nlayers: !!int x\n```\n",
    ],
)
def test_values_that_are_none_cost_no_other_page_its_verdict(site: Project, text: str) -> None:
    """YAML's own tags and dates can be wrong in ways that are no fault of its form."""
    write(site, text, "a.md")
    write(site, '```text title="x"\nx\n```\n', "b.md")

    course = read_course(site)

    assert [problem.where.path for problem in course.problems] == [f"docs/{LAB}/a.md"]
    assert "not YAML" in course.problems[0].what
    assert f"docs/{LAB}/b.md" in course.itineraries
