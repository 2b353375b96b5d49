"""The claim ``healthy``: how soon Docker calls a container healthy."""

from __future__ import annotations

import math
from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Duration, Lie, call
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.kinds.http import PATIENCE
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit

HEALTH_LIMIT = 120.0
"""Seconds after which nobody waits for a verdict on a container's health."""


class HealthyClaim(Claim[Limit]):
    """The time from starting the container until Docker calls it healthy."""

    name, place = "healthy", 130
    schema = Duration
    title = "becomes healthy"
    guide = "how long Docker takes to call it healthy"
    how = "from starting the container until Docker calls it healthy"
    lie = Lie("healthy: 2 s", "the last probe said: exit code 1", image="sick")
    shell = r"""
healthy() {
    start || return
    began=$(date +%s)
    while :; do
        health=$(state '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}')
        took=$(($(date +%s) - began))
        case $health in
            healthy)
                good "becomes healthy ($took s)"
                return
                ;;
            none)
                bad "it has a health check" "write a HEALTHCHECK line; in an image without a shell, let the program check itself"
                return
                ;;
        esac
        if [ "$health" = unhealthy ] || [ "$took" -gt "$1" ]; then
            said=$(state '{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{println}}{{end}}' | sed '/^$/d' | tail -n 1)
            [ -z "$said" ] || said="the last probe said: $said"
            bad "becomes healthy within $1 s" "${said:-no probe has ended yet: shorten --interval or --start-interval}"
            return
        fi
        pause
    done
}
"""

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Watch the shared container."""
        container = subject.server
        seconds = container.health("healthy", min(HEALTH_LIMIT, value.bound * PATIENCE + 5))
        hint = "" if seconds is not None else f"it never did; the last probe said: {container.last_probe()}"
        return judged(key, "becomes healthy within", value, seconds, hint)

    def waits(self, value: Limit) -> bool:
        """Return that Docker probes every few seconds."""
        del value
        return True

    def calls(self, value: Limit) -> Iterator[str]:
        """Yield the script's call."""
        yield call("healthy", math.ceil(value.bound))
