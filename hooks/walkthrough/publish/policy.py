"""A Content-Security-Policy for each page: its own origin, and the inline scripts that it was built with, by hash."""

from __future__ import annotations

import base64
import hashlib
import re

_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_HEAD = re.compile(r"<meta charset=[^>]*>", re.IGNORECASE)


def with_policy(html: str) -> str:
    """Return a page with its policy as the first thing that its head says.

    See https://www.w3.org/TR/CSP3/ for the words. Frames are of this origin alone: without a server, the search runs in
    one. Data addresses are allowed for images, which the theme's icons are.
    """
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *_hashes(_SCRIPT, html)]),
        "style-src": " ".join(["'self'", *_hashes(_STYLE, html)]),
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "frame-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    policy = "; ".join(f"{name} {value}" for name, value in rules.items())
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return _HEAD.sub(lambda found: found[0] + meta, html, count=1)


def _hashes(inline: re.Pattern[str], html: str) -> list[str]:
    texts = dict.fromkeys(found[1] for found in inline.finditer(html))
    return [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]
