"""What a page needs of its machine: images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from walkthrough.claims.registry import claims
from walkthrough.machine.bases import known_in, names_in
from walkthrough.page.itinerary import Itinerary, commands_of, every_step, executable_texts
from walkthrough.page.steps import ApplyDiff, Check, WriteFile

_NAME = re.compile(r"""(?:-t|--tag|--name)[ =]["']?([\w./:-]+)""")
_USE = re.compile(r"\bdocker(?: container| image)? (?P<verb>run|create|pull) (?P<words>[^\n;|&]*)")
_FLAG = re.compile(
    r"-[ditPq]+|--(detach|interactive|tty|rm|init|privileged|read-only|publish-all|quiet|no-healthcheck|all-tags)|--.*=.*"
)
"""Options of ``docker run``, ``create`` and ``pull`` that are followed by no value of their own."""
_COMPOSE = re.compile(r"""^\+?\s*image:\s*["']?(?P<name>[\w./:@-]+)""", re.MULTILINE)
_REFERENCE = re.compile(r"[a-z0-9][\w./-]*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?")


def _tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _made(itinerary: Itinerary) -> set[str]:
    """Return the names, with tags, that the page's commands give to images, or would where its files are from."""
    texts = (*executable_texts(itinerary), *itinerary.skipped)
    return {_tagged(name) for text in texts for name in _NAME.findall(text)}


def _instructions(itinerary: Itinerary) -> list[str]:
    """Return the texts that can name a base image: Dockerfiles, changes and commands; what these print is none."""
    texts: list[str] = []
    for step in every_step(itinerary):
        if isinstance(step, ApplyDiff) or (isinstance(step, WriteFile) and "dockerfile" in step.path.lower()):
            texts.append(step.fence.text)
        texts += commands_of(step)
    return texts


def bases_of(itinerary: Itinerary) -> set[str]:
    """Return the names of the base images that a page uses: in Dockerfiles, diffs and commands, and for its claims.

    One that has a recipe is found in any text, as in a script that the page writes and runs.
    """
    made = _made(itinerary)
    named = names_in(_instructions(itinerary)) | known_in(executable_texts(itinerary))
    for step in itinerary.steps:
        if isinstance(step, Check):
            named |= {image for name in step.spec.made for image in claims()[name].images}
    return {name for name in named if name not in made and f"{name}:latest" not in made}


def images_of(itinerary: Itinerary) -> set[str]:
    """Return the names of the images that a page may use besides: those it runs or pulls, and those in Compose files.

    Commands are read by words, so a name may be none; who provides images takes what there is.
    """
    found = {name for text in executable_texts(itinerary) for name in _used(text)}
    for step in every_step(itinerary):
        if isinstance(step, ApplyDiff | WriteFile) and re.search(r"compose[^/]*\.ya?ml$", step.path):
            found |= set(_COMPOSE.findall(step.fence.text))
    made = _made(itinerary)
    return {name for name in found if _tagged(name) not in made} - bases_of(itinerary)


def _used(text: str) -> Iterator[str]:
    """Yield the image of each ``docker run``, ``create`` and ``pull`` in a text: the first word of no option."""
    for use in _USE.finditer(text.replace("\\\n", " ")):
        words = iter(use["words"].split())
        for word in words:
            if word.startswith("$"):  # a variable without quotes: options, as a rule
                continue
            if not word.startswith("-"):
                if _REFERENCE.fullmatch(word):
                    yield word
                break
            if not _FLAG.fullmatch(word):
                next(words, None)
