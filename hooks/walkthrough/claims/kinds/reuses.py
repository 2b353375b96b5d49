"""The claim ``reuses``: which steps an edit of the app does not run again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from pydantic import Field

from walkthrough.claims.claim import Claim, Duration, Lie, Strict, within
from walkthrough.claims.finding import Finding, judged, told
from walkthrough.claims.seen import Rebuild, Subject
from walkthrough.errors import StepError
from walkthrough.units import Limit


class Reuse(Strict):
    """Build steps that an edit of the app must not run again, and what such an edit costs."""

    edit: str
    """File of the lab that is edited."""
    extend: str = Field(min_length=1)
    """Text in it, such as a comment, that is made longer by something never seen before."""
    steps: list[str] = Field(min_length=1)
    """Text of each step, as in its Dockerfile, that must come from the cache."""
    within: Duration | None = None
    """Time of the build after the edit."""


class ReusesClaim(Claim[Reuse]):
    """After an edit the named steps come from the cache, and the build is as quick as claimed."""

    name, place = "reuses", 180
    schema = Reuse
    title = "an edit reuses earlier steps"
    guide = "after an edit of that file, these steps must come from the cache; `within`, how long that build takes"
    how = "the build after an edit of the app, from its start to its end"
    of_build = True
    lie = Lie(
        "reuses: {edit: app/server.c, extend: A web server, steps: [COPY server.c /server.c]}", "claimed: an edit of"
    )

    def measure(self, value: Reuse, subject: Subject, key: str) -> Finding:
        """Edit the file as never before and build again."""
        return reused(key, value, edited(value, subject))

    def mutants(self, value: Reuse, finding: Finding, subject: Subject) -> Iterator[tuple[str, Reuse]]:
        """Yield steps that ran again, a step that is none, a text that is not there, and the times that are false."""
        for step in edited(value, subject).steps:
            if not step.cached:
                named = [*value.steps, step.instruction]
                yield f"steps: {step.instruction[:60]}, which ran again", value.model_copy(update={"steps": named})
        unknown = uuid.uuid4().hex
        yield "a step that is none", value.model_copy(update={"steps": [*value.steps, unknown]})
        yield "a text that is not there", value.model_copy(update={"extend": f"{value.extend} {unknown}"})
        yield from within(value, finding)

    def limits(self, value: Reuse) -> Iterator[Limit]:
        """Yield the time."""
        if value.within:
            yield value.within


def edited(reuse: Reuse, subject: Subject) -> Rebuild:
    """Return the build after an edit as never before.

    Raises:
        StepError: where it fails.
    """
    built = subject.after(reuse.edit, reuse.extend, f"{reuse.extend} {uuid.uuid4().hex}")
    if built.exit_code != 0:
        raise StepError(f"the build fails after an edit of '{reuse.edit}'", "extend a comment, not code", built.words)
    return built


def reused(key: str, reuse: Reuse, built: Rebuild) -> Finding:
    """Judge a build after an edit: the named steps came from the cache, and then it was quick enough.

    Raises:
        StepError: where a named step is none of the build's.
    """
    for step in reuse.steps:
        if not any(step in known.instruction for known in built.steps):
            raise StepError(f"no step of the build contains {step!r}", "write it as it stands in the Dockerfile")
    again = [step.instruction for step in built.steps if not step.cached]
    redone = [step for step in reuse.steps if any(step in instruction for instruction in again)]
    claim = f"an edit of {reuse.edit} reuses {', '.join(reuse.steps)}"
    if reuse.within and again and not redone:
        return judged(key, f"{claim} and is built within", reuse.within, built.seconds)
    measured = f"{len(again)} steps ran again" + (f", {', '.join(redone)} among them" if redone else "")
    hint = "copy what changes rarely before what changes often" if redone else "the edit is in no file that is copied"
    return told(key, claim, measured, bool(again) and not redone, hint)
