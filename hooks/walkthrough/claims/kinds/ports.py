"""The claim ``ports``: what the image exposes."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, call
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject

Ports = list[str | int]


class PortsClaim(Claim[Ports]):
    """The ports that the image exposes, each with its protocol; ``8080`` and ``8080/udp`` are two."""

    name, place = "ports", 40
    schema = Ports
    title = "exposes"
    guide = "what the image exposes, all of it: `8080`, or `53/udp`"
    lie = Lie("ports: [8080]", "claimed: exposes 8080/tcp; measured: 9090/tcp")
    shell = r"""
ports() {
    measured=$(setting '{{range $port, $_ := .Config.ExposedPorts}}{{println $port}}{{end}}' | sed '/^$/d' | sort | paste -s -d ' ' -)
    if [ "$measured" = "$1" ]; then
        good "exposes ${1:-no port}"
    else
        bad "exposes ${measured:-no port}, not ${1:-any}" "write EXPOSE in the last stage: ${1:-nothing}"
    fi
}
"""

    def measure(self, value: Ports, subject: Subject, key: str) -> Finding:
        """Compare with the configured ports."""
        ports, wanted = sorted(subject.image.setting("ExposedPorts") or {}), _named(value)
        claim = f"exposes {', '.join(wanted) or 'no port'}"
        return told(key, claim, ", ".join(ports) or "none", ports == wanted, "correct EXPOSE in the final stage")

    def mutants(self, value: Ports, finding: Finding, subject: Subject) -> Iterator[tuple[str, Ports]]:
        """Yield one port more, each port less, and each with the other protocol."""
        ports = _named(value)
        yield "one port more", [*ports, "1/tcp" if "1/tcp" not in ports else "2/tcp"]
        for port in ports:
            others = [other for other in ports if other != port]
            number, _, protocol = port.partition("/")
            yield f"without {port}", [*others]
            other = f"{number}/{'udp' if protocol == 'tcp' else 'tcp'}"
            if other not in ports:
                yield f"{other} for {port}", [*others, other]

    def calls(self, value: Ports) -> Iterator[str]:
        """Yield the script's call."""
        yield call("ports", " ".join(_named(value)))


def _named(ports: Ports) -> list[str]:
    return sorted({str(port) if "/" in str(port) else f"{port}/tcp" for port in ports})
