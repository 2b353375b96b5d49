"""Links to other labs in prerequisites carry the sections of these labs, so that a browser can say how much is done."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlsplit

_SECTION = re.compile(r'<h2 id="prerequisites".*?(?=<h2[ >]|</article>)', re.DOTALL)
_ITEM = re.compile(r"<li>.*?</li>", re.DOTALL)
_LINK = re.compile(r'<a href="([^"]+)"')
_FIRST = "/index.html"


def with_sections(html: str, url: str, sections: Mapping[str, Sequence[str]]) -> str:
    """Return a page whose prerequisites know the labs that they lead to; without a script they are plain links.

    Args:
        html: the whole page.
        url: its address, from the site's root.
        sections: of each page that has boxes to tick, by its address: the identities of their headings.
    """

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(url), urlsplit(found[1]).path))
        lab = target.removesuffix(_FIRST) + "/"
        known = {page.removeprefix(lab): ids for page, ids in sections.items() if page.startswith(lab)}
        if not target.endswith(_FIRST) or not known or url.startswith(lab):
            return found[0]
        return f'{found[0]} data-sections="{escape(json.dumps(known, separators=(",", ":")))}"'

    def item(found: re.Match[str]) -> str:
        return _LINK.sub(link, found[0])

    return _SECTION.sub(lambda section: _ITEM.sub(item, section[0]), html, count=1)
