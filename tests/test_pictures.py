"""Pictures say what was measured: every stage and arrow, shares that add up, the same bytes for the same data."""

from __future__ import annotations

import re
from typing import Literal
from xml.etree import ElementTree

from walkthrough.figures import Source, fill
from walkthrough.pictures import bar, shares, stage_graph
from walkthrough.policy import with_policy
from walkthrough.publish import _anatomy
from walkthrough.record import (
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


def test_a_picture_is_well_formed_and_the_same_for_the_same_data() -> None:
    """Names are escaped, no colour or style is written into it, and its table says the same."""
    html = _anatomy("app", ANATOMY)

    assert html == _anatomy("app", ANATOMY.model_copy(deep=True))
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


def test_only_comparable_figures_of_a_column_get_bars() -> None:
    """Two sizes in one column are compared; a lone time is not; text is left alone."""
    measured = {
        "a": [_finding("size", 100, "bytes"), _finding("stops.0", 0.5, "seconds")],
        "b": [_finding("size", 50, "bytes"), _finding("stops.0", "exit 137", "text")],
    }
    known = {(image, key): Source(image, 0, key) for image in measured for key in ("size", "stops.0")}
    rows = "".join(
        f"<tr><td>{name}</td><td><code>={name} size</code></td><td><code>={name} stops.0</code></td></tr>"
        for name in measured
    )

    drawn = fill(f"<table>{rows}</table>", known, lambda image: _record(measured[image]))

    assert drawn.count("<svg") == 2
    assert 'width="50.0"' in drawn
    assert "&lt;" not in drawn
    assert "exit 137" in drawn


def _finding(key: str, measured: float | str, unit: Literal["bytes", "seconds", "text"]) -> FindingRecord:
    return FindingRecord(key=key, claim=key, measured=measured, unit=unit, ok=True)


def _record(findings: list[FindingRecord]) -> Record:
    step = StepRecord(kind="checks", title="check image x", status="passed", seconds=1, findings=findings)
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
