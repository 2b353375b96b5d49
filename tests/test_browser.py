"""The published site in a real browser: copies, search, progress, axe, phone, no network beyond its own origin."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlparse

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, Response, ViewportSize, expect

from browser import BLOCKS, OPEN_ALL, SITE_IN_BROWSER, Chromium, chromium, html_of, network_of, served
from helpers import AUTHORING, LAB, ROOT, built_site, published
from walkthrough.doors.due import changed
from walkthrough.machine.engine import Engine
from walkthrough.machine.provision import provided
from walkthrough.observe.containers import wait_for
from walkthrough.page.course import Course, read_course
from walkthrough.page.itinerary import Itinerary
from walkthrough.page.steps import RunCommands, WriteFile
from walkthrough.project import Project, state_folder
from walkthrough.publish.changes import changes
from walkthrough.publish.command import changing

ARTEFACTS = ROOT / "test-artefacts"
BUDGET = 300_000
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}
PICTURED = ("index", "go-app", "troubleshooting")
NO_COLOURS = "{'color-contrast': {enabled: false}, 'link-in-text-block': {enabled: false}}"
"""All but the rules on colours that axe has for everybody: these take four fifths of its time."""
expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong

COPY = """async (blocks) => {
    const copied = blocks.map(() => []);
    for (const [index, block] of blocks.entries()) {
        for (const button of block.querySelectorAll("button[data-md-type=copy]")) {
            button.click();
            copied[index].push(await navigator.clipboard.readText());
        }
    }
    return copied;
}"""
"""Returns for each block what each button that copies it has copied."""
OPEN_TAB = """block => {
    for (let tab = block.closest(".tabbed-block"); tab; tab = tab.parentElement.closest(".tabbed-block")) {
        const number = [...tab.parentElement.children].indexOf(tab);
        tab.closest(".tabbed-set").querySelectorAll(":scope > .tabbed-labels > label")[number].click();
    }
}"""
"""Shows the tab that a block is in, and the tabs around that."""


@pytest.fixture(scope="module")
def course() -> Course:
    return read_course(Project(ROOT))


@pytest.fixture(scope="module")
def web(engine: Engine, debian: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Yield a browser; this thread stays in the engine's network meanwhile."""
    assert debian
    with network_of(engine), chromium(engine, tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="module")
def address(web: Chromium, site: Path) -> Iterator[str]:
    assert web
    with served(site) as where:
        yield where


@pytest.fixture
def page(web: Chromium, address: str) -> Iterator[Page]:
    """Yield a fresh page that fails the test if it asks another origin, or complains."""
    with watched(web.browser, address, viewport=DESK) as fresh:
        yield fresh


@contextlib.contextmanager
def watched(browser: Browser, origin: str, **options: Any) -> Iterator[Page]:
    """Yield a page of a new context; in the end nothing may have gone elsewhere, nothing may have gone wrong."""
    with contextlib.closing(browser.new_context(**options)) as context:
        page = context.new_page()
        complaints = complaints_of(page, origin)
        yield page
    assert complaints == []


def complaints_of(page: Page, origin: str) -> list[str]:
    """Return the list that is filled with what the page asks elsewhere, and with what goes wrong in it."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(_said(message)) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: None if _left(request) else complaints.append(f"failed: {request.url}"))
    own = (origin, "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own) else complaints.append(request.url))
    return complaints


def _said(message: Any) -> str:
    return f"{message.location.get('url', '')}: {message.text}"


def _left(request: Any) -> bool:
    """Whether a request ended because the reader went to another page."""
    return "ERR_ABORTED" in str(request.failure)


@dataclass(frozen=True)
class Opened:
    """What was seen of a page that was opened with an empty cache, folded parts and all."""

    complaints: list[str]
    policies: int
    """Content security policies in its head."""
    weights: dict[str, int]
    """Bytes over the wire (gzip level 6) by address, images aside, search index included."""
    violations: list[str]
    """What axe finds, in light and in dark."""
    phone: int
    """Its width in pixels on a phone."""


@pytest.fixture(scope="module")
def looked_at(course: Course, request: pytest.FixtureRequest) -> set[str]:
    """Return the paths of the lab pages that are looked at, of each lab at least its first page and its fullest.

    And those that changed since they were recorded: a page of prose and blocks like others breaks nothing by itself.
    """
    if request.config.getoption("--every-page"):
        return set(course.itineraries)
    labs: dict[str | None, list[str]] = {}
    for path, itinerary in course.itineraries.items():
        labs.setdefault(itinerary.page.lab, []).append(path)
    first = {path for path in course.itineraries if path.endswith("/index.md")}
    fullest = {max(paths, key=lambda path: len(course.pages[path].fences)) for paths in labs.values()}
    return first | fullest | changed(course)


@pytest.fixture(scope="module")
def opened(web: Chromium, address: str, site: Path, looked_at: set[str]) -> dict[str, Opened]:
    """Open pages of the site once: what they ask, weigh, say, what axe finds, each a test's own question.

    Those of no lab are all opened. Of the evidence, which one template draws from the records, one page of each lab.
    """
    known: dict[str, list[str]] = {"light": [], "dark": []}
    evidence = {name.partition("/")[0]: name for name in pages_of(site) if "/evidence/" in name}
    left_out = {*lab_pages(site)} - {html_of(path) for path in looked_at}
    opened = [name for name in pages_of(site) if "/evidence/" not in name or name in evidence.values()]
    return {name: _opened(web.browser, address, name, known) for name in opened if name not in left_out}


def _opened(browser: Browser, address: str, name: str, known: dict[str, list[str]]) -> Opened:
    """Open a page; ``known`` are the kinds of texts whose colours were asked for on pages before, by scheme."""
    answers: list[Response] = []

    def keep(answer: Response) -> None:  # playwright takes no method of a list
        answers.append(answer)

    # The policy is in force in all other tests; here axe's own script would be refused.
    with contextlib.closing(browser.new_context(viewport=DESK, color_scheme="light", bypass_csp=True)) as context:
        page = context.new_page()
        complaints = complaints_of(page, address)
        page.on("response", keep)
        page.goto(f"{address}/{name}", wait_until="networkidle")
        weights = {
            answer.url: len(gzip.compress(answer.body(), 6))
            for answer in answers
            if answer.request.resource_type != "image"
        }
        policies = page.locator("meta[http-equiv=Content-Security-Policy]").count()
        page.evaluate(OPEN_ALL)
        violations = [*_violations(page, known)]
        page.set_viewport_size(PHONE)
        phone = page.evaluate("document.documentElement.scrollWidth")
        return Opened(complaints, policies, weights, violations, phone)


def _violations(page: Page, known: dict[str, list[str]]) -> Iterator[str]:
    """Yield what axe finds on an open page, in light and then in dark."""
    page.wait_for_function(CODE_IS_REACHABLE)  # the theme sees to it when a block comes into view
    page.evaluate(f"{Axe().axe_script}; 0")
    yield from _told("light", page.evaluate(f"axe.run({{resultTypes: ['violations'], rules: {NO_COLOURS}}})"))
    page.add_style_tag(content="* { transition: none !important }")  # half a change of colours is neither's
    for scheme in known:
        if scheme == "dark":
            page.locator("label[for=__palette_1]").click()
            expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
        seen = page.evaluate(NEW_COLOURS, known[scheme])
        known[scheme] += seen["kinds"]
        yield from _told(scheme, seen)


def _told(scheme: str, seen: dict[str, Any]) -> Iterator[str]:
    for violation in seen["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']} in {scheme}: {node['html'][:160]}"


LOOK_AT = """async (picture) => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, Math.min(image.height, 900));
    const drawn = canvas.getContext("2d");
    drawn.drawImage(image, 0, 0);
    const seen = new Map();
    for (const colour of new Uint32Array(drawn.getImageData(0, 0, canvas.width, canvas.height).data.buffer))
        seen.set(colour, (seen.get(colour) || 0) + 1);
    const ground = [...seen].reduce((most, next) => next[1] > most[1] ? next : most)[0];
    return {width: image.width, colours: seen.size, ground: ground & 255};
}"""
"""Returns a picture's width, how many colours its top has, and the red of the one that covers most of it."""
NEW_COLOURS = """async (known) => {
    const grounds = new Map([[document.documentElement, ""]]);
    const ground = (element) => {
        if (!grounds.has(element)) {
            const own = getComputedStyle(element);
            const kind = `${element.localName}.${[...element.classList].sort().join(".")}`;
            grounds.set(element, `${ground(element.parentElement)} ${kind} ${own.backgroundColor} ${own.opacity}`);
        }
        return grounds.get(element);
    };
    const kinds = new Map();
    for (const element of document.body.querySelectorAll("*")) {
        const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!text || !element.checkVisibility()) continue;
        const own = getComputedStyle(element);
        const kind = `${ground(element)} ${own.color} ${own.fontSize} ${own.fontWeight} ${own.textDecorationLine}`;
        if (!kinds.has(kind)) kinds.set(kind, element);
    }
    for (const kind of known) kinds.delete(kind);
    const options = {resultTypes: ["violations"], runOnly: ["color-contrast", "link-in-text-block"]};
    const found = kinds.size ? await axe.run({include: [...kinds.values()]}, options) : {violations: []};
    return {kinds: [...kinds.keys()], violations: found.violations};
}"""
"""Asks axe for the colours of texts of each kind that is not known: by what they are in, and how they are drawn."""
CODE_IS_REACHABLE = """() => [...document.querySelectorAll("pre > code")].every(
    (code) => code.scrollWidth <= code.clientWidth || code.tabIndex >= 0
)"""


def pages_of(site: Path) -> list[str]:
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))


def lab_pages(site: Path) -> list[str]:
    return [name for name in pages_of(site) if name.startswith("lab-") and "/evidence/" not in name]


def test_every_copy_button_copies_the_exact_file_or_the_commands_alone(
    web: Chromium, address: str, course: Course, looked_at: set[str], tmp_path: Path
) -> None:
    """Each block of a page: what is on the clipboard is what was built, byte for byte.

    Files have a second button, with a name, that keys reach: bash runs what that copies, and has the file.
    """
    copied = written = 0
    for path in sorted(looked_at):
        itinerary = course.itineraries[path]
        with watched(web.browser, address, viewport=DESK) as page:
            page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
            page.goto(f"{address}/{html_of(path)}")
            page.evaluate(OPEN_ALL)
            copied += _copied_exactly(page, itinerary)
            written += _written_by_what_is_copied(page, itinerary, tmp_path)
    steps = [step for path in looked_at for step in course.itineraries[path].steps]
    assert copied > 100
    assert written == sum(isinstance(step, WriteFile) for step in steps) > 50


def _copied_exactly(page: Page, itinerary: Itinerary) -> int:
    """Press "copy" of each block, and return how many there are."""
    shown = [fence for fence in itinerary.page.fences if fence.language != "checks"]
    wanted = {
        step.fence.number: (
            step.fence.text
            if isinstance(step, WriteFile)
            else "\n".join(command.text for command in step.commands if not command.interrupts)
        )
        for step in itinerary.steps
        if isinstance(step, (WriteFile, RunCommands))
    }
    found = page.locator(BLOCKS).evaluate_all(COPY)
    copied = 0
    for fence, got in zip(shown, found, strict=True):
        if fence.number in wanted:
            assert got == [wanted[fence.number]] if wanted[fence.number] else not got, itinerary.page.at(fence.line)
            copied += len(got)
    return copied


def _written_by_what_is_copied(page: Page, itinerary: Itinerary, home: Path) -> int:
    """Run what "copy as command" of each file copies, and return how many there are; each change has one too."""
    written = 0
    lab = str(itinerary.page.lab)
    files = {step.fence.number: step for step in itinerary.steps if isinstance(step, WriteFile)}
    patches = {
        number: changing(lab, change.path, change.before, change.after).of("")
        for number, change in changes(itinerary).items()
    }
    blocks = page.locator(BLOCKS)
    for index, fence in enumerate(fence for fence in itinerary.page.fences if fence.language != "checks"):
        button = blocks.nth(index).get_by_role("button", name="Copy as command", exact=True)
        if fence.number in patches:
            blocks.nth(index).evaluate(OPEN_TAB)
            button.click(force=True)
            assert page.evaluate("navigator.clipboard.readText()") == patches[fence.number]
        elif fence.number in files:
            blocks.nth(index).evaluate(OPEN_TAB)
            button.focus()
            page.keyboard.press("Enter" if written % 2 else "Space")
            step = files[fence.number]
            command = page.evaluate("navigator.clipboard.readText()")
            own = {"HOME": str(home), "PATH": os.environ["PATH"]}
            subprocess.run(["bash", "-c", command], env=own, timeout=60, check=True)
            file = home / "docker-labs" / lab / step.path
            assert file.read_bytes() == step.fence.text.encode(), itinerary.page.at(fence.line)
            file.unlink()
            written += 1
        else:
            assert button.count() == 0, itinerary.page.at(fence.line)
    whole = page.locator(".walk-changed")
    assert whole.count() == len(patches), itinerary.page.path
    for index, change in enumerate(changes(itinerary).values()):
        whole.nth(index).get_by_role("button", name="Copy to clipboard").click(force=True)
        assert page.evaluate("navigator.clipboard.readText()") == change.after, change.path
    return written


def test_every_file_can_be_downloaded_alone(site: Path, course: Course) -> None:
    """The link below a block leads to the bytes of the block."""
    for path, itinerary in course.itineraries.items():
        published = site / html_of(path)
        soup = BeautifulSoup(published.read_text(), "html.parser")
        links = [str(link["href"]) for link in soup.select(".walk-file a[download]")]
        wanted = [step.fence.text for step in itinerary.steps if isinstance(step, WriteFile)]
        assert [(published.parent / unquote(link)).read_text() for link in links] == wanted, path


def test_axe_finds_nothing(opened: dict[str, Opened]) -> None:
    """On each page, in light and in dark, folded parts opened; of the colours of each kind of text once."""
    found: dict[str, list[str]] = {}
    for name, page in opened.items():
        for what in page.violations:
            found.setdefault(what, []).append(name)
    told = [f"{what} ({len(where)} times, first on {where[0]})" for what, where in sorted(found.items())]
    assert not told, "\n".join(told)


FAINT = """() => {
    const word = document.querySelector("article p");
    for (const scheme of ["default", "slate"]) {
        const faint = word.parentElement.appendChild(word.cloneNode(true));
        faint.className = `faint-${scheme}`;
        const style = document.head.appendChild(document.createElement("style"));
        style.textContent = `[data-md-color-scheme=${scheme}] .faint-${scheme} { color: #888d }`;
    }
}"""
"""Adds two texts to a page, one of which is too faint in light, and the other in dark."""


def test_each_kind_of_text_is_asked_for_its_colours(web: Chromium, address: str) -> None:
    """Where a page has been seen, one that is too faint in one of its schemes is found beside all that is known."""
    known: dict[str, list[str]] = {"light": [], "dark": []}
    found = []
    for change in ("() => {}", FAINT):
        options: dict[str, Any] = {"viewport": DESK, "color_scheme": "light", "bypass_csp": True}
        with watched(web.browser, address, **options) as page:
            page.goto(f"{address}/index.html")
            page.evaluate(change)
            seen = len(known["light"])
            found.append([what.partition(":")[0] for what in _violations(page, known)])
    assert found == [[], ["color-contrast in light", "color-contrast in dark"]]
    assert len(known["light"]) == len(known["dark"]) == seen + 2


def test_no_page_asks_elsewhere_or_complains(
    web: Chromium, address: str, site: Path, opened: dict[str, Opened]
) -> None:
    """The policy that forbids it is in force on every page."""
    assert {name: page.complaints for name, page in opened.items() if page.complaints} == {}
    assert [name for name, page in opened.items() if page.policies != 1] == []
    named = {
        name: (site / name).read_text().count('<meta http-equiv="Content-Security-Policy"') for name in pages_of(site)
    }
    assert {name: count for name, count in named.items() if count != 1} == {}
    with contextlib.closing(web.browser.new_context()) as context:
        refused = context.new_page()
        refused.goto(f"{address}/index.html")
        said = refused.evaluate("fetch('https://192.0.2.1/').then(() => 'asked', error => error.message)")
        assert said == "Failed to fetch"
        script = "s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
        assert refused.evaluate(f"{{ let s; {script}; window.ran ?? 'refused' }}") == "refused"


def test_properdocs_builds_the_same_pages(site: Path, tmp_path: Path) -> None:
    """Page for page the same article, and the same downloads, byte for byte."""
    other = built_site("properdocs", tmp_path)
    assert pages_of(other) == pages_of(site)
    for name in pages_of(site):
        ours, theirs = ((root / name).read_text().partition("<article")[2] for root in (site, other))
        assert ours.partition("</article>")[0] == theirs.partition("</article>")[0] != "", name
    for path in [*site.glob("*/files/**/*"), *site.glob("*/*.tar.gz")]:
        if path.is_file():
            assert (other / path.relative_to(site)).read_bytes() == path.read_bytes(), path


def test_the_course_is_served_by_its_own_image(web: Chromium, engine: Engine, site: Path, looked_at: set[str]) -> None:
    """The Dockerfile of the page about it, with this site in place of its small one: read-only, compressed, watched."""
    if f"docs/{AUTHORING}/site-image.md" not in looked_at:
        pytest.skip("at night, and where its page changed: compiling its server takes minutes")
    name = f"labs-test-site-{uuid.uuid4().hex[:8]}"
    recipe = ROOT / "labs" / AUTHORING / "site-image"
    with provided(engine, {"debian:trixie-slim", "golang:1.27-trixie"}, state_folder(), print):
        done = engine.command(
            "buildx", "build", "--load", "-t", name, f"--build-context=site={site}", str(recipe), timeout=600
        )
        assert done.returncode == 0, done.stderr[-2000:]
    with published(engine, name) as port:
        where = f"http://127.0.0.1:{port}"

        def healthy() -> bool | None:
            told = engine.command("inspect", "-f", "{{.State.Health.Status}}", name).stdout.strip()
            return True if told == "healthy" else None

        assert wait_for(healthy, 60, 0.2), engine.command("logs", name).stderr
        with watched(web.browser, where, viewport=DESK) as page:
            page.goto(f"{where}/{LAB}/go-app.html", wait_until="networkidle")
            expect(page.locator(".labs-progress")).to_be_visible()
        answer = requests.get(f"{where}/{LAB}/go-app.html", timeout=10)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.text == (site / LAB / "go-app.html").read_text()
        assert requests.get(f"{where}/nowhere", timeout=10).status_code == 404
        assert engine.command("stop", name).returncode == 0
        assert engine.command("inspect", "-f", "{{.State.ExitCode}}", name).stdout.strip() == "0"


class Links(HTMLParser):
    """The addresses that a page names, and the places in it that can be named: of whole pages, a tree takes long."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places, self.links = set[str](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what an element names."""
        for name, value in attrs:
            if name == "id":
                self.places.add(str(value))
            elif name in ("href", "src"):
                self.links.append(value or "")


def test_no_link_or_anchor_is_broken(site: Path) -> None:
    """Every address of every page leads to a file of the site, and every fragment to an element."""
    pages = {name: Links((site / name).read_text()) for name in pages_of(site)}
    broken = []
    for name, page in pages.items():
        if name == "404.html":  # it is served at any address, and so its links are absolute
            continue
        for link in page.links:
            if urlparse(link).scheme or link.startswith("//"):
                continue
            target, fragment = urldefrag(urljoin(f"/{name}", link))
            file = unquote(target).lstrip("/") or "index.html"
            file = f"{file}index.html" if file.endswith("/") else file
            if not (site / file).is_file():
                broken.append(f"{name}: {link}")
            elif fragment and file in pages and unquote(fragment) not in pages[file].places:
                broken.append(f"{name}: {link} (no such place)")
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert broken == []


@pytest.mark.parametrize("words", ["docker buildx", "exit code 137", "npm ci", "permission denied"])
def test_search_finds_commands_and_messages(page: Page, address: str, words: str) -> None:
    """What a stuck reader types."""
    page.goto(f"{address}/index.html")
    page.locator("label.md-search__icon[for=__search]").first.click(force=True)
    page.locator("input.md-search__input").press_sequentially(words)
    results = page.locator(".md-search-result__item")
    expect(results.first).to_be_visible()
    assert "evidence" not in str(results.first.locator("a").first.get_attribute("href"))


def test_each_trouble_has_an_address_in_a_table(site: Path) -> None:
    """The table at the top leads to each section, so a link to one trouble can be sent to somebody."""
    soup = BeautifulSoup((site / f"{LAB}/troubleshooting.html").read_text(), "html.parser")
    table = soup.select_one("article table")
    assert table is not None
    led = [str(link["href"]) for link in table.select("tbody a")]
    assert led == [f"#{heading['id']}" for heading in soup.select("article h2")]


def test_progress_survives_a_reload(page: Page, address: str) -> None:
    """It is kept in the browser; unticking forgets it."""
    page.goto(f"{address}/{LAB}/go-app.html")
    box = page.locator(".labs-done input").first
    expect(page.locator(".labs-progress")).to_contain_text(" 0 of ")
    box.check()
    expect(page.locator(".labs-progress")).to_contain_text(" 1 of ")
    page.reload()
    expect(box).to_be_checked()
    expect(page.locator(".labs-progress")).to_contain_text(" 1 of ")
    box.uncheck()
    page.reload()
    expect(box).not_to_be_checked()


def test_prerequisites_know_what_is_done(page: Page, address: str, site: Path) -> None:
    """A lab says how much of the labs before it is done, in words; of one that was not begun it says nothing."""
    soup = BeautifulSoup((site / LAB / "index.html").read_text(), "html.parser")
    links = {
        str(link["href"]).split("/")[1]: json.loads(str(link["data-sections"]))
        for link in soup.select("a[data-sections]")
    }
    first, second = links
    assert links == {first: sections_of(site / first), second: sections_of(site / second)}
    page.goto(f"{address}/{LAB}/index.html")
    expect(page.locator(".labs-known")).to_have_text(["", ""])
    page.goto(f"{address}/{first}/data.html")
    for box in page.locator(".labs-done input").all()[1:]:
        box.check()
    page.goto(f"{address}/{LAB}/index.html")
    expect(page.locator(".labs-known")).to_have_text(["", ""])
    page.goto(f"{address}/{first}/data.html")
    page.locator(".labs-done input").first.check()
    page.goto(f"{address}/{LAB}/index.html")
    expect(page.locator(".labs-known")).to_have_text([f" (1 of {len(links[first])} pages done)", ""])
    for name in links[second]:
        page.goto(f"{address}/{second}/{name}")
        for box in page.locator(".labs-done input").all():
            box.check()
    page.goto(f"{address}/{LAB}/index.html")
    expect(page.locator(".labs-known").last).to_have_text(f" (all {len(links[second])} pages done)")


def sections_of(folder: Path) -> dict[str, list[str]]:
    """Return the sections of each page of a lab that offers a box for each, as they are on the published pages."""
    found = {}
    for path in folder.rglob("*.html"):
        soup = BeautifulSoup(path.read_text(), "html.parser")
        line = soup.select_one("article .walk-line")
        headings = line.parent.find_all("h2", id=True, recursive=False) if line and line.parent else []
        if len(headings) > 1:
            found[path.relative_to(folder).as_posix()] = [str(heading["id"]) for heading in headings]
    return found


def test_tabs_show_one_choice_and_remember_it(page: Page, address: str) -> None:
    """The other source of Docker's packages, and again when the page is opened anew."""
    page.goto(f"{address}/{LAB}/setup/setup.html")
    command = page.locator("div.highlight", has_text="docker-compose-v2")
    expect(command).not_to_be_visible()
    page.locator(".tabbed-labels label", has_text="Ubuntu").click()
    expect(command).to_be_visible()
    page.goto(f"{address}/index.html")  # a reload would let the browser itself restore the choice
    page.goto(f"{address}/{LAB}/setup/setup.html")
    expect(command).to_be_visible()


def test_the_keyboard_reaches_content_hints_and_boxes(page: Page, address: str) -> None:
    """The first stop is the link past the menu; a hint opens with Enter, a box is ticked with the space bar."""
    page.goto(f"{address}/{LAB}/solutions/ultra-minimal.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.md-skip')")
    hint = page.locator("article details").first
    hint.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(hint).to_have_attribute("open", "")
    box = page.locator(".labs-done input").first
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_checked()


def test_paper_shows_everything(page: Page, address: str) -> None:
    """Folded parts open for the printer; what only a screen needs stays away."""
    page.goto(f"{address}/{LAB}/solutions/ultra-minimal.html")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("article details:not([open])").count() == 0
    page.emulate_media(media="print")
    expect(page.locator(".labs-progress")).not_to_be_visible()
    expect(page.locator(".md-code__nav").first).not_to_be_visible()
    expect(page.locator(".walk-picture svg").first).to_be_visible()


def test_paper_is_white_though_the_screen_is_dark(web: Chromium, address: str) -> None:
    """What the dark scheme makes lighter, so that it can be read there, would be too faint on paper."""
    colour = "getComputedStyle(document.querySelector('.highlight .m, .highlight .mi')).color"
    with watched(web.browser, address, viewport=DESK, color_scheme="dark") as page:
        page.goto(f"{address}/{LAB}/go-app.html")
        dark = page.evaluate(colour)
        page.emulate_media(media="print")
        on_paper = page.evaluate(colour)
    with watched(web.browser, address, viewport=DESK, color_scheme="light") as page:
        page.goto(f"{address}/{LAB}/go-app.html")
        light = page.evaluate(colour)
    assert on_paper == light
    assert dark != light


def test_no_page_scrolls_sideways_on_a_phone(opened: dict[str, Opened]) -> None:
    """Wide tables and code scroll in themselves."""
    assert {name: page.phone for name, page in opened.items() if page.phone > PHONE["width"]} == {}


def test_a_lab_page_is_light(site: Path, opened: dict[str, Opened]) -> None:
    """At most 300 KB come over the wire, images aside, search index included."""
    weights = {name: opened[name].weights for name in lab_pages(site) if name in opened}
    assert {name: asked for name, asked in weights.items() if sum(asked.values()) > BUDGET or len(asked) < 4} == {}


def test_a_page_is_whole_without_scripts(web: Chromium, address: str) -> None:
    """Text, claims, hints and pictures are there before, and without, any script."""
    with watched(web.browser, address, viewport=DESK, java_script_enabled=False) as page:
        page.goto(f"{address}/{LAB}/python-app.html")
        expect(page.locator("article h1")).to_be_visible()
        expect(page.locator(".walk-line")).to_contain_text("Walked on")
        expect(page.locator(".walk-picture svg").first).to_be_visible()
        hint = page.locator("article details").first
        hint.locator("> summary").click()
        expect(hint).to_have_attribute("open", "")
        assert page.locator(".labs-progress").count() == 0


def test_the_site_works_from_a_folder(web: Chromium, site: Path) -> None:
    """No server: pages, styles, progress and search, from the archive that readers take."""
    archive = site / "docker-labs-site.zip"
    digest = (site / "docker-labs-site.zip.sha256").read_text()
    assert digest == f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"
    root = web.put(archive)
    with watched(web.browser, "file://", viewport=DESK) as page:
        page.goto(f"file://{root}/index.html")
        page.locator("article a", has_text="Multi-Stage Builds").first.click()
        expect(page.locator("article h1")).to_contain_text("Lab 03")
        page.goto(f"file://{root}/{LAB}/go-app.html")
        page.locator(".labs-done input").first.check()
        page.locator("label.md-search__icon[for=__search]").first.click(force=True)
        page.locator("input.md-search__input").press_sequentially("distroless", delay=50)
        expect(page.locator(".md-search-result__item").first).to_be_visible()
    assert root == SITE_IN_BROWSER


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_pictures_are_taken_for_those_who_look(
    web: Chromium, address: str, scheme: str, width: str, record_property: Any
) -> None:
    """The main pages, and the picture of the stages, in ``test-artefacts/``: whole, drawn, on the scheme's ground."""
    ARTEFACTS.mkdir(exist_ok=True)
    size = DESK if width == "desk" else PHONE
    taken: dict[str, bytes] = {}
    with watched(web.browser, address, viewport=size, color_scheme=scheme) as page:
        for name in ("index", *(f"{LAB}/{name}" for name in PICTURED)):
            page.goto(f"{address}/{name}.html")
            path = ARTEFACTS / f"{name.replace('/', '-')}-{width}-{scheme}.png"
            taken[name] = page.screenshot(path=path, full_page=True)
        page.goto(f"{address}/{LAB}/go-app.html")
        drawn = page.locator(".walk-picture").last
        drawn.scroll_into_view_if_needed()
        taken["stages"] = drawn.screenshot(path=ARTEFACTS / f"stages-{width}-{scheme}.png")
    with contextlib.closing(web.browser.new_page()) as looking:
        for name, picture in taken.items():
            seen = looking.evaluate(LOOK_AT, base64.b64encode(picture).decode())
            assert name == "stages" or seen["width"] == size["width"], (name, seen)
            assert seen["colours"] > 20, (name, seen)
            assert (seen["ground"] > 200) is (scheme == "light"), (name, seen)
