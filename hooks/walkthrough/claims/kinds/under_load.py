"""The claim ``under_load``: what is lost of a steady stream of requests, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from walkthrough.claims.claim import Claim, Count, Lie, Strict
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.standing import Address
from walkthrough.units import Limit


class Load(Strict):
    """So many requests a second, each by a connection of its own, for some seconds and until the command has ended."""

    rate: Annotated[int, Field(gt=0, le=50)]
    seconds: Annotated[int, Field(gt=0, le=60)]
    lost: Count
    meanwhile: str = ""


class UnderLoadClaim(Claim[Load]):
    """Requests that get no answer, half an answer, or one that is not what was asked for (a status other than 2xx)."""

    name, place, of = "under_load", 500, "url"
    schema = Load
    title = "under load"
    guide = (
        "how many requests are `lost`, of `rate` a second for `seconds`: no answer for long, half an answer, or a status"
        " other than 2xx; `meanwhile` is a command that is run in the middle"
    )
    lie = Lie("under_load: {rate: 20, seconds: 1, lost: '>= 1'}", "claimed: under 20 requests a second for 1 s, lost")

    def measure(self, value: Load, subject: Address, key: str) -> Finding:
        """Ask, and count what is lost."""
        seen = subject.load(value.rate, value.seconds, value.meanwhile)
        beside = f" and '{value.meanwhile}'" if value.meanwhile else ""
        words = f"under {value.rate} requests a second for {value.seconds} s{beside}, lost"
        return judged(key, words, value.lost, seen.lost, f"of {seen.asked}; the first: {seen.why}" if seen.lost else "")

    def mutants(self, value: Load, finding: Finding, subject: Address) -> Iterator[tuple[str, Load]]:
        """Yield the opposite: how many are lost may differ from time to time, but never on which side of the limit."""
        limit = value.lost
        if limit.at_least:
            yield "fewer are lost", value.model_copy(update={"lost": Limit(limit.bound - 1, False, limit.kind)})
        else:
            yield "more are lost", value.model_copy(update={"lost": Limit(limit.bound + 1, True, limit.kind)})
