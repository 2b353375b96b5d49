"""What is read from a page is what the site renders, line by line."""

from __future__ import annotations

import re

import markdown
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import ROOT
from walkthrough.page.fences import Fence, Stray, read_fences
from walkthrough.project import Project

EXTENSIONS, OPTIONS = Project(ROOT).markdown_extensions

NESTED = """\
# Title

=== "One"

    ```console title="a"
    $ echo one

      indented
    ```

=== "Two"

    !!! note

        ```go title="x/main.go" hl_lines="1"
        package main
        \tx := 1
        ```

- item

    ```python
    print(1)
    ```

> ```text
> quoted
> ```

1. first

    ~~~yaml title="y"
    a: 1
    ~~~

````markdown
```inner
not a fence of the page
```
````

```{ .bash norun="not here" }
ls
```
"""


def read(text: str, first_line: int = 1) -> tuple[list[Fence], list[Stray]]:
    return read_fences(text, EXTENSIONS, OPTIONS, first_line)


def test_fences_in_every_surrounding_are_found_at_their_lines() -> None:
    """Tabs, admonitions, lists, quotes and longer fences: language and lines are those of the file."""
    fences, strays = read(NESTED)

    lines = NESTED.split("\n")
    assert [(fence.language, fence.line) for fence in fences] == [
        ("console", 5),
        ("go", 15),
        ("python", 22),
        ("text", 26),
        ("yaml", 32),
        ("markdown", 36),
        ("bash", 42),
    ]
    assert all(re.search(r"```|~~~", lines[fence.line - 1]) for fence in fences)
    assert all(lines[fence.last - 1].strip(" >") in ("```", "~~~", "````") for fence in fences)
    assert strays == []


def test_the_text_of_a_fence_is_what_the_site_shows() -> None:
    """The text is dedented and has its tabs as superfences leaves them."""
    fences, _ = read(NESTED)
    html = markdown.markdown(NESTED, extensions=EXTENSIONS, extension_configs=OPTIONS)

    shown = [code.get_text() for code in BeautifulSoup(html, "html.parser").select("pre code")]
    assert [fence.text for fence in fences[:6]] == shown[:6]


def test_lines_count_from_the_start_of_the_file() -> None:
    """Front matter above the text moves every line."""
    fences, _ = read("```text\nx\n```\n", first_line=10)

    assert (fences[0].line, fences[0].first_text_line, fences[0].last) == (10, 11, 12)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("text\n\n```console\n$ ls\n", 3),
        ("```console title='x' ??\n$ ls\n```\n", 1),
        ("para\n\n        ```text\n        x\n        ```\n", 3),
    ],
)
def test_what_only_looks_like_a_fence_is_reported(text: str, line: int) -> None:
    """An unclosed fence, a malformed header, a fence in an indented code block: none passes in silence."""
    _, strays = read(text)

    assert strays[0].line == line


_WORDS = st.text(alphabet="abc $#.-=\"'", max_size=12).map(lambda line: line.strip() or "x")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "    "]), st.lists(_WORDS, min_size=1, max_size=4)), max_size=4))
def test_any_page_reads_back_as_it_was_written(blocks: list[tuple[str, list[str]]]) -> None:
    """For any mix of plain and nested fences: as many as were written, with their text, at their lines."""
    lines: list[str] = []
    expected = []
    for indent, body in blocks:
        lines += ["", "!!! note", ""] if indent else ["", "paragraph", ""]
        expected.append((len(lines) + 1, "\n".join(body) + "\n"))
        lines += [f"{indent}```text", *(indent + line for line in body), f"{indent}```"]

    fences, strays = read("\n".join(lines) + "\n")

    assert [(fence.line, fence.text) for fence in fences] == expected
    assert strays == []


def test_tabs_survive_wherever_a_fence_stands() -> None:
    """In lists, tabs and quotes, at the start of a line and inside it; blank lines at both ends are of the text."""
    text = (
        "- item\n\n    ```makefile\n\n    image:\n    \t@echo a\tb\n\n    ```\n\n> ```text\n> \tquoted\tx\n> ```\n\n"
        '=== "One"\n\n\t```c\n\tint\tx;\n\t\ty();\n\t```\n\n```text\n```\n\n```text\n\ta\n   \n```\n'
    )

    fences, strays = read(text)

    assert strays == []
    assert [fence.text for fence in fences] == [
        "\nimage:\n\t@echo a\tb\n\n",
        "\tquoted\tx\n",
        "int\tx;\n\ty();\n",
        "",
        "\ta\n   \n",
    ]
    lines = text.split("\n")
    assert all(re.search("```[a-z]", lines[fence.line - 1]) for fence in fences)
    assert all(lines[fence.last - 1].strip("\t >") == "```" for fence in fences)


def test_a_fence_in_a_comment_is_not_there() -> None:
    """No reader sees it; the others keep their numbers, by which the site knows them."""
    fences, strays = read("<!--\n```text\na\n```\n-->\n\n```text\nb <!-- c -->\n```\n\n`<!--` and\n\n```text\nd\n```\n")

    assert [(fence.number, fence.text) for fence in fences] == [(1, "b <!-- c -->\n"), (2, "d\n")]
    assert strays == []


@pytest.mark.parametrize(
    "around",
    [
        "<template markdown>\n\n{}\n\n</template>\n",
        '<div hidden markdown="1">\n\n{}\n\n</div>\n',
        '<div style="color: red; display: none" markdown="1">\n\n{}\n\n</div>\n',
    ],
)
def test_a_fence_that_is_hidden_is_reported(around: str) -> None:
    """What readers do not see must not be walked in silence."""
    _, strays = read(around.format("```text\na\n```"))

    assert [(stray.line, "not shown as a block" in stray.what) for stray in strays] == [(3, True)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# T\n\nBuild it:\n\n    docker build .\n", 5),
        ("# T\n\n\tdocker build .\n", 3),
        ("- item\n\n        docker build .\n", 3),
        ("# T\n\n<pre>\ndocker build .\n</pre>\n", 3),
        ("# T\n\n`<pre>` is an element.\n\n<div><PRE><code>docker build .</code></PRE></div>\n", 5),
        ("# T\n\n```text\n    docker build .\n```\n\n    docker build .\n", 7),
    ],
)
def test_code_outside_of_a_fence_is_reported_where_blocks_are_walked(text: str, line: int) -> None:
    """Indented or in <pre>, it looks like a block to readers, and nobody would ever run it."""
    _, strays = read(text)

    assert [(stray.line, stray.of_labs) for stray in strays] == [(line, True)]


def test_indented_text_that_is_no_code_is_prose() -> None:
    """What continues an item, a note or a tab is indented, too."""
    _, strays = read(
        '- item\n\n    goes on\n\n!!! note\n\n    text `<pre>`\n\n=== "A"\n\n    text <!-- <pre>\n    x -->\n'
    )

    assert strays == []


def test_the_tabs_around_a_fence_are_known() -> None:
    """Groups and tabs by number, nested ones too."""
    text = '=== "A"\n\n    ```text\n    a\n    ```\n\n=== "B"\n\n'
    text += '    === "C"\n\n        ```text\n        c\n        ```\n\n'

    fences, _ = read(text + 'para\n\n=== "D"\n\n    ```text\n    d\n    ```\n\n```text\ne\n```\n')

    assert [fence.tabs for fence in fences] == [((0, 1),), ((0, 2), (1, 1)), ((2, 1),), ()]
