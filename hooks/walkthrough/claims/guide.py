"""The tables of claims in the authoring guide, written from the claims themselves."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Of
from walkthrough.claims.registry import claims

_SETTINGS = "| `init`, `read_only` | not claims: how the containers are run |"
_ABOUT: tuple[tuple[Of, str], ...] = (
    ("image", ""),
    (
        "container",
        "Of a container that stands, `container: NAME`, or of each that a service of Compose has, `service: NAME`:",
    ),
    ("service", "Of a service of Compose alone. `project: NAME` says of which project, where there are several:"),
    ("network", "Of a network, `network: NAME`:"),
    ("volume", "Of a volume, `volume: NAME`:"),
    (
        "repository",
        "Of a repository in a registry, `repository: localhost:5000/NAME`; it is asked as the machine's user:",
    ),
    ("url", "Of a server that answers on the machine, `url: http://localhost:8080/`:"),
)


def table() -> str:
    """Return the tables as Markdown, without a final newline."""
    return "\n\n".join("\n".join(_part(of, words)) for of, words in _ABOUT)


def _part(of: Of, words: str) -> Iterator[str]:
    if words:
        yield from (words, "")
    yield from ("| Claim | What is measured |", "| --- | --- |")
    yield from (f"| `{claim.name}` | {claim.guide} |" for claim in claims().values() if claim.of == of)
    if of == "image":
        yield _SETTINGS
