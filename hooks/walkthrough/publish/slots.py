"""Slots of a previewed page: places that hear of verdicts, so that an open page needs no new build.

To build the site anew takes the generator seconds. So each page of a preview has slots, and a script that asks this
room for what is to stand in them; what is built later says the same.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import Markup

_ADDRESS = "/walk-verdict/"
_PATIENCE = 20.0
"""Seconds that a question for the next verdict stays open; browsers and proxies give up after a minute or so."""
_SCRIPT = """<script>
(async () => {
  for (let seen = %(seen)d;;) {
    try {
      const answer = await fetch("%(address)s" + seen);
      if (answer.status !== 200) continue;
      const told = await answer.json();
      seen = told.number;
      const parts = told.pages[%(page)s] ?? {};
      for (const slot of document.querySelectorAll("walk-slot")) {
        if (slot.id in parts) slot.innerHTML = parts[slot.id];
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
})();
</script>"""
Parts = dict[str, str]
"""What is to stand in the slots of a page: HTML by the slot's name."""


def slot(name: str, html: str) -> str:
    """Return a place in a previewed page whose content a verdict may change."""
    return str(Markup('<walk-slot id="slot-{}">{}</walk-slot>').format(name, Markup(html)))


class Verdicts:
    """The verdicts of a preview, each with a number; whoever asks for a newer one waits for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._pages: dict[str, Parts] = {}

    def tell(self, page: str, parts: Parts) -> None:
        """Give the slots of ``page`` a new content."""
        with self._changed:
            self._number += 1
            self._pages[page] = {f"slot-{name}": html for name, html in parts.items()}
            self._changed.notify_all()

    @property
    def number(self) -> int:
        """The number of the newest verdict."""
        with self._changed:
            return self._number

    def script(self, page: str, seen: int) -> str:
        """Return the script by which the built page ``page`` hears of verdicts that are newer than number ``seen``."""
        return _SCRIPT % {"seen": seen, "address": _ADDRESS, "page": json.dumps(page)}

    def answering(self, site: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """Return a WSGI application that answers questions for verdicts, and leaves all others to ``site``."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = str(environ.get("PATH_INFO", ""))
            if not path.startswith(_ADDRESS):
                return site(environ, start_response)
            seen = path.removeprefix(_ADDRESS)
            with self._changed:
                newer = seen.isdecimal() and self._changed.wait_for(lambda: self._number > int(seen), _PATIENCE)
                told = json.dumps({"number": self._number, "pages": self._pages}).encode()
            start_response("200 OK" if newer else "204 No Content", [("Content-Type", "application/json")])
            return [told] if newer else []

        return application
