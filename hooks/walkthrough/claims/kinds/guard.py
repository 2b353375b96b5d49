"""The claim ``guard``: the tests of a stage keep a broken program out of the image."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, Strict
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject


class Guard(Strict):
    """The stage whose tests guard the image, and a change to a file that these tests must catch."""

    stage: str
    file: str
    replace: str
    by: str


class GuardClaim(Claim[Guard]):
    """The build fails in that stage, and in no other, when the file is broken like this."""

    name, place = "guard", 170
    schema = Guard
    title = "tests guard the image"
    guide = "the build must fail in that stage when the file is broken like this"
    lie = Lie("guard: {stage: build, file: app/server.c, replace: Hello, by: Hullo}", "measured: the build succeeds")

    def measure(self, value: Guard, subject: Subject, key: str) -> Finding:
        """Break the file and build: only a failure in the guarding stage proves that its tests guard the image."""
        broken = subject.after(value.file, value.replace, value.by)
        claim = f"the build fails in stage '{value.stage}' when {value.file} is broken"
        if broken.exit_code == 0:
            hint = f"the image builds although its tests fail: let the final stage copy something from '{value.stage}'"
            return told(key, claim, "the build succeeds", False, hint)
        measured = f"fails in {', '.join(sorted(broken.failed)) or 'no stage'}"
        return told(key, claim, measured, broken.failed == {value.stage}, broken.words)

    def mutants(self, value: Guard, finding: Finding, subject: Subject) -> Iterator[tuple[str, Guard]]:
        """Yield another stage, a change that breaks nothing, and one of a text that is not there."""
        yield "another stage", value.model_copy(update={"stage": f"{value.stage}-too"})
        yield "a change that changes nothing", value.model_copy(update={"by": value.replace})
        yield "a text that is not there", value.model_copy(update={"replace": f"{value.replace} {uuid.uuid4().hex}"})
        yield "a file that is not there", value.model_copy(update={"file": f"{value.file}-too"})
