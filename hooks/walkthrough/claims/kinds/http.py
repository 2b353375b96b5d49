"""The claim ``http``: what the running container answers."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator

from pydantic import Field

from walkthrough.claims.claim import Claim, Duration, Lie, Strict, call, within
from walkthrough.claims.finding import Finding, judged, told
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit

READY_LIMIT = 30.0
"""Seconds in which a server must answer as claimed where no limit is named: a JVM on a small machine takes ten."""
_FEW = 5
"""Seconds that the reader's script asks in any case."""
PATIENCE = 2.0
"""A limit that is missed is waited for this many times longer, so that the finding can say by how much."""


class Request(Strict):
    """An HTTP request to the running container, and what it must answer."""

    path: str = Field(pattern=r"^/")
    status: int = Field(default=200, ge=100, le=599)
    contains: str | None = None
    within: Duration | None = None
    """Time from starting the container to the first such answer."""
    port: int | None = Field(default=None, ge=1, le=65535)


class HttpClaim(Claim[Request]):
    """Each request is answered as claimed. It is asked again until it is, or until the limit is over."""

    name, place = "http", 110
    schema = list[Request]
    title = "answers HTTP"
    guide = "answers of a running container: `status`, `contains`, `within`, `port`; asked until they are so, or the limit is over"
    how = "from starting the container to the first such answer"
    many = True
    lie = Lie("http: [{path: /nowhere, port: 8080}]", "claimed: GET /nowhere answers 200; measured: 404")
    shell = r"""
answers() {
    if ! command -v curl >/dev/null; then
        printf '  -     GET %s: not asked, as there is no curl\n' "$1"
        return
    fi
    serving "$1" || return
    usual=$port
    [ -z "$4" ] || port=$(docker port "$container" "$4/tcp" | sed -n '1s/.*://p')
    until_so "$1" "$2" "$3" "${5:-}"
    port=$usual
    if [ "$status" != "$2" ]; then
        bad "GET $1 answers $status, not $2" "look at its output: docker logs"
    elif ! says "$3"; then
        bad "GET $1 answers without \"$3\"" "it says: $(head -c 80 "$work/body")"
    else
        good "GET $1 answers $2"
    fi
}
"""

    def measure(self, value: Request, subject: Subject, key: str) -> Finding:
        """Ask the shared container."""
        claim = f"GET {value.path} answers {value.status}"
        claim += f" with “{value.contains}”" if value.contains is not None else ""
        limit = value.within.bound * PATIENCE + 1 if value.within else READY_LIMIT
        container = subject.server
        answer = container.answer(value.path, value.port, limit, value.status, value.contains)
        if answer is None:
            hint = f"no answer in {limit:.0f} s\n{container.logs()}"
            if value.within:
                return judged(key, f"{claim} within", value.within, None, hint)
            return Finding(key, claim, None, "seconds", False, hint)  # late: where others work, a start takes longer
        if answer.status != value.status or (value.contains or "") not in answer.body:
            cut = "" if answer.whole else ", and goes on for ever"
            return told(
                key, claim, str(answer.status), False, f"it answered {answer.status}: {answer.body[:200]!r}{cut}"
            )
        if value.within:
            return judged(key, f"{claim} within", value.within, answer.seconds, "the start is slow")
        return told(key, claim, str(answer.status), True)

    def mutants(self, value: Request, finding: Finding, subject: Subject) -> Iterator[tuple[str, Request]]:
        """Yield another status, another text, a port that nobody exposes, and the times that are false."""
        other = 404 if value.status != 404 else 200
        yield f"status: {other}", value.model_copy(update={"status": other})
        if value.contains is not None:
            yield "another text", value.model_copy(update={"contains": f"{value.contains} {uuid.uuid4().hex}"})
        exposed = subject.image.setting("ExposedPorts") or {}
        unknown = next(port for port in range(1, 65536) if f"{port}/tcp" not in exposed)
        yield f"port: {unknown}", value.model_copy(update={"port": unknown})
        yield from within(value, finding)

    def limits(self, value: Request) -> Iterator[Limit]:
        """Yield the time."""
        if value.within:
            yield value.within

    def calls(self, value: Request) -> Iterator[str]:
        """Yield the script's call."""
        longer = [math.ceil(value.within.bound)] if value.within and value.within.bound > _FEW else []
        yield call("answers", value.path, value.status, value.contains or "", value.port or "", *longer)
