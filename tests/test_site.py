"""The site: built with and without an engine, by MkDocs and by ProperDocs; prose runs nothing, a file its page only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from helpers import FRONT_DOORS, GO_PAGE, INDEX_PAGE, LAB, NO_ENGINE, NOBODY, ROOT, run
from walkthrough.page.course import read_course
from walkthrough.page.itinerary import content_digest
from walkthrough.project import Project
from walkthrough.publish.labfolder import drift_of
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
    assert re.fullmatch(r"error: no Docker engine answers .*; install Docker .*\n", done.stdout), done.stdout


@pytest.mark.usefixtures("engine")
def test_prose_runs_nothing_and_a_file_runs_its_page_only(project: Path) -> None:
    """The first run of the copy fills the memory; then edits are made one by one."""
    assert run(project, *FRONT_DOORS["verify"]).returncode == 0
    page, index = project / GO_PAGE, project / INDEX_PAGE

    page.write_text(page.read_text().replace("# Exercise 1: Go application", "# Exercise 1\n\nMore prose."))
    prose = run(project, *FRONT_DOORS["verify"])
    assert prose.returncode == 0
    assert "nothing was walked" in prose.stdout
    assert "walking" not in prose.stdout

    index.write_text(index.read_text() + '\n```text title="setup/new.txt"\nx\n```\n')
    page.write_text(page.read_text().replace("  - index.md\n", "  - index.md\n"))
    changed = run(project, *FRONT_DOORS["verify"], INDEX_PAGE)
    assert changed.returncode == 0, changed.stdout
    assert f"{INDEX_PAGE}: walking" in changed.stdout
    assert f"{GO_PAGE}: walking" not in changed.stdout
    assert (project / f"labs/{LAB}/setup/new.txt").read_text() == "x\n"


@pytest.mark.usefixtures("engine")
def test_the_published_text_is_the_text_that_was_built(project: Path) -> None:
    """Every file of the page stands on the published page byte for byte; ProperDocs publishes the same."""
    assert run(project, *FRONT_DOORS["mkdocs"]).returncode == 0
    with_mkdocs = soup(project / f"site/{LAB}/go-app.html")
    blocks = {}
    for block in with_mkdocs.select("div.highlight"):
        name = block.select_one("span.filename")
        code = block.select_one("pre code")
        if name and code:
            blocks[name.get_text()] = code.get_text()
    for path in ("main.go", "main_test.go", "go.mod", ".dockerignore", "Dockerfile", "Dockerfile.distroless"):
        assert blocks[f"go-app/{path}"] == (project / f"labs/{LAB}/go-app/{path}").read_text(), path
    copied = [block["data-copy"] for block in with_mkdocs.select("[data-copy]")]
    assert "docker build -t go-app:naive ." in str(copied[1])
    assert not any(line.startswith("$ ") for text in copied for line in str(text).splitlines())

    done = run(project, "properdocs", "build", "--strict", "-f", "mkdocs.yml", "-d", "site2")

    assert done.returncode == 0, done.stdout
    without = run(project, *FRONT_DOORS["mkdocs"], "-d", "site3", prefix=NOBODY, **NO_ENGINE)
    assert without.returncode == 0, without.stdout
    for page in (f"{LAB}/go-app", f"{LAB}/evidence/go-app", "status"):
        ours, theirs, offline = (
            soup(project / site / f"{page}.html").select_one("article") for site in ("site", "site2", "site3")
        )
        assert ours is not None
        assert theirs is not None
        assert offline is not None
        assert theirs.get_text() == ours.get_text()
        assert offline.get_text() == ours.get_text()
