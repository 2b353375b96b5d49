"""The lab's files as a reader of the page writes them: in the lab's folder, and never outside of it."""

from __future__ import annotations

from pathlib import Path

from walkthrough.errors import StepError
from walkthrough.page.expected import ANY_LINES, difference, matches
from walkthrough.page.patch import apply_patch

COURSE_FOLDER = "docker-labs"


class LabFiles:
    """The files of the lab whose folder is ``~/docker-labs/<lab>`` of ``home``; the folder is made.

    Args:
        home: without links in its path.
        lab: name of the lab, the folder that file paths are relative to.
    """

    def __init__(self, home: Path, lab: str) -> None:
        self.home = home
        self.lab = home / COURSE_FOLDER / lab
        self.lab.mkdir(parents=True, exist_ok=True)

    def _place(self, path: str) -> Path:
        """Return the absolute place of a lab path, refusing any that a link leads out of the lab."""
        place = self.lab / path
        try:
            inside = self.lab.resolve()
            leaves = inside != self.lab or not place.parent.resolve().is_relative_to(inside) or place.is_symlink()
        except (OSError, RuntimeError):  # links that lead to each other
            leaves = True
        if leaves:
            raise StepError(f"the file path '{path}' leaves the lab's folder through a link", "write to a plain folder")
        return place

    def write(self, path: str, text: str) -> None:
        """Write ``text`` to the lab file ``path``, making its folders.

        Raises:
            StepError: where the path leads out of the lab or cannot be written.
        """
        place = self._place(path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
            if text.startswith("#!"):
                place.chmod(0o755)
        except OSError as error:
            raise StepError(f"'{path}' cannot be written: {error.strerror}", "is a folder in the way?") from None

    def change(self, path: str, patch: str, first_line: int) -> None:
        """Apply a unified diff to the lab file ``path`` as it stands."""
        place = self._place(path)
        if not place.is_file():
            raise StepError(f"there is no '{path}' to change yet", "show the whole file first")
        try:
            text = place.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise StepError(f"'{path}' is no text any more", "show the whole file first") from None
        self.write(path, apply_patch(text, patch, first_line))

    def compare(self, path: str, fragment: str) -> None:
        """Compare a part of the lab file ``path`` with it as it stands; a line ``...`` stands for lines left out.

        Raises:
            StepError: where there is no such file, or no such lines in it.
        """
        place = self._place(path)
        if not place.is_file():
            raise StepError(
                f"there is no '{path}' yet, of which this is said to be a part", "show the whole file first"
            )
        part = fragment.removesuffix("\n").split("\n")
        whole = place.read_text(encoding="utf-8", errors="replace").removesuffix("\n").split("\n")
        if not matches([ANY_LINES, *part, ANY_LINES], whole):
            what = f"these lines are not in '{path}' as it stands"
            raise StepError(
                what, "show them as the last step left them", difference([ANY_LINES, *part, ANY_LINES], whole)
            )
