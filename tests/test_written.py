"""Parts of pages that are written from elsewhere: drift is told at its line, and mended without touching the rest."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from helpers import small_project
from walkthrough.claims import guide
from walkthrough.page import written
from walkthrough.page.course import read_course
from walkthrough.project import Project

PAGE = """\
# Claims

<!-- claims -->

| Claim | What is measured |
| --- | --- |
| `beauty` | how it looks |

<!-- end of claims -->

```text title="x"
x
```
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_table_that_is_not_the_claims_is_told_and_written_anew(tmp_path: Path, end: str, mark: bytes) -> None:
    """Line ends and byte order mark stay, and so does all around it."""
    project = Project(small_project(tmp_path, "", "page"))
    page = tmp_path / "docs/lab-01-small/page.md"
    page.write_bytes(mark + PAGE.replace("\n", end).encode())
    course = read_course(project)
    assert [str(problem.where) for problem in course.problems] == ["docs/lab-01-small/page.md:3"]
    assert "the table of claims is not up to date" in course.problems[0].what

    assert written.rewrite(project, course.itineraries) == ["docs/lab-01-small/page.md"]

    before, _, after = PAGE.partition("| Claim |")[0], "", PAGE.partition("how it looks |\n")[2]
    expected = (before + guide.table() + "\n" + after).replace("\n", end).encode()
    assert page.read_bytes() == mark + expected
    assert read_course(project).problems == ()
    assert written.rewrite(project, read_course(project).itineraries) == []


def test_a_table_without_an_end_is_told_and_gets_one(tmp_path: Path) -> None:
    """Blanks around the marks are layout, and a mark inside a file is the file's."""
    project = Project(small_project(tmp_path, "", "page"))
    page = tmp_path / "docs/lab-01-small/page.md"
    file = '```html title="a.html"\n<!-- claims -->\nmine\n<!-- end of claims -->\n```\n'
    page.write_text("<!-- claims -->\n\n" + file)
    assert len(read_course(project).problems) == 1

    written.rewrite(project, read_course(project).itineraries)

    assert page.read_text().endswith(file)
    assert guide.table() in page.read_text()
    assert read_course(project).problems == ()
    page.write_text(page.read_text().replace("<!-- end of claims -->\n\n```", " <!-- end of claims --> \n\n```"))
    assert read_course(project).problems == ()
