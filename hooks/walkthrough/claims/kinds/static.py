"""The claim ``static``: programs that need nothing but the kernel."""

from __future__ import annotations

from collections.abc import Iterator

from walkthrough.claims.claim import Claim, ImagePath, Lie
from walkthrough.claims.finding import Finding, told
from walkthrough.claims.seen import Subject
from walkthrough.images.elf import dynamic_needs


class StaticClaim(Claim[str]):
    """Each program asks for neither a dynamic linker nor a library, by its ELF headers."""

    name, place = "static", 200
    schema = list[ImagePath]
    title = "is static"
    guide = "programs that need neither a dynamic linker nor a library"
    many = True
    lie = Lie("static: [/server]", "claimed: /server is static; measured:")

    def measure(self, value: str, subject: Subject, key: str) -> Finding:
        """Read the program's headers."""
        needs = dynamic_needs(subject.file(value).content)
        measured = f"needs {', '.join(needs)}" if needs else "no interpreter, no library"
        return told(key, f"{value} is static", measured, not needs, "link it statically, or copy what it needs")

    def mutants(self, value: str, finding: Finding, subject: Subject) -> Iterator[tuple[str, str]]:
        """Yield a path at which there is no program."""
        yield "a path that is not there", f"{value}-too"
