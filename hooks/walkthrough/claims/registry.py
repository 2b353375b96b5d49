"""All kinds of claims, found in the files below ``kinds/``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from walkthrough.claims import kinds
from walkthrough.claims.claim import Claim, Of


@cache
def claims() -> dict[str, Claim[Any]]:
    """Return every kind of claim by its name, in their order."""
    for module in pkgutil.iter_modules(kinds.__path__):
        importlib.import_module(f"{kinds.__name__}.{module.name}")
    made = sorted((kind() for kind in Claim.__subclasses__()), key=lambda claim: (claim.place, claim.name))
    return {claim.name: claim for claim in made}


def claims_of(of: Of) -> dict[str, Claim[Any]]:
    """Return the kinds of claims that can be made of such a thing, by name; of a service also those of containers."""
    kinds: tuple[Of, ...] = ("service", "container") if of == "service" else (of,)
    return {name: claim for name, claim in claims().items() if claim.of in kinds}


def claim_of(key: str) -> Claim[Any] | None:
    """Return the kind of the claim ``key`` such as ``stops.0``; None for one that this version does not know."""
    return claims().get(key.partition(".")[0])
