"""What a stuck reader types is found: each trouble stands in the search index, in the section that mends it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from helpers import LAB, ROOT
from walkthrough.page.course import read_course
from walkthrough.page.steps import RunCommands
from walkthrough.project import Project

BUILDS, ELSEWHERE = f"{LAB}/troubleshooting.html", f"{LAB}/troubleshooting-elsewhere.html"
REGISTRY = "lab-02-building-images/registry.html"
TROUBLES = [
    ("libc.so.6: version `GLIBC_2.38' not found", f"{ELSEWHERE}#glibc_238-not-found"),
    ("GLIBC_2.34", f"{ELSEWHERE}#glibc_238-not-found"),
    ("exec /entrypoint.sh: no such file or directory", f"{ELSEWHERE}#a-script-with-windows-line-ends"),
    ("bad interpreter", f"{ELSEWHERE}#a-script-with-windows-line-ends"),
    ("CRLF", f"{ELSEWHERE}#a-script-with-windows-line-ends"),
    ("ModuleNotFoundError: No module named", f"{ELSEWHERE}#modulenotfounderror-after-a-copy"),
    ("x509: certificate signed by unknown authority", f"{ELSEWHERE}#what-scratch-does-not-have"),
    ("unknown time zone", f"{ELSEWHERE}#what-scratch-does-not-have"),
    ("open /tmp/", f"{ELSEWHERE}#what-scratch-does-not-have"),
    ("listen tcp :80: bind: permission denied", f"{ELSEWHERE}#port-80-without-root"),
    ("ip_unprivileged_port_start", f"{ELSEWHERE}#port-80-without-root"),
    ("invalid user index: -1", f"{ELSEWHERE}#copy-chown-with-a-name"),
    ("can't find uid for user", f"{ELSEWHERE}#copy-chown-with-a-name"),
    ("--cache-to", f"{ELSEWHERE}#a-cache-mount-is-empty-in-ci"),
    ("Cache export is not supported for the docker driver", f"{ELSEWHERE}#a-cache-mount-is-empty-in-ci"),
    (".dockerignore", f"{ELSEWHERE}#ignored-and-copied-all-the-same"),
    ("COPY --from", f"{ELSEWHERE}#ignored-and-copied-all-the-same"),
    ("Received fatal alert: handshake_failure", f"{ELSEWHERE}#a-jlink-runtime-without-tls"),
    ("docker history", f"{BUILDS}#a-password-is-in-the-image"),
    ("x509: certificate signed by unknown authority", f"{REGISTRY}#step-4-certificate-signed-by-unknown-authority"),
]


@pytest.fixture(scope="module")
def sections(site: Path) -> dict[str, str]:
    """Return the text of each section by its address, as the search knows it."""
    index = json.loads((site / "search/search_index.json").read_text())
    return {entry["location"]: f"{entry['title']} {_plain(entry['text'])}" for entry in index["docs"]}


def _plain(html: str) -> str:
    return re.sub(r"\s+", " ", BeautifulSoup(html, "html.parser").get_text())


@pytest.mark.parametrize(("words", "where"), TROUBLES)
def test_a_message_leads_to_its_mend(sections: dict[str, str], words: str, where: str) -> None:
    """The words stand in the section that mends what they tell of."""
    assert where in sections, f"no section {where}"
    assert words in sections[where]
    assert "Mend:" in sections[where]


@pytest.mark.parametrize("page", [BUILDS, ELSEWHERE])
def test_each_trouble_has_a_row_in_the_table_of_its_page(site: Path, page: str) -> None:
    """In the order of the page, so that a link to one trouble can be sent to somebody."""
    soup = BeautifulSoup((site / page).read_text(), "html.parser")
    table = soup.select_one("article table")
    assert table is not None
    assert [link["href"] for link in table.select("tbody a")] == [
        f"#{head['id']}" for head in soup.select("article h2")
    ]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"docker( image)? save[^|]*\|\s*grep", "layers may be packed, and then nothing is ever found"),
        (r"docker [^|]*\|\s*(head|grep -\w*[qm])", "docker complains of a broken pipe when nobody reads to the end"),
    ],
)
def test_no_command_looks_at_docker_in_a_way_that_misleads(pattern: str, why: str) -> None:
    """What would be an empty proof, or would fail now and then."""
    misleading = [
        f"{itinerary.page.path}:{command.line}: {why}"
        for itinerary in read_course(Project(ROOT)).itineraries.values()
        for step in itinerary.steps
        if isinstance(step, RunCommands)
        for command in step.commands
        if re.search(pattern, re.sub(r"'[^']*'", "''", command.text))  # a pipe in quotes is none of this shell
    ]
    assert misleading == []
