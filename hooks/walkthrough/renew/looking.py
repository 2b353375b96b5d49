"""Looking for what is to be renewed: every kind at every place, and who gave no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from walkthrough.errors import WalkthroughError
from walkthrough.renew.asking import UnaskedError
from walkthrough.renew.kind import Change, Kind, Pin
from walkthrough.renew.place import Edit, Place
from walkthrough.renew.registry import kinds


@dataclass(frozen=True)
class Looked:
    """What looking came to: how many pins there are by kind, and the changes that renew some.

    ``unasked`` says of which pins nobody could be asked, and why; ``nobody`` of which kinds there is nobody to ask.
    """

    pins: dict[str, int]
    changes: tuple[Change, ...]
    unasked: tuple[str, ...]
    nobody: tuple[str, ...]


def chosen_kinds(names: Iterable[str]) -> list[Kind]:
    """Return the kinds of these names; all where none is named.

    Raises:
        WalkthroughError: for a name that is none.
    """
    wanted = list(names)
    for name in wanted:
        if name not in kinds():
            raise WalkthroughError(f"no kind of pin is called '{name}'; there are: {', '.join(kinds())}")
    return [kind for name, kind in kinds().items() if not wanted or name in wanted]


def look(groups: Iterable[list[Place]], wanted: Iterable[Kind], say: Callable[[str], None]) -> Looked:
    """Look at all places for pins of the wanted kinds, and ask for newer releases of them.

    A version is of one kind only: of the first that sees it, whether that is wanted or not.
    """
    wanted = list(wanted)
    unasked: dict[str, str] = {}
    found = [row for group in groups for row in _found(group, wanted, unasked)]
    counts = {kind.name: sum(len(pins) for one, _, pins, _ in found if one is kind) for kind in wanted}
    changes: list[Change] = []
    nobody: list[str] = []
    for kind in wanted:
        mine = [row[1:] for row in found if row[0] is kind]
        if not mine:
            continue
        if kind.unasked:
            nobody.append(f"{kind.name}, {counts[kind.name]} pins: {kind.unasked}")
            continue
        say(f"asking for newer releases: {kind.name} ({counts[kind.name]})")
        for place, pins, group in mine:
            for asked in [pins] if kind.together else [[pin] for pin in pins]:
                try:
                    changes += kind.changes(place, asked, group)
                except (UnaskedError, OSError, ValueError, KeyError) as error:
                    what = asked[0].name if len(asked) == 1 else f"{len(asked)} pins"
                    where = f"{place.path}:{asked[0].spots[0].line}"
                    unasked.setdefault(f"could not ask for {kind.name}, {what}: {error}", where)
    told = tuple(f"{where}: {why}" for why, where in unasked.items())
    return Looked(counts, tuple(changes), told, tuple(nobody))


def _found(
    group: list[Place], wanted: list[Kind], unasked: dict[str, str]
) -> Iterator[tuple[Kind, Place, list[Pin], list[Place]]]:
    """Yield the wanted kinds' pins at each of the places that belong together."""
    taken = set[Edit]()
    for kind in kinds().values():
        for place in group:
            if kind.evidence != place.path.endswith(".json"):
                continue
            pins = []
            for pin in kind.pins(place, group):
                try:
                    spots = {spot.place.edit(spot.start, spot.end, "") for spot in pin.spots}
                except ValueError as error:
                    unasked[f"could not ask for {kind.name}, {pin.name}: {error}"] = f"{place.path}:{place.first}"
                    continue
                if not taken & spots:
                    pins.append(pin)
                    taken |= spots
            if pins and kind in wanted:
                yield kind, place, pins, group
