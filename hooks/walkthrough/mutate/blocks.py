"""Try the mutants of a page while it is walked honestly: of each block, as soon as it held."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from walkthrough.claims.claim import Claim
from walkthrough.claims.finding import Finding
from walkthrough.claims.registry import claims
from walkthrough.claims.spec import claim_line
from walkthrough.machine.engine import Engine
from walkthrough.mutate import texts
from walkthrough.mutate.dockerfiles import edits
from walkthrough.mutate.images import HELPER, Change, changes
from walkthrough.mutate.mutant import Mutant, Tried, Uncounted
from walkthrough.mutate.remembering import RememberingSubject
from walkthrough.observe.builds import Build, rebuild
from walkthrough.observe.subject import ImageSubject
from walkthrough.page.pages import Page
from walkthrough.page.steps import ApplyDiff, Check, CheckImage, CheckStanding, CompareFragment, RunScript, Step
from walkthrough.walk.guide import Guide, claim_problem
from walkthrough.walk.measure import Alone, measured, tried
from walkthrough.walk.outcome import Outcome

_BUILD_LIMIT = 300.0
"""Seconds for the build of an image that is another by a line."""
_HELD = Alone()
"""All of a block's mutants are measured while the guide keeps the others quiet."""
_RESULTS = TypeAdapter(list[Tried | Uncounted])


class Blocks:
    """Collects what comes of the mutants of one page, block by block, after each step that passed."""

    needs = frozenset({HELPER})

    def __init__(self) -> None:
        self.results: list[Tried | Uncounted] = []

    def receive(self, told: Any) -> None:
        """Take what came of a step."""
        self.results += _RESULTS.validate_python(told)

    def visit(self, guide: Guide, page: Page, step: Step, outcome: Outcome) -> list[Tried | Uncounted]:
        """Try the mutants of one step."""
        return list(self._tried(guide, page, step, outcome))

    def _tried(self, guide: Guide, page: Page, step: Step, outcome: Outcome) -> Iterator[Tried | Uncounted]:
        if isinstance(step, CompareFragment):
            for words, text in texts.other_fragments(step.fence.text):
                other = replace(step, fence=replace(step.fence, text=text))
                problems = guide.take(page, other, False).problems
                yield texts.tried(Mutant("file", step.fence.line, f"{step.title}: {words}"), problems)
        elif isinstance(step, ApplyDiff):
            # That there is no such file, only a walk can tell: a command might have made it.
            problems = guide.take(page, replace(step, path=f"{step.path}-renamed"), False).problems
            yield texts.tried(Mutant("file", step.fence.line, f"{step.title}: renamed"), problems)
        elif isinstance(step, CheckImage):
            with guide.quiet():
                yield from self._claims(guide, page, step)
                yield from self._images(guide, page, step)
        elif isinstance(step, CheckStanding):
            yield from self._standing(guide, page, step)
        elif isinstance(step, RunScript):
            yield Uncounted(step.fence.line, step.title, "a script promises no output")
        else:
            yield from texts.commands(page, step, outcome.commands)

    def _claims(self, guide: Guide, page: Page, step: CheckImage) -> Iterator[Tried | Uncounted]:
        """Yield what comes of other claims on the same image; of what was seen, nothing is looked at again."""
        with guide.subject(step.spec, RememberingSubject) as subject:

            def hold(claim: Claim[Any], value: Any, key: str, honest: bool) -> Finding:
                subject.seen.fixed = not honest
                finding = measured(claim, value, subject, key, _HELD)
                subject.seen.fixed = True  # what makes mutants of it looks, too
                return finding

            yield from self._others(page, step, subject, hold)

    def _standing(self, guide: Guide, page: Page, step: CheckStanding) -> Iterator[Tried | Uncounted]:
        """Yield what comes of other claims on what stands."""
        with guide.standing(step.spec) as subject:

            def hold(claim: Claim[Any], value: Any, key: str, honest: bool) -> Finding:
                del honest
                return tried(claim, value, subject, key)

            yield from self._others(page, step, subject, hold)

    def _others(
        self, page: Page, step: Check, subject: Any, hold: Callable[[Claim[Any], Any, str, bool], Finding]
    ) -> Iterator[Tried | Uncounted]:
        """Yield what comes of other claims; ``hold`` measures a claim, and is told whether it is the page's own."""
        for name, entry, key in step.spec.entries:
            claim, line = claims()[name], claim_line(step.fence.text, step.fence.first_text_line, key)
            honest = hold(claim, entry, key, True)
            if not honest.ok:
                why = f"measured again, it does not hold: {honest.measured_text()}"
                yield Uncounted(line, f"{step.spec.name} {key}", why)
                continue
            for words, other in claim.mutants(entry, honest, subject):
                found = hold(claim, other, key, False)
                problems = [] if found.ok else [claim_problem(page, step, found)]
                yield texts.tried(Mutant("claim", line, f"{step.spec.name} {key}: {words}"), problems)

    def _images(self, guide: Guide, page: Page, step: CheckImage) -> Iterator[Tried | Uncounted]:
        """Yield what comes of other images under the same claims, and of a stage more in the build."""
        with (
            guide.subject(step.spec, ImageSubject) as subject,
            tempfile.TemporaryDirectory(prefix="docker-labs-mutant-") as folder,
        ):
            for number, change in enumerate(changes(step.spec, subject.image)):
                yield from self._image(guide, page, step, change, Path(folder, str(number)), subject.engine)
            if {"stages", "guard", "reuses"} & step.spec.made.keys():
                yield from self._builds(guide, page, step, subject.build, subject.engine)

    def _image(
        self, guide: Guide, page: Page, step: CheckImage, change: Change, folder: Path, engine: Engine
    ) -> Iterator[Tried | Uncounted]:
        def mutant(key: str) -> Mutant:
            line = claim_line(step.fence.text, step.fence.first_text_line, key)
            return Mutant("image", line, f"{step.spec.name} {key}: {change.words}")

        name = f"docker-labs-mutant:{uuid.uuid4().hex[:12]}"
        for path, content in {"Dockerfile": change.dockerfile.encode(), **change.files}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        arguments = ("buildx", "build", "--load", "-q", "-t", name, ".")
        built = engine.command(*arguments, cwd=folder, timeout=_BUILD_LIMIT)
        if built.returncode != 0:
            why = f"the changed image cannot be built: {built.stderr.strip()[-200:]}"
            yield from (Uncounted(mutant(key).line, mutant(key).words, why) for key in change.keys)
            return
        try:
            for key in change.keys:
                kind = key.partition(".")[0]
                claim = claims()[kind]
                # Another program answers otherwise; only claims on its answers wait for the ones that are claimed.
                made = {k: v for k, v in step.spec.made.items() if k == kind or (k != "http" and kind != "http")}
                entry = dict(claim.entries(step.spec.made[kind]))[key]
                with guide.subject(replace(step.spec, name=name, made=made), ImageSubject) as subject:
                    found = measured(claim, entry, subject, key, _HELD)
                yield _result(page, step, mutant(key), found, change.mute)
        finally:
            engine.command("image", "rm", "--force", name)

    def _builds(
        self, guide: Guide, page: Page, step: CheckImage, build: Build, engine: Engine
    ) -> Iterator[Tried | Uncounted]:
        """Yield what comes of other Dockerfiles, each of which stands in the lab's folder while it is tried."""
        named = next(iter(build.values("-f", "--file")[-1:]), None)
        place = build.folder / (named or Path(build.arguments[-1]) / "Dockerfile")
        if not place.is_file():
            why = "its Dockerfile is no file of the lab"
            yield Uncounted(step.fence.line, f"{step.spec.name}: changes of its Dockerfile", why)
            return
        original = place.read_bytes()
        for edit in edits(step.spec, original.decode(errors="replace")):
            line = claim_line(step.fence.text, step.fence.first_text_line, edit.key)
            mutant = Mutant("build", line, f"{step.spec.name} {edit.key}: {edit.words}")
            made = {edit.key: step.spec.made[edit.key]}
            try:
                place.write_text(edit.text, encoding="utf-8", newline="\n")
                built = rebuild(engine, build, _BUILD_LIMIT)  # so that an edit after it finds steps to reuse
                if built.exit_code != 0:
                    yield Uncounted(line, mutant.words, f"it cannot be built: {built.words[-200:]}")
                    continue
                with guide.subject(replace(step.spec, made=made), ImageSubject) as subject:
                    found = measured(claims()[edit.key], made[edit.key], subject, edit.key, _HELD)
            finally:
                place.write_bytes(original)
            yield _result(page, step, mutant, found, False)


def _result(page: Page, step: CheckImage, mutant: Mutant, found: Finding, mute: bool) -> Tried | Uncounted:
    """Return what comes of a finding on a mutant; what cannot be measured, but should be, tells nothing."""
    if found.measured is None and found.unit == "text" and not mute:
        return Uncounted(mutant.line, mutant.words, f"it cannot be measured: {found.hint[:200]}")
    result = texts.tried(mutant, [] if found.ok else [claim_problem(page, step, found)])
    return replace(result, said=f"measured: {found.measured_text()}") if found.ok else result
