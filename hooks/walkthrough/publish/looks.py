"""Commands that only look: they leave nothing, so a reader who did not run them has what the others have.

A command is told by its words. What is not known to only look is taken to leave something: to run it again costs a
moment, to leave it out would cost the truth.
"""

from __future__ import annotations

import re

_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_NOWHERE = re.compile(r"[0-9&]?>(?:&[0-9]|> ?/dev/null| ?/dev/null)")
_HARD = re.compile(r"[<>(){}`]|<<|\$\(")
"""What remains of redirections, and what runs other commands."""
_BETWEEN = re.compile(r"\|\|?|&&?|;|\n")
_LOOKS = re.compile(
    r"""(?:time\ +)?(?:
    (?:\[|awk|cat|cd\ +\S+\ *&&\ *ls|cmp|cut|date|df|diff|du|echo|false|file|getent|grep|gunzip|gzip\ +-d?c|head
    |hostname|id|jq|ls|nl|paste|printf|pwd|readlink|sha256sum|sort|stat|tail|test|tr|true|type|uname|uniq|wc|whoami
    |xxd)(?:\ .*)?
    |sed\ (?!.*-i).*|gzip|tar\ +-?t.*
    |docker\ +(?:ps|images|inspect|history|logs|port|diff|top|version|info|search)\b.*
    |docker\ +(?:save|export)\ (?!.*(?:-o|--output)\b).*
    |docker\ +stats\b.*--no-stream.*
    |docker\ +(?:image|container|volume|network|context)\ +(?:ls|list|inspect|history|logs|port|diff|top)\b.*
    |docker\ +(?:system\ +df|buildx\ +(?:version|ls|du|inspect|history\ +(?:ls|inspect)))\b.*
    |docker\ +compose\b.*?\ (?:ps|logs|config|images|top|port|version|ls)\b(?!.*\ -(?:f|-follow)\b).*
    |docker\ +run\ (?=.*--rm\b)(?!.*\ (?:-[a-zA-Z]*[dv][a-zA-Z]*|--(?:detach|volume|volumes-from|mount|net|network|link
        |pid|ipc|privileged|cidfile|device))\b).*
    )""",
    re.VERBOSE,
)
_ENDED = re.compile(r"(?:exit|logout)\b")


def only_looks(text: str) -> bool:
    """Return whether a command leaves nothing behind, as far as its words say."""
    if "$(" in text or "`" in text:
        return False
    plain = _NOWHERE.sub(" ", _QUOTED.sub("Q", text.replace("\\\n", " ")))
    if _HARD.search(re.sub(r"\$\{\w+\}", "V", plain)):
        return False
    return all(_LOOKS.fullmatch(part.strip()) for part in _BETWEEN.split(plain) if part.strip())


def ends_the_shell(text: str) -> bool:
    """Return whether a command ends the shell that it is typed into."""
    return bool(_ENDED.match(text.strip()))
