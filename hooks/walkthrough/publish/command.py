"""A file, or a change to one, as the command that makes it: a here-document, for whoever has a shell and no editor."""

from __future__ import annotations

import difflib
import re
import shlex
import string
from dataclasses import dataclass
from pathlib import PurePosixPath

from walkthrough.walk.labfiles import COURSE_FOLDER

_NO_END = "\\ No newline at end of file"


@dataclass(frozen=True)
class Command:
    """What stands before a text and after it, so that the three together are a command; the text stays as it is."""

    before: str
    after: str

    def of(self, text: str) -> str:
        """Return the whole command; ``text`` must be the one that this was made for."""
        return self.before + text + self.after


def writing(lab: str, path: str, text: str) -> Command:
    """Return the command by which bash and any POSIX shell write ``text`` to the file ``path`` of a reader's lab.

    It makes the file's folder, and lets a script be run, as the walk does. What a shell would take for its own is safe
    behind a quoted delimiter. A here-document ends with a line's end; where the text has none, the shell drops that.
    """
    place, folder = _at_home(lab, path), _at_home(lab, str(PurePosixPath(path).parent))
    end = _delimiter(text)
    runs = f" && chmod +x {place}" if text.startswith("#!") else ""
    if text and not text.endswith("\n"):
        return Command(f"mkdir -p {folder} && printf %s \"$(cat <<'{end}'\n", f'\n{end}\n)" >{place}{runs}')
    return Command(f"mkdir -p {folder} && cat >{place} <<'{end}'{runs}\n", end)


def changing(lab: str, path: str, before: str, after: str) -> Command:
    """Return the command by which ``patch`` makes ``after`` of a file of a reader's lab that is ``before``, or nearly.

    It is the whole of it: a page shows a change without the line numbers that ``patch`` goes by.
    """
    name = PurePosixPath(path).name
    lines = difflib.unified_diff(_lines(before), _lines(after), name, name)
    diff = "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}\n" for line in lines)
    end = _delimiter(diff)
    return Command(f"patch {_at_home(lab, path)} <<'{end}'\n{diff}", end)


def _lines(text: str) -> list[str]:
    """Return the lines of a text as ``patch`` sees them: a line feed alone ends one."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _at_home(lab: str, path: str) -> str:
    """Return a lab path as a shell's word; the tilde is left to the shell."""
    return f"~/{shlex.quote(PurePosixPath(COURSE_FOLDER, lab, path).as_posix())}"


def _delimiter(text: str) -> str:
    """Return a word that is no line of the text.

    dash (0.5.12) drops a byte where a line begins as the word does and goes on with a letter that is not ASCII.
    """
    lines = set(text.split("\n"))
    taken = {line[0] for line in lines if not line.isascii()}
    first = next((letter for letter in "E" + string.ascii_letters if letter not in taken), "E")
    end = "EOF" if first == "E" else f"{first}_EOF"
    while end in lines:
        end += "_"
    return end
