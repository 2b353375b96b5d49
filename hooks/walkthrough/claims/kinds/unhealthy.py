"""The claim ``unhealthy``: how soon Docker notices that the server hangs."""

from __future__ import annotations

from walkthrough.claims.claim import Claim, Duration, Lie
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.kinds.healthy import HEALTH_LIMIT
from walkthrough.claims.kinds.http import PATIENCE, READY_LIMIT
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit


class UnhealthyClaim(Claim[Limit]):
    """The time to turn unhealthy after the server has been frozen by SIGSTOP, probed twice a second, one failure enough.

    A health check that stays healthy then does not look at the server at all. The image's own interval and retries are
    not waited for: with them Docker takes ``retries`` times as long as an interval and a probe.
    """

    name, place = "unhealthy", 150
    schema = Duration
    title = "turns unhealthy when the server hangs, probed twice a second"
    guide = (
        "whether its health check notices that it hangs, and how soon: the first process is frozen, and the others too"
        " if an image of the page has a shell. It is probed twice a second, and one failure is enough; with the image's"
        " own interval and retries it takes longer"
    )
    lie = Lie("unhealthy: 2 s", "its health check passes though the server does not answer")

    def waits(self, value: Limit) -> bool:
        """Return that Docker takes several probes to call it so."""
        del value
        return True

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Freeze the server of a container of its own, and watch."""
        with subject.started(fast_probes=True) as container:
            words = "turns unhealthy when the server hangs, probed twice a second and one failure enough, within"
            if container.health("healthy", READY_LIMIT) is None:
                return judged(key, words, value, None, f"it never became healthy\n{container.last_probe()}")
            container.freeze()
            seconds = container.health("unhealthy", min(HEALTH_LIMIT, value.bound * PATIENCE + 5))
        return judged(key, words, value, seconds, "its health check passes though the server does not answer")
