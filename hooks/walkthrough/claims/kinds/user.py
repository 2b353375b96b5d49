"""The claim ``user``: as whom the image runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from walkthrough.claims.claim import Claim, Lie, call
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject
from walkthrough.errors import StepError

NOT_ROOT = "not root"
_NUMBER = re.compile(r"[+-]?0*(\d+)")


class UserClaim(Claim[str]):
    """The user as configured, and whom Linux takes it for: ``0:1001``, ``00`` and each name of user 0 are root."""

    name, place = "user", 30
    schema = str
    title = "runs as"
    guide = "as configured: `UID:GID`, `root` in any of its spellings, or `not root` for any other"
    lie = Lie("user: not root", "claimed: runs as any user but root; measured: root; the image runs as root")
    shell = r"""
# The user's number, as Linux reads it: of a number its value, of a name its line in the image's /etc/passwd.
number() {
    case ${1%%:*} in
        '' | root) echo 0 ;;
        *[!0-9+-]*) name=${1%%:*} awk -F : '$1 == ENVIRON["name"] { print $3 + 0; exit }' "$work/passwd" ;;
        *) awk -v n="${1%%:*}" 'BEGIN { print n < 0 ? -n : n + 0 }' ;;
    esac
}

user() {
    measured=$(setting '{{.Config.User}}')
    uid=$(number "$measured")
    root=no
    [ "$uid" != 0 ] || root=yes
    wanted=no
    [ "$1" = 'not root' ] || [ "$(number "$1")" != 0 ] || wanted=yes
    if [ -z "$uid" ]; then
        bad "user: $measured, a name that is not in the image's /etc/passwd" "write a number, such as USER 65532:65532"
    elif [ $root = yes ] && [ $wanted = no ]; then
        bad "user: root${measured:+, written as $measured}" "write a USER line with a number in the last stage, such as USER 65532:65532"
    elif [ "$1" = "$measured" ] || [ $root$wanted = yesyes ] || { [ "$1" = 'not root' ] && [ $root = no ]; }; then
        good "user: ${measured:-root}"
    else
        bad "user: $measured, not $1" "correct the USER line of the last stage"
    fi
}
"""

    def measure(self, value: str, subject: Subject, key: str) -> Finding:
        """Compare the configured user, after looking up its number."""
        user = str(subject.image.setting("User") or "")
        uid, wants_root = _number(user, subject), value != NOT_ROOT and _number(value, subject) == 0
        claim = f"runs as {'any user but root' if value == NOT_ROOT else value or 'root'}"
        measured = user or "root"
        if uid is None:
            hint = "the image has no such name in /etc/passwd: write a number"
            return told(key, claim, f"{user}, a name that nobody has", False, hint)
        if uid == 0:
            hint = "the image runs as root: is there a USER line in its final stage, with a number that is not 0?"
            return told(key, claim, measured if user in ("", "root") else f"{user}, which is root", wants_root, hint)
        ok = not wants_root and value in (user, NOT_ROOT)
        return told(key, claim, measured, ok, "correct the USER line of the final stage")

    def mutants(self, value: str, finding: Finding, subject: Subject) -> Iterator[tuple[str, str]]:
        """Yield root in all its spellings for another user, and other users for root or a number."""
        if value != NOT_ROOT and _number(value, subject) == 0:
            yield "user: not root", NOT_ROOT
            yield "user: 65532:65532", "65532:65532"
            return
        for root in ("root", "0", "0:0", "00", "0:1001"):
            yield f"user: {root}", root
        if value != NOT_ROOT:
            yield "another user", "4242" if value != "4242" else "4243"
            yield "another group", f"{value.partition(':')[0]}:4242" if not value.endswith(":4242") else f"{value}3"

    def calls(self, value: str) -> Iterator[str]:
        """Yield the script's call."""
        yield call("user", value)


def _number(user: str, subject: Subject) -> int | None:
    """Return the number of a user as the engine reads it (moby/sys/user): a name of the image's, else a number.

    None for a name that the image's ``/etc/passwd`` does not have. The group after a colon plays no part.
    """
    name = user.partition(":")[0]
    if not name:
        return 0
    if number := _NUMBER.fullmatch(name):
        return int(number[1])
    try:
        lines = subject.file("/etc/passwd").content.decode(errors="replace").splitlines()
    except StepError:
        lines = []
    known = {fields[0]: fields[2] for line in reversed(lines) if len(fields := line.split(":")) > 2}
    number = _NUMBER.fullmatch(known.get(name, "0" if name == "root" else ""))
    return int(number[1]) if number else None
