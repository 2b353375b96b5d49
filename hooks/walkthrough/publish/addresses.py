"""The course's own addresses, where its settings name them: of the site, of the repository, of a codespace."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from markupsafe import escape

SITE, REPOSITORY, CODESPACE = "THE_SITE", "THE_REPOSITORY", "THE_CODESPACE"
_FORGE = "github.com"
"""Whose repositories can be opened in a codespace."""
_OFFERED = re.compile(rf"<p>(?:(?!</p>).)*{CODESPACE}.*?</p>\n?", re.DOTALL)


def with_addresses(html: str, site: str, repository: str) -> str:
    """Return a page's HTML with the course's addresses in place of their names.

    Without a setting the name stays, for the reader to fill in, and the offer of a codespace is left out.

    Args:
        site: the address of the published site (``site_url``), or an empty text.
        repository: the address of its source (``repo_url``), or an empty text.
    """
    place = urlsplit(repository)
    if place.hostname == _FORGE:
        html = html.replace(CODESPACE, str(escape(f"https://codespaces.new{place.path.rstrip('/')}")))
    elif CODESPACE in html:  # most pages have none, and are not searched paragraph by paragraph
        html = _OFFERED.sub("", html)
    for name, address in ((SITE, site), (REPOSITORY, repository)):
        if address:
            html = html.replace(name, str(escape(address.rstrip("/"))))
    return html
