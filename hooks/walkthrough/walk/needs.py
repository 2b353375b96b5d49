"""What a page needs: images, tools of the machine, and names and ports that no other may use meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from walkthrough.machine.bases import names_in, of_the_machine
from walkthrough.page.itinerary import Itinerary, commands_of, executable_texts
from walkthrough.page.steps import ApplyDiff, Step, WriteFile

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where a page's shell looks for the machine's tools."""
_PORT = re.compile(
    r"(?<!\S)(?:-[a-zA-Z]*p|--publish)[ =]?(?:[\d.]+:|\[[\da-f:]+\]:)?(?P<first>\d+)(?:-(?P<last>\d+))?:\d+"
)
_NAME = re.compile(r"""(?:-t|--tag|--name)[ =]["']?([\w./:-]+)""")
_USE = re.compile(r"\bdocker(?: container| image)? (?P<verb>run|create|pull) (?P<words>[^\n;|&]*)")
_FLAG = re.compile(
    r"-[ditPq]+|--(detach|interactive|tty|rm|init|privileged|read-only|publish-all|quiet|no-healthcheck|all-tags)|--.*=.*"
)
"""Options of ``docker run``, ``create`` and ``pull`` that are followed by no value of their own."""
_COMPOSE = re.compile(r"""^\+?\s*image:\s*["']?(?P<name>[\w./:@-]+)""", re.MULTILINE)
_REFERENCE = re.compile(r"[a-z0-9][\w./-]*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?")


def _every_step(itinerary: Itinerary) -> list[Step]:
    return [step for _, steps in itinerary.before for step in steps] + list(itinerary.steps)


def _tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _made(itinerary: Itinerary) -> set[str]:
    """Return the names, with tags, that the page's commands give to images."""
    return {_tagged(name) for text in executable_texts(itinerary) for name in _NAME.findall(text)}


def _instructions(itinerary: Itinerary) -> list[str]:
    """Return the texts that can name a base image: Dockerfiles, changes and commands; what these print is none."""
    texts: list[str] = []
    for step in _every_step(itinerary):
        if isinstance(step, ApplyDiff) or (isinstance(step, WriteFile) and "dockerfile" in step.path.lower()):
            texts.append(step.fence.text)
        texts += commands_of(step)
    return texts


def bases_of(itinerary: Itinerary) -> set[str]:
    """Return the names of the base images that a page uses: of its Dockerfiles, diffs, commands, and its machine's."""
    made = _made(itinerary)
    named = names_in(_instructions(itinerary)) | (of_the_machine() if itinerary.page.front.machine else set())
    return {name for name in named if name not in made and f"{name}:latest" not in made}


def images_of(itinerary: Itinerary) -> set[str]:
    """Return the names of the images that a page may use besides: those it runs or pulls, and those in Compose files.

    Commands are read by words, so a name may be none; who provides images takes what there is.
    """
    found = {name for text in executable_texts(itinerary) for name in _used(text)}
    for step in _every_step(itinerary):
        if isinstance(step, ApplyDiff | WriteFile) and re.search(r"compose[^/]*\.ya?ml$", step.path):
            found |= set(_COMPOSE.findall(step.fence.text))
    made = _made(itinerary)
    return {name for name in found if _tagged(name) not in made} - bases_of(itinerary)


def _used(text: str) -> Iterator[str]:
    """Yield the image of each ``docker run``, ``create`` and ``pull`` in a text: the first word of no option."""
    for use in _USE.finditer(text.replace("\\\n", " ")):
        words = iter(use["words"].split())
        for word in words:
            if not word.startswith("-"):
                if _REFERENCE.fullmatch(word):
                    yield word
                break
            if not _FLAG.fullmatch(word):
                next(words, None)


def tools_of(itinerary: Itinerary) -> dict[str, str]:
    """Return the machine's programs that a page's commands name, bash included: path, size and time of each.

    A program that was renewed may print something else. To ask each for its version would run what nobody asked for.
    A page with a machine of its own uses none of this one's.
    """
    if itinerary.page.front.machine:
        return {}
    words = {"bash"} | {word for text in executable_texts(itinerary) for word in re.findall(r"[\w.+-]+", text)}
    found = {}
    for word in sorted(words):
        for folder in SYSTEM_PATH.split(":"):
            place = Path(folder, word)
            if place.is_file():
                state = place.stat()
                found[str(place)] = f"{place.resolve()} {state.st_size} {state.st_mtime_ns}"
                break
    return found


def names_of(itinerary: Itinerary) -> set[str]:
    """Return the names that a page gives to images and containers of the engine that pages share.

    Pages that give the same are not walked at the same time.
    """
    return {name for text in _shared_texts(itinerary) for name in _NAME.findall(text)}


def ports_of(itinerary: Itinerary) -> frozenset[int]:
    """Return the ports that a page publishes on the engine that pages share; and takes turns at (``Ports``)."""
    found = [match for text in _shared_texts(itinerary) for match in _PORT.finditer(text)]
    return frozenset(port for f in found for port in range(int(f["first"]), 1 + int(f["last"] or f["first"])))


def _shared_texts(itinerary: Itinerary) -> list[str]:
    """Return the texts of what a page does on the engine that pages share: nothing, with a machine of its own."""
    return [] if itinerary.page.front.machine else executable_texts(itinerary)
