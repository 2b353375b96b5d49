"""Asking a server over HTTP, with a limit on all that it may take."""

from __future__ import annotations

import contextlib
import threading
import time

import requests

from walkthrough.claims.seen import Answer

_SHORTEST = 0.01

_BODY_LIMIT = 1 << 20
"""Bytes of a body that are read: no claim looks at more."""


def fetch(url: str, limit: float) -> Answer:
    """Return the answer to a GET, at most ``limit`` seconds and a megabyte of it; its ``seconds`` are nought.

    No proxy, no password file and no redirection plays a part: the server in the container is asked, nobody else.

    Raises:
        requests.RequestException: where nothing answers.
    """
    deadline = time.monotonic() + limit
    with requests.Session() as session:
        session.trust_env = False
        with session.get(url, timeout=limit, allow_redirects=False, stream=True) as response:
            # A body that trickles is cut off by closing its socket: a read waits for each part, not for all of them.
            watch = threading.Timer(max(_SHORTEST, deadline - time.monotonic()), _hang_up, [response])
            watch.daemon = True
            watch.start()
            body, whole = b"", True
            try:
                for part in response.iter_content(1 << 14):
                    body += part
                    if len(body) > _BODY_LIMIT or time.monotonic() > deadline:
                        whole = False
                        break
            except requests.RequestException:
                whole = False
            finally:
                watch.cancel()
            # Without a charset the header would have text taken for Latin-1, which nobody writes any more.
            named = response.encoding if "charset" in response.headers.get("Content-Type", "").lower() else None
            try:
                text = body.decode(named or "utf-8", errors="replace")
            except LookupError:
                text = body.decode(errors="replace")
            return Answer(response.status_code, text, 0.0, whole)


def _hang_up(response: requests.Response) -> None:
    with contextlib.suppress(OSError, ValueError):
        response.raw.shutdown()
