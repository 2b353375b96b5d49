"""The table of claims in the authoring guide, written from the claims themselves."""

from __future__ import annotations

from walkthrough.claims.registry import claims

_SETTINGS = "| `init`, `read_only` | not claims: how the containers are run |"


def table() -> str:
    """Return the table as Markdown, without a final newline."""
    rows = [f"| `{claim.name}` | {claim.guide} |" for claim in claims().values()]
    return "\n".join(["| Claim | What is measured |", "| --- | --- |", *rows, _SETTINGS])
