"""The claim ``stops``: how the container ends when it is sent a signal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from walkthrough.claims.claim import Claim, Duration, Lie, Strict, call, within
from walkthrough.claims.finding import Finding, judged, told
from walkthrough.claims.kinds.exec_form import SHELLS
from walkthrough.claims.seen import GRACE_PERIOD, End, Subject
from walkthrough.units import Limit, time_text

_SIGNALS = frozenset(
    [
        "HUP",
        "INT",
        "QUIT",
        "ILL",
        "TRAP",
        "ABRT",
        "BUS",
        "FPE",
        "USR1",
        "SEGV",
        "USR2",
        "PIPE",
        "ALRM",
        "TERM",
        "STKFLT",
        "CHLD",
        "CONT",
        "TSTP",
        "TTIN",
        "TTOU",
        "URG",
        "XCPU",
        "XFSZ",
        "VTALRM",
        "PROF",
        "WINCH",
        "IO",
        "PWR",
        "SYS",
    ]
)
"""Signals of Linux that a program can handle (signal(7))."""
_REAL_TIME = {f"RTMIN+{n}" for n in range(1, 16)} | {f"RTMAX-{n}" for n in range(1, 15)}
"""The real-time signals that the engine knows by name (moby/sys/signal)."""


def _signal(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    name = value.upper().removeprefix("SIG")
    if name not in _SIGNALS | _REAL_TIME:
        raise ValueError(f"'{value}' is no signal that a program can handle; write one such as SIGTERM or SIGQUIT")
    return f"SIG{name}"


ExitCode = Annotated[int, Field(ge=0, le=255)]
ExitCodes = Annotated[
    tuple[ExitCode, ...], BeforeValidator(lambda value: value if isinstance(value, list) else [value])
]


class Stop(Strict):
    """How the container ends when it is sent a signal, as ``docker stop`` sends it (10 s of grace)."""

    signal: Annotated[str | None, BeforeValidator(_signal)] = None
    """Without one it is what ``docker stop`` would send: the image's STOPSIGNAL, else SIGTERM."""
    exit: ExitCodes = (0,)
    """Exit code, or several that are equally good."""
    within: Duration
    during: str | None = Field(default=None, pattern=r"^/")
    """Path of a slow request that is under way when the signal comes."""
    request: Literal["finished", "lost"] = "finished"
    """What becomes of that request: answered with 200, or cut off."""


class StopsClaim(Claim[Stop]):
    """Exit code and time, and what becomes of a request under way."""

    name, place = "stops", 140
    schema = list[Stop]
    title = "stops on a signal"
    guide = (
        "how `docker stop` ends it, or another `signal`: the exit code (or several), the time; `during: /slow` puts a"
        " request under way"
    )
    how = "from the signal to the end of the container"
    many = True
    lie = Lie("stops: [{exit: [0, 143], within: 1 s}]", "measured: exit code 137 after")
    shell = r"""
# stops SIGNAL "EXIT CODES" SECONDS [PATH finished|lost]; without a signal, the one that the image names.
stops() {
    command -v curl >/dev/null || { printf '  -     stops: not tried, as there is no curl\n'; return; }
    start && ready || return
    signal=${1:-$(setting '{{.Config.StopSignal}}')}
    signal=${signal:-SIGTERM}
    first=$(docker top "$container" -o pid,args 2>/dev/null | sed -n '2s/^ *[0-9]* *//p')
    if [ -n "${4:-}" ]; then
        curl --noproxy '*' --silent --max-time 30 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port$4" >"$work/during" 2>/dev/null &
        asking=$!
        sleep 1
        if [ -s "$work/during" ]; then # curl writes the status last
            wait "$asking"
            bad "the request for $4 is under way when the signal comes" "it was answered at once: it must take a second or two"
            return
        fi
    fi
    began=$(date +%s)
    docker kill --signal "$signal" "$container" >/dev/null
    while [ "$(state '{{.State.Running}}')" = true ] && [ $(($(date +%s) - began)) -lt 10 ]; do pause; done
    took=$(($(date +%s) - began))
    [ "$took" -lt 10 ] || docker kill "$container" >/dev/null 2>&1
    docker wait "$container" >/dev/null
    code=$(state '{{.State.ExitCode}}')
    claim="$signal: exit code $code after $took s"
    if [ -n "${4:-}" ]; then
        fate=lost
        wait "$asking" && [ "$(cat "$work/during")" = 200 ] && fate=finished
        claim="$claim, the request for $4 under way was $fate"
    fi
    case " $2 " in
        *" $code "*) right=yes ;;
        *) right=no ;;
    esac
    if [ "$took" -ge 10 ] && [ "$right" = no ]; then
        case $first in
            sh\ * | */sh\ * | bash\ * | */bash\ *)
                bad "$claim" "exit $code after 10 s: PID 1 is a shell ($first); use the exec form" ;;
            *) bad "$claim" "exit $code after 10 s: PID 1 ($first) does not handle $signal; install a handler that ends the program" ;;
        esac
    elif [ $right = no ] && [ "$code" -gt 128 ]; then
        bad "$claim, not $2" "the signal killed the program; handle $signal, finish what is under way, then end"
    elif [ $right = no ]; then
        bad "$claim, not $2" "PID 1 is $first: is that your server, or something that starts it?"
    elif [ "$took" -gt $(($3 + 1)) ]; then
        bad "$claim, the limit is $3 s" "what does it wait for? Close idle connections"
    elif [ -n "${5:-}" ] && [ "$fate" != "$5" ]; then
        bad "$claim" "on $signal, take no new requests, answer the old ones, then end"
    else
        good "$claim"
    fi
}
"""

    def waits(self, value: Stop) -> bool:
        """Return whether the grace period may run out. A quick end is measured with as little beside it as can be."""
        return value.within.bound >= GRACE_PERIOD

    def measure(self, value: Stop, subject: Subject, key: str) -> Finding:
        """Stop a container of its own."""
        with subject.started() as container:
            subject.ready(container)
            end = container.stop(value.signal, value.during)
        claim = f"{end.signal} stops it with exit code {' or '.join(map(str, value.exit))}"
        if value.during:
            fate = "is finished" if value.request == "finished" else "is lost"
            claim += f", the request for {value.during} under way {fate},"
        claim += " within"
        fate_holds = end.finished is None or end.finished is (value.request == "finished")
        if end.exit_code in value.exit and fate_holds:
            return judged(key, claim, value.within, end.seconds, _hint(end))
        measured = f"exit code {end.exit_code} after {time_text(end.seconds)}"
        if end.finished is not None:
            measured += f", request {'finished' if end.finished else 'lost'}"
        return told(key, f"{claim} {value.within}", measured, False, _hint(end))

    def mutants(self, value: Stop, finding: Finding, subject: Subject) -> Iterator[tuple[str, Stop]]:
        """Yield an exit code that is none of those claimed, the other fate of the request, and the times."""
        other = next(code for code in (0, 143, 137, 1, *range(256)) if code not in value.exit)
        yield f"exit: {other}", value.model_copy(update={"exit": (other,)})
        if value.during:
            fate = "lost" if value.request == "finished" else "finished"
            yield f"request: {fate}", value.model_copy(update={"request": fate})
        yield from within(value, finding)

    def limits(self, value: Stop) -> Iterator[Limit]:
        """Yield the time."""
        yield value.within

    def calls(self, value: Stop) -> Iterator[str]:
        """Yield the script's call."""
        during = [value.during, value.request] if value.during else []
        codes = " ".join(map(str, value.exit))
        yield call("stops", value.signal or "", codes, math.ceil(value.within.bound), *during)


def _hint(end: End) -> str:
    first = end.first_process
    if not end.killed:
        return f"PID 1 is '{first}'"
    if first and PurePosixPath(first.split(" ", 1)[0]).name in SHELLS:
        why = f"PID 1 is a shell ('{first}'), which swallows the signal; use exec form"
    else:
        why = f"PID 1 ('{first}') does not handle the signal"
    return f"killed after {GRACE_PERIOD:.0f} s: {why}"
