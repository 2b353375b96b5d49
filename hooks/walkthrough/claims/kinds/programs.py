"""The claim ``programs``: what somebody who got in could run."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Count, Lie, bound, call
from walkthrough.claims.finding import Finding, judged
from walkthrough.claims.seen import Subject
from walkthrough.units import Limit


class ProgramsClaim(Claim[Limit]):
    """Files that can be executed, libraries aside."""

    name, place = "programs", 80
    schema = Count
    title = "programs that could be run"
    guide = "files that can be executed, libraries aside: what an intruder could run"
    how = "files that can be executed, libraries aside"
    lie = Lie("programs: 1", "claimed: programs that could be run ≤ 1; measured:")
    shell = r"""
# Counts the files that may be executed, libraries aside.
programs() {
    awk -F '\t' '$1 ~ /^[-h].*[xst]/ && $2 !~ /\.so(\.[0-9.]+)?$/ { print $2 }' "$work/files" >"$work/programs"
    measured=$(($(wc -l <"$work/programs")))
    if [ "$measured" "-$1" "$2" ]; then
        good "programs: $measured (limit $2)"
    else
        bad "programs: $measured, the limit is $2" \
            "whoever breaks in can run them, such as $(head -n 3 "$work/programs" | paste -s -d ' ' -): copy only what runs"
    fi
}
"""

    def measure(self, value: Limit, subject: Subject, key: str) -> Finding:
        """Count them."""
        programs = subject.image.programs
        return judged(key, self.title, value, len(programs), f"such as {', '.join(sorted(programs)[:3])}")

    def calls(self, value: Limit) -> Iterator[str]:
        """Yield the script's call."""
        yield call("programs", *bound(value))
