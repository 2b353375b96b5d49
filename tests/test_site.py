"""The site: built with and without an engine, by MkDocs and by ProperDocs; prose runs nothing, a file its page only."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from helpers import FRONT_DOORS, GO_PAGE, LAB, NO_ENGINE, NOBODY, ROOT, honest_page, run, small_project
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import content_digest
from walkthrough.project import Project
from walkthrough.publish.changes import changes
from walkthrough.publish.command import changing
from walkthrough.publish.labfolder import drift_of, write_lab
from walkthrough.record.evidence import read_record, whole_coverage


def soup(page: Path) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(), "html.parser")


def test_every_committed_record_and_lab_file_fits_its_page() -> None:
    """What is committed is what the pages say now."""
    project = Project(ROOT)
    course = read_course(project)

    assert course.problems == ()
    assert drift_of(course) == []
    for itinerary in course.itineraries.values():
        record = read_record(project, itinerary.page)
        assert record is not None
        assert record.content == content_digest(itinerary), itinerary.page.path


def test_lab_03_is_verified_whole() -> None:
    """All its files and claims, and 95 % of its commands: those that are not run say why on the page."""
    project = Project(ROOT)
    pages = [itinerary.page for itinerary in read_course(project).itineraries.values()]
    records = [read_record(project, page) for page in pages if page.lab == LAB]
    whole = whole_coverage(record.coverage for record in records if record)

    assert whole.files_verified == whole.files > 0
    assert whole.claims_verified == whole.claims > 0
    assert whole.commands_verified >= 0.95 * whole.commands


def test_without_an_engine_the_site_is_built_from_the_records(project: Path) -> None:
    """No socket, not root: the site is there, and the log says what each page's record is worth."""
    done = run(project, *FRONT_DOORS["mkdocs"], prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 0, done.stdout
    assert f"{GO_PAGE}: published from its record of" in done.stdout
    claims = soup(project / f"site/{LAB}/go-app.html").select(".walk-claims td")
    assert "✓ holds" in [cell.get_text() for cell in claims]


def test_claims_that_hold_are_folded_but_for_those_that_the_text_tells(project: Path) -> None:
    """Where the page is not verified, all are shown: nothing that may be wrong is behind a fold."""

    def tables() -> list[tuple[list[str], list[str], str]]:
        """Return of each image the claims that are seen, those that are folded, and the words on the fold."""
        built = run(project, *FRONT_DOORS["mkdocs"], prefix=NOBODY, **NO_ENGINE)
        assert built.returncode == 0, built.stdout
        found = []
        for table in soup(project / f"site/{LAB}/go-app.html").select(".walk-claims"):
            rows = [[str(row.td.get_text()) for row in part.select("tr") if row.td] for part in table.select("tbody")]
            fold = table.select_one("details")
            folded = rows.pop() if fold else []
            found.append((rows[0] if rows else [], folded, fold.summary.get_text() if fold and fold.summary else ""))
        return found

    shown, folded, words = zip(*tables(), strict=True)
    assert any("size, uncompressed" in claim for claim in shown[0])  # the text tells it
    assert words[0] == f"✓ {len(folded[0])} more claims about go-app:naive hold"
    assert all(words[at].startswith("✓ All ") for at, seen in enumerate(shown) if not seen)
    every = [sorted([*seen, *behind]) for seen, behind in zip(shown, folded, strict=True)]

    page = project / GO_PAGE
    page.write_text(page.read_text().replace("FROM golang:1.27-trixie\n", "FROM golang:1.27-trixie AS other\n", 1))
    write_lab(Project(project), read_course(Project(project)).itineraries[GO_PAGE])

    assert [(sorted(seen), behind) for seen, behind, _ in tables()] == [(claims, []) for claims in every]


def test_a_change_is_shown_with_how_it_is_made_and_what_comes_of_it(project: Path) -> None:
    """The whole file is folded below it, blank lines and all, in its own language."""
    page = read_course(Project(project)).itineraries[GO_PAGE]

    done = run(project, *FRONT_DOORS["mkdocs"], prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 0, done.stdout
    shown = soup(project / f"site/{LAB}/go-app.html")
    wanted = list(changes(page).values())
    assert len(wanted) > 1
    folded = shown.select("details.walk-changed")
    assert [code.get_text() for block in folded for code in block.select("pre code")] == [one.after for one in wanted]
    dockerfiles = [block for block, one in zip(folded, wanted, strict=True) if one.language == "dockerfile"]
    assert {str(block.select("span.k")[0].get_text()) for block in dockerfiles} <= {"FROM", "ARG"} != set()
    patches = [str(block["data-command"]) for block in shown.select("[data-command]:not([data-command-end])")]
    assert patches == [changing(LAB, one.path, one.before, one.after).of("") for one in wanted]
    told = [str(note.get_text()) for note in shown.select(".walk-note") if "A change to" in note.get_text()]
    assert len(told) == len(wanted)
    assert all(one.path in words for one, words in zip(wanted, told, strict=True))


def test_without_an_engine_a_changed_page_is_published_as_not_verified(project: Path) -> None:
    """Never silently: the page and the log say it."""
    page = project / GO_PAGE
    page.write_text(page.read_text().replace("size: 6.6 MB", "size: 6.7 MB"))

    done = run(project, *FRONT_DOORS["mkdocs"], prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 0, done.stdout
    assert f"{GO_PAGE}: published as not verified, it changed after its record" in done.stdout
    evidence = soup(project / f"site/{LAB}/go-app.html").select_one(".walk-evidence")
    assert evidence is not None
    assert "This page is not verified" in evidence.get_text()
    assert "✓ holds" not in (project / f"site/{LAB}/go-app.html").read_text()
    assert "The page changed after this walk." in (project / f"site/{LAB}/evidence/go-app.html").read_text()


def test_a_page_that_was_never_walked_says_so_everywhere(project: Path) -> None:
    """On the page, on its evidence page, and in the status of the course; its figures are not invented."""
    (project / f"labs/{LAB}/evidence/go-app.json").unlink()

    done = run(project, *FRONT_DOORS["mkdocs"], prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 0, done.stdout
    page = soup(project / f"site/{LAB}/go-app.html")
    line = page.select_one(".walk-line")
    assert line is not None
    assert "it has never been walked" in line.get_text()
    assert "not measured yet" in page.get_text()
    assert "there is nothing to show" in soup(project / f"site/{LAB}/evidence/go-app.html").get_text()
    row = next(row for row in soup(project / "site/status.html").select("tbody tr") if "Go" in row.get_text())
    assert [cell.get_text() for cell in row.select("td")][:2] == ["unknown", "never"]


def test_without_an_engine_verify_says_what_is_missing(project: Path) -> None:
    """One sentence: what is missing and how to get it."""
    done = run(project, *FRONT_DOORS["verify"], prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 2
    said = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"error: no Docker engine answers .*; install Docker .*", said), done.stdout


SMALL = """\
# One of two

```text title="{name}/a.txt"
{marker}
```

```console
$ cat docker-labs/lab-01-small/{name}/a.txt
{marker}
```
"""


@pytest.mark.usefixtures("engine")
def test_prose_runs_nothing_and_a_file_runs_its_page_only(tmp_path: Path) -> None:
    """The first run fills the memory; then edits are made one by one, and every page could be walked."""
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    for name in ("one", "two"):
        project = small_project(tmp_path / "p", SMALL.format(name=name, marker=first), name)
    page = project / "docs/lab-01-small/one.md"
    before = run(project, *FRONT_DOORS["verify"])
    assert before.returncode == 0, before.stdout
    assert walked_in(before.stdout) == {"docs/lab-01-small/one.md", "docs/lab-01-small/two.md"}

    page.write_text(page.read_text().replace("# One of two", "# The first\n\nMore prose."))
    prose = run(project, *FRONT_DOORS["verify"])
    assert prose.returncode == 0
    assert "nothing was walked" in prose.stdout
    assert walked_in(prose.stdout) == set()

    page.write_text(page.read_text().replace(first, second))
    changed = run(project, *FRONT_DOORS["verify"])
    assert changed.returncode == 0, changed.stdout
    assert walked_in(changed.stdout) == {"docs/lab-01-small/one.md"}
    assert (project / "labs/lab-01-small/one/a.txt").read_text() == f"{second}\n"
    assert (project / "labs/lab-01-small/two/a.txt").read_text() == f"{first}\n"


def walked_in(said: str) -> set[str]:
    """Return the pages that a run says it walked."""
    return set(re.findall(r"(\S+): walking", said))


@pytest.mark.usefixtures("engine")
def test_the_published_text_is_the_text_that_was_built(tmp_path: Path) -> None:
    """Every file stands on the page byte for byte; ProperDocs, and a build without an engine, publish the same."""
    project = small_project(tmp_path / "p", honest_page("published"))
    (project / "docs/status.md").write_text("# Status\n")
    built = run(project, *FRONT_DOORS["mkdocs"])
    assert built.returncode == 0, built.stdout
    shown = soup(project / "site/lab-01-small/page.html")
    files = {}
    for block in shown.select("div.highlight"):
        name = block.select_one("span.filename")
        code = block.select_one("pre code")
        if name and code:
            files[name.get_text()] = code.get_text()
    lab = project / "labs/lab-01-small"
    assert files == {
        f"published/{name}": (lab / "published" / name).read_text() for name in ("index.html", "Dockerfile")
    }
    copied = [str(block["data-copy"]) for block in shown.select("[data-copy]")]
    assert "docker build -q -t published ." in copied[0]
    assert not any(line.startswith("$ ") for text in copied for line in text.splitlines())
    around = [(str(block["data-command"]), str(block["data-command-end"])) for block in shown.select("[data-command]")]
    assert [before.split()[2] for before, _ in around] == ["~/docker-labs/lab-01-small/published"] * 2
    assert {end for _, end in around} == {"EOF"}

    done = run(project, "properdocs", "build", "--strict", "-f", "mkdocs.yml", "-d", "site2")
    assert done.returncode == 0, done.stdout
    offline = run(project, *FRONT_DOORS["mkdocs"], "-d", "site3", prefix=NOBODY, **NO_ENGINE)
    assert offline.returncode == 0, offline.stdout
    for page in ("lab-01-small/page", "lab-01-small/evidence/page", "status"):
        texts = [soup(project / site / f"{page}.html").select_one("article") for site in ("site", "site2", "site3")]
        ours, theirs, without = (text and text.get_text() for text in texts)
        assert ours
        assert theirs == ours
        assert without == ours


ADDRESSES = """\
# Small

```text title="note.txt"
a note
```

```console norun="nobody is there"
$ git clone THE_REPOSITORY
$ curl -O THE_SITE/lab.tar.gz
```

[Open it elsewhere](THE_CODESPACE): it needs an account.

The end.
"""


@pytest.mark.parametrize(
    ("settings", "shown", "offered"),
    [
        ("", ("git clone THE_REPOSITORY", "curl -O THE_SITE/lab.tar.gz"), None),
        (
            "site_url: https://labs.example/course/\nrepo_url: https://github.com/labs/course\n",
            ("git clone https://github.com/labs/course", "curl -O https://labs.example/course/lab.tar.gz"),
            "https://codespaces.new/labs/course",
        ),
        (
            "repo_url: https://forge.example/a&b/\n",
            ("git clone https://forge.example/a&b", "curl -O THE_SITE/lab.tar.gz"),
            None,
        ),
    ],
)
def test_the_course_s_addresses_are_settings(
    tmp_path: Path, settings: str, shown: tuple[str, str], offered: str | None
) -> None:
    """Without them the reader fills them in, and nothing is offered that leads nowhere."""
    project = small_project(tmp_path / "p", ADDRESSES)
    config = project / "mkdocs.yml"
    config.write_text(settings + config.read_text())

    done = run(project, *FRONT_DOORS["mkdocs"][:-1], "-q", prefix=NOBODY, **NO_ENGINE)

    assert done.returncode == 0, done.stdout
    page = soup(project / "site/lab-01-small/page.html")
    for command in shown:
        assert command in page.article.get_text() if page.article else False
    links = [str(link["href"]) for link in page.select("article a") if "elsewhere" in link.get_text()]
    assert links == ([offered] if offered else [])
    assert "The end." in page.get_text()


def test_what_the_front_page_downloads_is_there(site: Path) -> None:
    """Each lab's archive and checksum are where its commands look for them."""
    text = (ROOT / "docs/index.md").read_text()
    for name in re.findall(r"THE_SITE/(\S+?)[\"\s]", text):
        for lab in (path.name for path in (ROOT / "docs").glob("lab-*") if path.name != "lab-00-authoring"):
            assert (site / name.replace("$lab", lab)).is_file(), name
    assert text.count("THE_SITE/") == 2
