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
