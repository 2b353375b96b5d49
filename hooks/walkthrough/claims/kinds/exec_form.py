"""The claim ``exec_form``: whether the image starts its program, or a shell that starts it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from walkthrough.claims.claim import Claim, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject

SHELLS = {"sh", "bash", "dash", "ash", "ksh", "zsh"}
_TAKES_WORD_OF_ENV = {"-u", "--unset", "-C", "--chdir", "-a", "--argv0"}
_SPLITS = ("--split-string=", "--split-string", "-S")


class ExecFormClaim(Claim[bool]):
    """Entrypoint and command, by themselves and together: none of them hands a line to a shell."""

    name, place = "exec_form", 50
    schema = bool
    title = "starts in exec form"
    guide = "whether it starts without a shell; options of the shell (`-ec`, `-o pipefail -c`) hide none"
    lie = Lie("exec_form: true", "measured: shell form; a shell is PID 1")
    shell = r"""
exec_form() {
    setting '{{range .Config.Entrypoint}}{{println .}}{{end}}' | sed '$d' >"$work/entrypoint"
    setting '{{range .Config.Cmd}}{{println .}}{{end}}' | sed '$d' >"$work/cmd"
    cat "$work/entrypoint" "$work/cmd" >"$work/both"
    if [ ! -s "$work/both" ]; then
        bad "it starts in exec form" "the image has no command: write CMD or ENTRYPOINT"
        return
    fi
    for part in entrypoint cmd both; do
        # A shell, perhaps behind env or busybox, with a c among its options: what follows is a line of shell.
        if awk '
            { word = $0; sub(/.*\//, "", word) }
            skip { skip--; next }
            NR == 1 && word == "env" { env = 1; next }
            env && !shell && /^(-S|--split-string)/ { if (/^(-S|--split-string)$/ || /(^|[ =\/S])(sh|bash|dash|ash|ksh|zsh) /) { found = 1; exit } }
            env && !shell && /^(-u|--unset|-C|--chdir|-a|--argv0)$/ { skip = 1; next }
            env && !shell && (/^-/ || /=/) { next }
            !shell && !busybox && word == "busybox" { busybox = 1; next }
            !shell { if (word ~ /^(sh|bash|dash|ash|ksh|zsh)$/) { shell = 1; next } exit }
            /^--/ { skip = /^--(rcfile|init-file)$/; next }
            /^-.*c/ { found = 1; exit }
            /^[-+]/ { skip = gsub(/[oO]/, ""); next }
            { exit }
            END { exit !found }' "$work/$part"
        then
            bad "it starts in exec form" "a shell is started first ($(paste -s -d ' ' "$work/$part")): write CMD as a JSON list"
            return
        fi
    done
    good "it starts in exec form"
}
"""

    def measure(self, value: bool, subject: Subject, key: str) -> Finding:
        """Look at the configured words."""
        entrypoint, command = (list(subject.image.setting(name) or []) for name in ("Entrypoint", "Cmd"))
        shell_form = any(hands_a_line_to_a_shell(words) for words in (entrypoint, command, entrypoint + command))
        measured = "shell form" if shell_form else "exec form" if entrypoint or command else "no command"
        claim = "starts in exec form" if value else "starts in shell form"
        ok = bool(entrypoint or command) and shell_form is not value
        hint = 'a shell is PID 1 and swallows SIGTERM: write CMD ["program", "argument"]' if shell_form else ""
        return told(key, claim, measured, ok, hint)

    def calls(self, value: bool) -> Iterator[str]:
        """Yield the script's call; a shell form that is claimed is no virtue to test."""
        if value:
            yield "exec_form"


def hands_a_line_to_a_shell(words: Sequence[str]) -> bool:
    """Return whether the first program of ``words`` is a shell with ``-c``, whatever its other options are.

    The options are those of bash(1) and dash(1): single letters may be joined, an ``o`` or ``O`` among them takes a
    word, and a ``c`` means that a line of shell follows. ``env`` and ``busybox`` only lead to the shell.
    """
    rest = list(words)
    while rest and PurePosixPath(rest[0]).name == "env":
        while rest := rest[1:]:
            line = next((rest[0][len(option) :] for option in _SPLITS if rest[0].startswith(option)), None)
            if line is not None:  # what is split stands for itself
                rest = ["env", *(line or " ".join(rest[1:2])).split(), *rest[1 if line else 2 :]]
            elif rest[0] in _TAKES_WORD_OF_ENV:
                rest = rest[1:]
            elif not rest[0].startswith("-") and "=" not in rest[0]:
                break
    if rest and PurePosixPath(rest[0]).name == "busybox":
        rest = rest[1:]
    if not rest or PurePosixPath(rest[0]).name not in SHELLS:
        return False
    skip = 0
    for word in rest[1:]:
        if skip:
            skip -= 1
        elif word.startswith("--"):
            skip = int(word in ("--rcfile", "--init-file"))
        elif word.startswith("-") and "c" in word:
            return True
        elif word.startswith(("-", "+")):
            skip = word.count("o") + word.count("O")
        else:
            return False
    return False
