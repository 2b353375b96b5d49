"""What a page has done before a step, to be done again: for a reader who begins in the middle of it.

Files are not all that a page has by then. Its shell has functions and a folder, its engine images that were built from
the files of their time. ``again`` is a script for the reader's own shell (``. .catch-up/PAGE/again 3``). It goes
through the page from its beginning, as a walk does: it writes each file where the page shows it, and runs each command
but those that only look.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from walkthrough.page.itinerary import Itinerary
from walkthrough.page.lab import Version
from walkthrough.page.pages import Page
from walkthrough.page.steps import ApplyDiff, RunCommands, RunScript, Step, WriteFile
from walkthrough.publish.looks import ends_the_shell, only_looks
from walkthrough.publish.states import State

NAME = "again"
_HERE = 'eval "$_labs_text"'
"""How a command is run that the reader's shell is to keep, whatever it defines."""
_END = "END OF THE COMMAND"
"""A line that no command has."""
_BUILDS = re.compile(r"\bdocker (?:(?:buildx |image )?build|buildx bake|compose\b.*? (?:build|up))\b")
Place = Callable[[Version], str]
"""Returns where the text of a file is kept, below the folder of all pages."""
Texts = Mapping[tuple[str, int], Version]


class Again:
    """What a page, and those that it builds on, have done before each of its steps.

    Args:
        befores: the states of the page, in order.
        known: the files of the page and of those before it, as each fence leaves them.
        kept_at: where each text is kept.
    """

    def __init__(
        self, itinerary: Itinerary, befores: Sequence[State], known: Sequence[Version], kept_at: Place
    ) -> None:
        self._itinerary, self._befores, self._kept_at = itinerary, befores, kept_at
        self._texts: Texts = {(version.page.path, version.line): version for version in known}
        self._runs: dict[int, list[str]] = {}
        self._own = 0
        self.script = self._script()

    @property
    def leaves_something(self) -> bool:
        """Whether any command of the page itself is run again."""
        return bool(self._own)

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield the number of each step that runs something again, how many commands, and how many of them build."""
        for number, texts in self._runs.items():
            yield number, len(texts), sum(1 for text in texts if _BUILDS.search(text))

    def _script(self) -> str:
        page = self._itinerary.page
        head = Path(__file__).with_name("again.sh").read_text(encoding="utf-8").replace("PAGE", page.flat_name)
        lines = [head.rstrip("\n")]
        first = min((state.number for state in self._befores), default=1) - 1
        for other, steps in self._itinerary.before:
            inner = list(self._steps(other, steps, first, "exit 1"))
            if inner:
                lines += [
                    "",
                    f"# {other.name}, in a shell of its own",
                    "(",
                    "cd || exit 1",
                    *inner,
                    ") || ! _labs_forget || return 1",
                ]
        lines += ["", f"# {page.name}", "cd || return 1"]
        before = sum(map(len, self._runs.values()))
        number = first
        for step in self._itinerary.steps:
            now = max([first, *(state.number for state in self._befores if state.line <= step.fence.line)])
            if now != number:
                number = now
                lines += ["", f"_labs_goes_on {number} || return 0"]
            lines += self._steps(page, [step], number, "return 1")
        lines += ["", "_labs_end", ""]
        self._own = sum(map(len, self._runs.values())) - before
        return "\n".join(lines)

    def _steps(self, page: Page, steps: Sequence[Step], number: int, fails: str) -> Iterator[str]:
        for step in steps:
            if isinstance(step, WriteFile | ApplyDiff) and (version := self._texts.get((page.path, step.fence.line))):
                yield f"_labs_write {self._kept_at(version)} {shlex.quote(version.path)} || {fails}"
            elif isinstance(step, RunScript):
                yield from self._run(step.fence.text.removesuffix("\n"), step.exit_code, number, fails)
            elif isinstance(step, RunCommands) and not step.downloads:
                yield from self._commands(step, number, fails)

    def _commands(self, step: RunCommands, number: int, fails: str) -> Iterator[str]:
        for command in step.commands:
            if command.interrupts or only_looks(command.text) or ends_the_shell(command.text):
                continue
            if command.stays:
                # What is interrupted later leaves nothing; what ends by itself does.
                if not self._is_interrupted(step, command.line):
                    yield from self._text(command.text, number)
                    yield '( ( cd && eval "$_labs_text" ) >/dev/null 2>&1 </dev/null & )'
            else:
                how = '( cd && eval "$_labs_text" )' if step.terminal else _HERE
                yield from self._run(command.text, step.wanted(command, 0), number, fails, how)

    def _is_interrupted(self, step: RunCommands, line: int) -> bool:
        later = (
            command
            for other in self._itinerary.steps
            if isinstance(other, RunCommands) and other.terminal == step.terminal
            for command in other.commands
            if command.line > line
        )
        following = next(later, None)
        return following is not None and following.interrupts

    def _run(self, text: str, wanted: int, number: int, fails: str, how: str = _HERE) -> Iterator[str]:
        yield from self._text(text, number)
        yield how
        yield f"_labs_ended $? {wanted} || {fails}"

    def _text(self, text: str, number: int) -> Iterator[str]:
        self._runs.setdefault(number, []).append(text)
        yield f"_labs_reads <<'{_END}'\n{text}\n{_END}"
