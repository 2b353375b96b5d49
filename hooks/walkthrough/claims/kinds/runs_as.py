"""The claim ``runs_as``: whose process a container is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding
from walkthrough.claims.kinds.user import NOT_ROOT
from walkthrough.claims.standing import Containers, each

Numbers = Annotated[str, Field(pattern=rf"^(\d+:\d+|{NOT_ROOT})$")]


class RunsAsClaim(Claim[str]):
    """User and group of the first process, as the kernel has them (proc, /proc/PID/status)."""

    name, place, of = "runs_as", 360, "container"
    schema = Numbers
    title = "user of its first process"
    guide = 'user and group of its first process, as the kernel has them: `"65532:65532"`, or `not root`'
    lie = Lie("runs_as: not root", "claimed: runs as any user but root; measured: 0:0")

    def measure(self, value: str, subject: Containers, key: str) -> Finding:
        """Compare the numbers; where nothing runs, nothing holds."""

        def right(found: str) -> bool:
            return found == value or (value == NOT_ROOT and found[:1].isdigit() and not found.startswith("0:"))

        claim = f"runs as {'any user but root' if value == NOT_ROOT else value}"
        hint = "USER in the Dockerfile, docker run --user, or 'user:' in the Compose file"
        return each(subject, key, claim, lambda one: one.user or "nothing runs", right, hint)

    def mutants(self, value: str, finding: Finding, subject: Containers) -> Iterator[tuple[str, str]]:
        """Yield root for others, and others for root."""
        yield "another user", "4242:4242" if value != "4242:4242" else "4243:4242"
        yield ("runs_as: not root", NOT_ROOT) if value == "0:0" else ("runs_as: 0:0", "0:0")
