"""All kinds of pins, found in the files below ``kinds/``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from walkthrough.renew import kinds as files
from walkthrough.renew.kind import Kind


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind of pin by its name, in their order."""
    for module in pkgutil.iter_modules(files.__path__):
        importlib.import_module(f"{files.__name__}.{module.name}")
    made = sorted((kind() for kind in Kind.__subclasses__()), key=lambda kind: (kind.order, kind.name))
    return {kind.name: kind for kind in made}
