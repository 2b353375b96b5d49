"""The program that a page meets as ``docker``: the real client, which also labels and notes what it makes.

It runs by itself, in the page's shell. Its settings are put in where it is installed. It is no shell script, as a
shell complains of a working directory that is gone, where Docker's client does not.
"""

import os
import sys

DOCKER, LABEL, JOURNAL = "", "", ""
EXPORTS: dict[str, str] = {}

GROUPS = {"builder", "buildx", "container", "image", "network", "volume"}
VALUED = {"-c", "--context", "--config", "-H", "--host", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey"}
"""Options of docker itself, and of buildx, that are followed by a value; they stand before the verb."""
VALUED |= {"--builder"}
BUILD = {"build", "buildx build", "buildx b", "image build", "builder build"}
MAKE = {"run", "create", "container run", "container create", "network create", "volume create"}


def verb_of(words: list[str]) -> tuple[str, int]:
    """Return the verb, such as ``container run``, and how many words there are up to its end."""
    verb, value = "", False
    for number, word in enumerate(words, 1):
        if value or word.startswith("-"):
            value = not value and word in VALUED
            continue
        verb = f"{verb} {word}".strip()
        if verb not in GROUPS:
            return verb, number
    return verb, len(words)


def main(words: list[str]) -> None:
    """Run the client with ``words``; end as it ends."""
    os.environ.update(EXPORTS)
    verb, end = verb_of(words)
    if verb not in BUILD | MAKE:
        os.execv(DOCKER, [DOCKER, *words])  # noqa: S606
    labelled = [DOCKER, *words[:end], "--label", LABEL, *words[end:]]
    if verb in MAKE:
        os.execv(DOCKER, labelled)  # noqa: S606
    import subprocess  # only here: each of the page's commands would wait for it
    import tempfile

    done = subprocess.run(labelled, check=False)
    if done.returncode == 0:
        folder = os.getcwd()  # noqa: PTH109
        with tempfile.NamedTemporaryFile(
            "w", dir=JOURNAL, prefix="build-", delete=False, encoding="utf-8", errors="surrogateescape"
        ) as note:
            told = [folder, str(len(words) - end), *words[end:], *(f"{n}={v}" for n, v in os.environ.items())]
            note.write("".join(f"{part}\0" for part in told))
    sys.exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)


if __name__ == "__main__":
    main(sys.argv[1:])
