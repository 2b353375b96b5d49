"""How much the memory saves: a fresh run of all pages against a remembered one, as a ratio of the same machine."""

from __future__ import annotations

import time

from walkthrough.course import read_course
from walkthrough.project import Project
from walkthrough.report import Progress
from walkthrough.verify import Options, verify


def seconds(fresh: bool) -> float:
    """Return the time of one run."""
    started = time.monotonic()
    run = verify(read_course(Project.find()), [], Progress(), Options(fresh=fresh))
    assert run.passed, run.problems
    return time.monotonic() - started


if __name__ == "__main__":
    walked, remembered = seconds(fresh=True), seconds(fresh=False)
    print(f"walked {walked:.1f} s, remembered {remembered:.2f} s: {walked / remembered:.0f} times faster")
