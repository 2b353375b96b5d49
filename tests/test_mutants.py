"""Mutants: what makes a page false is told at its line, and a check that notices nothing is told as a survivor."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import honest_page, line_with, run, small_project
from walkthrough.claims.claim import edges
from walkthrough.claims.finding import judged, told
from walkthrough.claims.kinds.size import SizeClaim
from walkthrough.claims.registry import claims
from walkthrough.claims.spec import ImageSpec, read_spec
from walkthrough.doors.mutants import score_of
from walkthrough.machine.engine import Engine
from walkthrough.mutate.dockerfiles import edits
from walkthrough.mutate.mutant import Mutant, Tried, Uncounted
from walkthrough.mutate.texts import files, other_fragments, other_outputs
from walkthrough.page.course import read_course
from walkthrough.page.expected import matches
from walkthrough.project import Project
from walkthrough.publish import blocks
from walkthrough.publish.labfolder import write_lab
from walkthrough.publish.score import Entry, Score, current_score, read_scores, write_score
from walkthrough.publish.status import Listed, status
from walkthrough.units import parse_limit

WEAK = """\
```text title="weak/hello"
Hello
```

```dockerfile title="weak/Dockerfile"
FROM scratch
COPY hello /hello
USER 65532:65532
ENTRYPOINT ["/hello"]
```

```console
$ docker build -q -t labs-test-weak docker-labs/lab-01-small/weak
…
```

```checks
image: labs-test-weak
size: 90 MB
user: not root
```
"""
"""A page whose budget is far too large: 30 MB more are not noticed."""
FILES = """\
```text title="a"
one
two
three
```

```diff title="a"
 one
-two
+2
```

```text title="b"
only
```
"""
NEEDED = {"reuses": "{edit: x, extend: x, steps: [x]}", "http": "[{path: /}]"}
ABOUT = {"repository": "localhost:5000/x", "url": "http://localhost/"}
"""Names of what a block may be about, where another than x is needed."""
IMAGE_ALONE = {"stages"}
"""Claims that have no other value: only another build makes them false."""


def test_a_page_of_all_kinds_loses_every_mutant_and_a_weak_one_keeps_its_own(engine: Engine, tmp_path: Path) -> None:
    """Killed means told at the right line. The survivor is named with its line, and costs the run its status."""
    assert engine.version
    page = honest_page("labs-test-mutants", "18437").replace("guard:", "stages: reached\nguard:")
    project = small_project(tmp_path, page, "honest")
    small_project(tmp_path, WEAK, "weak")

    done = run(project, "walkthrough", "mutants")

    assert done.returncode == 1, done.stdout
    scores = read_scores(project / "labs/lab-01-small/evidence/mutants.json")
    honest, weak = (scores[f"docs/lab-01-small/{name}.md"] for name in ("honest", "weak"))
    assert set(honest.made) == {"claim", "image", "build", "file", "command", "output"}
    assert honest.survivors == []
    assert len(honest.killed) == honest.total > 50
    line = line_with(project / "docs/lab-01-small/weak.md", "size: 90 MB")
    assert [(one.line, one.words) for one in weak.survivors] == [(line, "labs-test-weak size: 30 MB more")]
    assert (
        f"docs/lab-01-small/weak.md:{line}: survives: labs-test-weak size: 30 MB more; measured: 30.0 MB" in done.stdout
    )
    assert "wildcards alone" in weak.uncounted[0].fate
    assert len(weak.killed) == weak.total - 1


@pytest.mark.parametrize("name", claims())
def test_each_claim_says_what_is_false_of_what_was_measured(name: str) -> None:
    """By values of its own, or as every limit and every yes; else only another image makes it false."""
    claim = claims()[name]
    needed = f"{claim.needs[0]}: {NEEDED[claim.needs[0]]}\n" if claim.needs else ""
    spec, faults = read_spec(f"{claim.of}: {ABOUT.get(claim.of, 'x')}\n{claim.lie.written}\n{needed}", 1)
    assert spec, faults
    values = [value for _, value in claim.entries(spec.made[name])]

    own = "mutants" in vars(type(claim))
    assert own or name in IMAGE_ALONE or all(type(value).__name__ in ("Limit", "bool") for value in values)


@pytest.mark.parametrize(
    ("limit", "measured"), [("10 MB", 6_600_000), (">= 5 MB", 6_600_000), ("6600000 B", 6_600_000)]
)
def test_a_budget_at_the_edge_is_one_byte_from_what_was_measured(limit: str, measured: int) -> None:
    """On either side, and false on both."""
    value = parse_limit(limit, "size")
    finding = judged("size", SizeClaim.title, value, measured)
    assert finding.ok

    others = [other for _, other in edges(value, finding)]

    assert {(other.bound, other.at_least) for other in others} == {(measured - 1, False), (measured + 1, True)}
    assert not any(judged("size", "", other, measured).ok for other in others)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        (("a", "b", "a"), ("a", "b", "a")),
        (("one …", "...", "last 3 of 4"), ("one two", "x", "y", "last 3 of 4")),
        (("…42…",), ("took 42 s",)),
        (("-",), ("-",)),
    ],
)
def test_another_output_is_never_what_was_printed(expected: tuple[str, ...], printed: tuple[str, ...]) -> None:
    """Whatever wildcards there are beside the line that is another."""
    assert matches(expected, printed)
    others = [other for _, other in other_outputs(expected)]

    assert others
    assert not [other for other in others if matches(other, printed)]


def test_an_output_of_wildcards_alone_has_no_line_that_could_be_another() -> None:
    """It shows nothing; that is said, and counted for nobody."""
    assert list(other_outputs(("...",))) == []


def test_a_fragment_is_changed_in_each_line_that_says_something() -> None:
    """Blank lines and those that stand for lines left out say nothing."""
    assert [text for _, text in other_fragments("a\n...\n\nb\n")] == ["a mutant\n...\n\nb\n", "a\n...\n\nb mutant\n"]


def test_files_and_changes_are_told_at_the_fence_that_is_false(tmp_path: Path) -> None:
    """By the reading of the page, or by the lab's committed files; without these nothing can be told."""
    project = Project(small_project(tmp_path, FILES))
    (itinerary,) = read_course(project).itineraries.values()
    assert all(isinstance(one, Uncounted) and "run 'make'" in one.why for one in files(project, itinerary))
    write_lab(project, itinerary)

    results = list(files(project, itinerary))

    assert [one for one in results if not (isinstance(one, Tried) and one.killed)] == []
    assert {one.mutant.line for one in results if isinstance(one, Tried)} == {1, 7, 13}
    assert len(results) == 6


def test_a_dockerfile_is_changed_where_a_claim_on_its_build_looks() -> None:
    """A stage for nothing before the last; tests that nothing hangs on; all files before the step to be reused."""
    dockerfile = "FROM a AS build\nRUN get\nCOPY . .\nFROM build AS test\nRUN t\nFROM scratch\nCOPY --from=test /x /x\n"
    claims_ = "stages: reached\nguard: {stage: test, file: x, replace: a, by: b}\n"
    claims_ += "reuses: {edit: x, extend: a, steps: [RUN get]}"
    spec, faults = read_spec(f"image: x\n{claims_}\n", 1)
    assert isinstance(spec, ImageSpec), faults

    found = {edit.key: edit.text for edit in edits(spec, dockerfile)}

    assert found == {
        "stages": dockerfile.replace("FROM scratch", "FROM scratch AS unneeded\nCOPY . /\n\nFROM scratch"),
        "guard": dockerfile.replace("--from=test", "--from=build"),
        "reuses": dockerfile.replace("RUN get", "COPY . /mutant/\nRUN get"),
    }


def test_a_file_shown_anew_under_another_name_is_told_by_the_change_that_needs_it(tmp_path: Path) -> None:
    """The change then meets the older text of the file, to which it does not apply: the pair of them is wrong."""
    project = Project(small_project(tmp_path, '```text title="a"\nzero\n```\n\n' + FILES))
    (itinerary,) = read_course(project).itineraries.values()
    write_lab(project, itinerary)

    results = [one for one in files(project, itinerary) if isinstance(one, Tried) and "renamed" in one.mutant.words]

    assert (5, (12,), True) in [(one.mutant.line, one.blamed, one.killed) for one in results]


def test_a_mutant_that_is_told_at_another_line_survives() -> None:
    """Blaming the wrong line is no kill."""
    mutant = Mutant("claim", 5, "size: too small")
    results = [Tried(mutant, (5,)), Tried(mutant, (4,), "the build fails"), Tried(mutant, (), "measured: 30 MB")]

    score = score_of("", results)

    assert [one.fate for one in score.survivors] == ["line 4 is blamed instead: the build fails", "measured: 30 MB"]
    assert len(score.killed) == 1


def test_scores_are_kept_by_page_and_shown_on_the_status_page(tmp_path: Path) -> None:
    """A score that says nothing new is not written; pages that are gone lose theirs."""
    project = Project(small_project(tmp_path, FILES))
    (itinerary,) = read_course(project).itineraries.values()
    survivor = Entry(line=4, words="size: 30 MB <more>", fate="measured: 30.0 MB")
    score = Score(
        content="old", made={"claim": 2}, killed=[Entry(line=3, words="x")], survivors=[survivor], uncounted=[]
    )
    assert write_score(project, itinerary.page, score, [])
    assert not write_score(project, itinerary.page, score, [])

    html = status([Listed(blocks.view_of(itinerary, None), "page/", *current_score(project, itinerary))])

    assert '<td class="walk-number">2 (of an earlier page)</td>' in html
    assert "<strong>Survives</strong>, line 4: size: 30 MB &lt;more&gt;; measured: 30.0 MB" in html


def test_no_page_may_take_the_name_of_what_is_kept_for_its_whole_lab(tmp_path: Path) -> None:
    """Its record would be the file of scores."""
    course = read_course(Project(small_project(tmp_path, FILES, "mutants")))

    assert [str(problem) for problem in course.problems] == [
        "docs/lab-01-small/mutants.md:1: the evidence of this page would be a file that is kept for its whole lab,"
        " mutants.json; rename the page"
    ]


def test_a_finding_in_words_has_no_edges() -> None:
    """What was told in words was not measured in bytes or seconds."""
    assert list(edges(parse_limit("1 s", "time"), told("healthy", "", "never", False))) == []
