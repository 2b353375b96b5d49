"""The claim ``mounts``: what of a container is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from walkthrough.claims.claim import Claim, ImagePath, Lie
from walkthrough.claims.finding import Finding
from walkthrough.claims.standing import Containers, each

_FORM = r"^(volume [\w.-]+|volume|bind|tmpfs)( read-only)?$"


class MountsClaim(Claim[tuple[str, str]]):
    """Each path has a mount of that kind; ``volume`` alone is one of any name."""

    name, place, of = "mounts", 370, "container"
    schema = dict[ImagePath, Annotated[str, Field(pattern=_FORM)]]
    title = "mounts"
    guide = "what is mounted where: `{/data: volume numbers, /web.py: bind read-only, /tmp: tmpfs}`"
    many = True
    lie = Lie("mounts: {/data: volume numbers}", "claimed: has volume numbers at /data; measured: nothing")

    def measure(self, value: tuple[str, str], subject: Containers, key: str) -> Finding:
        """Look up what is at the path."""
        path, wanted = value
        kind, _, rest = wanted.partition(" ")

        def right(found: str) -> bool:
            words = found.split()
            any_volume = kind == "volume" and rest in ("", "read-only")
            return found == wanted or (any_volume and words[0] == "volume" and words[2:] == rest.split())

        hint = "docker run --volume or --mount, or 'volumes:' in the Compose file"
        claim = f"has {wanted} at {path}"
        return each(subject, key, claim, lambda one: one.mounts.get(path, "nothing"), right, hint)

    def mutants(
        self, value: tuple[str, str], finding: Finding, subject: Containers
    ) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield another path, the other way to mount, and another volume."""
        path, wanted = value
        yield "another path", (f"{path}-too", wanted)
        only = wanted.endswith(" read-only")
        yield "the other way to mount", (path, wanted.removesuffix(" read-only") if only else f"{wanted} read-only")
        yield "another volume", (path, "volume mutant")
