"""The claim ``memory_limit``: how much memory a container may take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_WRITTEN = re.compile(r"(?P<number>\d+)(?P<unit>[bkmg])?|none")


def _bytes(written: str) -> int:
    found = _WRITTEN.fullmatch(written)
    assert found
    return 0 if written == "none" else int(found["number"]) * _UNITS[found["unit"] or "b"]


def _as_docker_writes_it(written: str) -> str:
    if not _WRITTEN.fullmatch(written) or (written != "none" and not _bytes(written)):
        raise ValueError(
            f"'{written}' is no limit of memory; write it as 'docker run --memory' takes it, such as 64m, or none"
        )
    return written


def _told(size: int) -> str:
    unit = next((unit for unit in "gmk" if size and size % _UNITS[unit] == 0), "b")
    return f"{size // _UNITS[unit]}{unit}" if size else "none"


Written = Annotated[str, BeforeValidator(str), AfterValidator(_as_docker_writes_it)]


class MemoryLimitClaim(Claim[str]):
    """The limit in bytes, exactly; units are Docker's, powers of 1024 (docker run, --memory)."""

    name, place, of = "memory_limit", 350, "container"
    schema = Written
    title = "limit of memory"
    guide = "how much memory it may take, as `docker run --memory` takes it: `64m`, or `none`"
    lie = Lie("memory_limit: 64m", "claimed: limit of memory 64m; measured: none")

    def measure(self, value: str, subject: Containers, key: str) -> Finding:
        """Compare the numbers of bytes."""
        limit = _told(_bytes(value))
        hint = "docker run --memory, or 'mem_limit:' in the Compose file"
        return each(subject, key, f"limit of memory {limit}", lambda one: _told(one.memory_limit), limit.__eq__, hint)

    def mutants(self, value: str, finding: Finding, subject: Containers) -> Iterator[tuple[str, str]]:
        """Yield one byte more, one less, and none."""
        size = _bytes(value)
        yield "one byte more", f"{size + 1}b"
        if size:
            yield "no limit", "none"
        if size > 1:
            yield "one byte less", f"{size - 1}b"
