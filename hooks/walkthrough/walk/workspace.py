"""The workspace of one walk: a home of its own, and the lab's files as its reader would write them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

from walkthrough.files import remove_tree
from walkthrough.walk.labfiles import LabFiles


class Workspace(LabFiles):
    """A fresh home with ``~/docker-labs/<lab>`` in it; removed on leaving, whatever happened.

    Args:
        parent: folder to make it in.
        lab: name of the lab.
    """

    def __init__(self, parent: Path, lab: str) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        self.root = Path(tempfile.mkdtemp(prefix="walk-", dir=parent)).resolve()
        super().__init__(self.root / "home", lab)
        self.tools = self.root / "tools"
        self.temporary = self.root / "tmp"
        for folder in (self.tools, self.temporary):
            folder.mkdir()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove_tree(self.root)
