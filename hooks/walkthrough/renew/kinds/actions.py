"""GitHub's actions: the commit of a release, and the release behind it as a remark."""
# ruff: noqa: ARG002 - all kinds are asked in one way

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from walkthrough.renew.asking import known
from walkthrough.renew.kind import Change, Kind, Pin, Renewal, Spot, newest_patch, series
from walkthrough.renew.place import Place

_USED = re.compile(r"uses: (?P<name>[\w.-]+/[\w.-]+)\S*@(?P<commit>[0-9a-f]{40}) # (?P<version>v[\w.]+)")


class Actions(Kind):
    """The tag is asked for its commit, so both are renewed."""

    name = "actions"
    where = "`uses: owner/name@commit # v1.2.3` in `.github/workflows/`"
    client = "`git ls-remote --tags`"

    def pins(self, place: Place, beside: Sequence[Place]) -> Iterator[Pin]:
        """Yield the actions of a workflow."""
        if place.path.startswith(".github/"):
            for found in _USED.finditer(place.text):
                spots = (Spot(place, *found.span("version")), Spot(place, *found.span("commit")))
                if series(found["version"]):
                    yield Pin(found["name"], found["version"], spots)

    def changes(self, place: Place, pins: Sequence[Pin], beside: Sequence[Place]) -> Iterator[Change]:
        """Yield a change for each action."""
        for pin in pins:
            told = known("git", "ls-remote", "--tags", f"https://github.com/{pin.name}")
            tags = {}
            for line in told.splitlines():  # that of an annotated tag comes later, with ^{}, and is the commit
                commit, _, name = line.partition("\trefs/tags/")
                tags[name.removesuffix("^{}")] = commit
            if new := newest_patch(pin.version, tags):
                version, commit_at = pin.spots
                edits = (version.place.edit(version.start, version.end, new),
                         version.place.edit(commit_at.start, commit_at.end, tags[new]))  # fmt: skip
                yield Change(self.name, (Renewal(pin.name, pin.version, new, place.path, version.line),), edits)
