"""Pictures say what was measured: every stage and arrow, shares that add up, the same bytes for the same data."""

from __future__ import annotations

import re
from typing import Literal
from xml.etree import ElementTree

import pytest

from walkthrough.machine.bases import Base
from walkthrough.publish.blocks import anatomy_html
from walkthrough.publish.figures import fill
from walkthrough.publish.pictures import bar, fitting, layer_map, shares, stage_graph
from walkthrough.publish.policy import with_policy
from walkthrough.record.evidence import (
    AnatomyRecord,
    ContentRecord,
    Coverage,
    FindingRecord,
    LayerRecord,
    Record,
    StageRecord,
    StepRecord,
)

ANATOMY = AnatomyRecord(
    layers=[LayerRecord(instruction="COPY <a> /a", size=900, base=False)],
    contents=[ContentRecord(path="/a", size=600), ContentRecord(path="/b & c", size=300)],
    stages=[
        StageRecord(name="build", base="golang:1.27", size=900_000_000, copies=[]),
        StageRecord(name="test", base="build", size=900_000_000, copies=[]),
        StageRecord(
            name="stage-2", base="scratch", size=900, copies=[("test", "COPY --from=test /a /a"), ("build", "COPY …")]
        ),
    ],
)


def test_a_stage_graph_has_every_stage_and_arrow() -> None:
    """One arrow for each stage that begins with another, one for each that it copies from; in words too."""
    graph = stage_graph(ANATOMY)

    assert graph is not None
    assert [box.stage.name for box in graph.boxes if box.kept] == ["stage-2"]
    assert [curve.kind for curve in graph.curves] == ["base", "copy", "copy"]
    assert "test begins with build, has 900 MB and is left behind" in graph.told
    assert "copies from test and build, has 900 B and is the image." in graph.told
    assert stage_graph(ANATOMY.model_copy(update={"stages": ANATOMY.stages[:1]})) is None


def test_a_stage_on_a_stand_in_is_marked_and_so_is_what_begins_with_it() -> None:
    """The size of a stage from scratch is its own."""
    graph = stage_graph(ANATOMY, {"golang:1.27"})

    assert graph is not None
    assert [box.size for box in graph.boxes] == ["900 MB†", "900 MB†", "900 B"]
    assert "has 900 MB with a stand-in" in graph.told


def test_a_picture_is_well_formed_and_the_same_for_the_same_data() -> None:
    """Names are escaped, no colour or style is written into it, and its table says the same."""
    html = anatomy_html("app", ANATOMY, set())

    assert html == anatomy_html("app", ANATOMY.model_copy(deep=True), set())
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    picture = tree.find(".//svg[@role='img']")
    assert picture is not None
    drawn = ["".join(text.itertext()) for text in picture.iter("text")]
    assert drawn[:3] == ["build", "900 MB", "FROM golang:1.27"]
    assert "style=" not in html
    assert "fill=" not in html
    cells = ["".join(cell.itertext()) for cell in tree.iter("td")]
    assert {"COPY <a> /a", "/b & c", "67 %", "33 %"} <= set(cells)


def test_shares_are_of_the_whole_and_bars_of_the_most() -> None:
    """Nothing has no bar; the least thing has one that can be seen."""
    assert [(row["size"], row["percent"]) for row in shares([("a", 750), ("b", 250)])] == [
        ("750 B", "75 %"),
        ("250 B", "25 %"),
    ]
    widths = [re.findall(r'width="([\d.]+)"', str(bar(value, 8)))[1] for value in (8, 4, 0.0001, 0)]
    assert widths == ["100.0", "50.0", "0.4", "0"]


def test_figures_of_one_kind_get_bars_on_one_scale() -> None:
    """What is stored is compared with what is pulled; memory and a lone time are not; text is left alone."""
    measured = {
        "a": [_finding("size", 100, "bytes"), _finding("memory", 900, "bytes"), _finding("stops.0", 0.5, "seconds")],
        "b": [_finding("compressed", 50, "bytes"), _finding("stops.0", "exit 137", "text")],
    }
    keys = {image: [finding.key for finding in findings] for image, findings in measured.items()}
    known = {(image, key): image for image in measured for key in keys[image]}
    rows = "".join(
        f"<tr><td>{image}</td>" + "".join(f"<td><code>={image} {key}</code></td>" for key in keys[image]) + "</tr>"
        for image in measured
    )

    drawn = fill(f"<table>{rows}</table>", known, lambda image: _record(image, measured[image]))

    assert drawn.count("<svg") == 2
    assert 'width="100.0"' in drawn
    assert 'width="50.0"' in drawn
    assert "&lt;" not in drawn
    assert "exit 137" in drawn


def test_a_figure_that_a_stand_in_had_a_part_in_is_marked() -> None:
    """By its image for what the image is, by any base for what its build took; and the page says it once."""
    findings = [_finding("size", 100, "bytes"), _finding("reuses", 2.0, "seconds")]
    known = {("a", finding.key): "p" for finding in findings}
    text = "<p><code>=a size</code> and <code>=a reuses</code></p>"
    plain = _record("a", findings)
    on_one = plain.model_copy(
        update={"bases": [Base(name="b:1", digest="x", stand_in=True)], "steps": [
            plain.steps[0].model_copy(update={"stand_in": "b:1"})
        ]}
    )  # fmt: skip
    built_by_one = plain.model_copy(update={"bases": on_one.bases})

    assert "†" not in fill(text, known, lambda _: plain)
    assert fill(text, known, lambda _: on_one).count("†") == 3
    assert fill(text, known, lambda _: built_by_one).count("†") == 2
    assert fill(text, known, lambda _: built_by_one).count('id="stand-ins"') == 1


def test_a_map_names_what_fits_and_says_the_rest_in_words() -> None:
    """The strips are as wide as the picture; each part has its name and size for the pointer."""
    anatomy = AnatomyRecord(
        layers=[LayerRecord(instruction="COPY /a /a", size=10_000_000, base=False)],
        contents=[ContentRecord(path="/usr/lib/large.so", size=9_900_000), ContentRecord(path="/x", size=100_000)],
        stages=[],
    )
    drawn = layer_map(anatomy)
    assert drawn is not None

    assert [part.label for part in (*drawn.layers, *drawn.files)] == ["COPY /a /a", "/usr/lib/large.so", ""]
    assert [fitting("/usr/lib/x86_64/large.so", letters * 6 + 8) for letters in (24, 20, 10, 8, 5, 3)] == [
        "/usr/lib/x86_64/large.so",
        "…/x86_64/large.so",
        "…/large.so",
        "large.so",
        "larg…",
        "",
    ]
    assert sum(part.width for part in drawn.files) == pytest.approx(drawn.width, abs=0.2)
    assert "/usr/lib/large.so 9.90 MB; /x 100 kB" in drawn.told
    assert layer_map(anatomy.model_copy(update={"contents": anatomy.contents[:1]})) is None


def _finding(key: str, measured: float | str, unit: Literal["bytes", "seconds", "text"]) -> FindingRecord:
    return FindingRecord(key=key, claim=key, measured=measured, unit=unit, ok=True)


def test_a_record_of_a_page_that_changed_lends_no_image_anothers_figure() -> None:
    """A step is known by its image, not by its number, which an edit of the page moves."""
    record = _record("naive", [_finding("size", 900, "bytes")])
    known = {("app", "size"): "p"}

    assert "not measured yet" in fill("<p><code>=app size</code></p>", known, lambda _page: record)


def _record(image: str, findings: list[FindingRecord]) -> Record:
    step = StepRecord(kind="checks", title=f"check image {image}", status="passed", seconds=1, findings=findings)
    return Record(
        record_schema=1, page="p", content="", walked="2026-01-01", engine={}, bases=[], coverage=Coverage(), seconds=1,
        steps=[step],
    )  # fmt: skip


def test_a_policy_allows_the_pages_own_scripts_by_hash_and_no_other() -> None:
    """It stands first in the head; data that only look like a script need no leave."""
    page = '<head><meta charset="utf-8"><script>one()</script><script src="a.js"></script></head>'
    page += '<script id="c" type="application/json">{}</script><style>p{}</style>'

    said = r'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="([^"]+)">'
    policy = re.search(said, with_policy(page))

    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    # echo -n 'one()' | openssl dgst -sha256 -binary | base64
    assert rules["script-src"] == "'self' 'sha256-HR7iaask9daLMRRskMI++QeJtjWDOjyPA6lGzYGzKW4='"
    assert rules["style-src"].count("sha256-") == 1
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy[1]
