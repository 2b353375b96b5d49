"""Whether what is in an image is known to be vulnerable: what was scanned, by what, on whose word of which day.

Go programs are scanned by Go's own scanner with Go's own database; Debian packages are compared with what Debian offers
today. No other database can be had from a package registry, so nothing else is scanned, and that is said.
"""

from __future__ import annotations

import email.utils
import fcntl
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import docker
import docker.errors

from walkthrough.claims.seen import Report, Scan, Scanned
from walkthrough.errors import BaseImageError, StepError
from walkthrough.files import write_whole
from walkthrough.images.image import Image
from walkthrough.images.package import Package
from walkthrough.images.reading import read_file
from walkthrough.machine.engine import Engine

_SCANNER = Path(__file__).parent / "govulncheck"
_BUILD_LIMIT = 900.0
_LIMIT = 300.0
_RELEASE = re.compile(r'^VERSION_CODENAME="?(\w+)', re.MULTILINE)
_COMPARE = (Path(__file__).parent / "debian-offers.sh").read_text(encoding="utf-8")


def scan(engine: Engine, api: docker.DockerClient, name: str, image: Image, state: Path) -> Scanned:
    """Scan the image ``name``, whose content was read into ``image``.

    Args:
        state: the state folder; what the scanner said of a program is kept there.

    Raises:
        StepError: where a scan cannot be made.
    """
    scanners: dict[str, Callable[[list[Package]], Scan]] = {
        "go": lambda packages: _Go(engine, api, state).scan(name, packages),
        "deb": lambda packages: _debian(api, name, packages),
    }
    scans: list[Scan] = []
    missing: dict[str, str] = {}
    for ecosystem in sorted({package.ecosystem for package in image.packages}):
        packages = [package for package in image.packages if package.ecosystem == ecosystem]
        if ecosystem not in scanners:
            missing[ecosystem] = f"{len(packages)} not scanned: no database of their faults can be had here"
            continue
        try:
            scans.append(scanners[ecosystem](packages))
        except BaseImageError as error:
            missing[ecosystem] = f"{len(packages)} not scanned: {error}"
    return Scanned(tuple(scans), missing)


class _Go:
    """Go's scanner: a program and its database, built once from the folder beside this file, which pins both."""

    def __init__(self, engine: Engine, api: docker.DockerClient, state: Path) -> None:
        self._engine, self._api, self._state = engine, api, state
        told = hashlib.sha256()
        for path in sorted(_SCANNER.iterdir()):
            told.update(path.read_bytes())
        self._version = told.hexdigest()[:16]

    def scan(self, name: str, packages: list[Package]) -> Scan:
        """Scan every Go program that ``packages`` are in."""
        said = [self._said(read_file(self._api, name, path)) for path in sorted({one.path for one in packages})]
        reports = {Report(*report) for one in said for report in one["reports"]}
        by = f"{said[0]['scanner']} on Go's vulnerability database"
        return Scan("go", len(packages), by, said[0]["day"], tuple(sorted(reports, key=lambda report: report.name)))

    def _said(self, program: bytes) -> dict[str, Any]:
        """Return what the scanner says of a program, from memory if it did so before."""
        kept = self._state / "scans" / f"{self._version}-{hashlib.sha256(program).hexdigest()}.json"
        try:
            said: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            said = _findings(self._ask(program))
            write_whole(kept, json.dumps(said).encode())
        return said

    def _ask(self, program: bytes) -> str:
        """Return what the scanner prints of a program.

        Raises:
            StepError: where it fails.
        """
        scanner = self._built()
        options = ("-mode=binary", f"-db=file://{scanner / 'database'}", "-format=json")
        with tempfile.NamedTemporaryFile(prefix="scanned-") as scanned:
            scanned.write(program)
            scanned.flush()
            try:
                done = subprocess.run(
                    [str(scanner / "govulncheck"), *options, scanned.name],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=_LIMIT,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise StepError(f"the scan takes more than {_LIMIT:.0f} s, so nothing was scanned") from None
        if done.returncode != 0:
            ended = f"the scan ends with exit status {done.returncode}, so nothing was scanned"
            raise StepError(ended, "", done.stderr[-1500:])
        return done.stdout

    def _built(self) -> Path:
        """Return the folder of the scanner. The first machine that needs it builds it; others wait, and share it."""
        folder = self._state / "scanners" / self._version
        lock = folder.with_suffix(".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # given back by the kernel where who has it is gone
            if not folder.exists():
                with tempfile.TemporaryDirectory(prefix="building-", dir=folder.parent) as scratch:
                    made = Path(scratch, "made")
                    self._build(made)
                    made.rename(folder)
        return folder

    def _build(self, to: Path) -> None:
        output = f"--output=type=local,dest={to}"
        try:
            done = self._engine.command("buildx", "build", output, str(_SCANNER), timeout=_BUILD_LIMIT)
        except subprocess.TimeoutExpired:
            raise StepError(f"Go's scanner is not built in {_BUILD_LIMIT:.0f} s, so nothing was scanned") from None
        if done.returncode != 0:
            raise StepError("Go's scanner cannot be built, so nothing was scanned", "", done.stderr[-1500:])


def _findings(output: str) -> dict[str, Any]:
    """Return what is needed of govulncheck's output: scanner, day of the database, reports.

    A report counts where a module of the program has it, also where the faulty function is not in the program: so
    count the scanners that read images.
    """
    decoder, at, scanner, day = json.JSONDecoder(), output.find("{"), "", ""
    reports: set[tuple[str, str, str, str]] = set()
    modules: set[str] = set()
    while at >= 0:
        try:
            message, end = decoder.raw_decode(output, at)
        except ValueError:
            raise StepError("Go's scanner breaks off", "", output[-600:]) from None
        if settings := message.get("config"):
            scanner, day = f"{settings['scanner_name']} {settings['scanner_version']}", settings["db_last_modified"]
        modules.update(module["path"] for module in message.get("SBOM", {}).get("modules", ()))
        if finding := message.get("finding"):
            where = finding["trace"][0]
            mended = finding.get("fixed_version", "")
            reports.add((finding["osv"], where["module"], where.get("version", ""), mended))
        at = output.find("{", end)
    if not scanner or not modules:
        raise StepError("Go's scanner does not say what it scanned", "", output[-600:])
    return {"scanner": scanner, "day": day[:10], "reports": sorted(reports)}


def _debian(api: docker.DockerClient, name: str, packages: list[Package]) -> Scan:
    """Compare Debian packages with what the suites of their release offer today, security updates included."""
    release = _release(api, name)
    installed = "".join(f"{one.name} {one.version}\n" for one in packages)
    command, files = ["sh", "-c", _COMPARE], {"installed": installed.encode()}
    output = _run(api, f"debian:{release}", command, files)
    days: list[str] = []
    reports = []
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == "of":
            days.append(email.utils.parsedate_to_datetime(rest).date().isoformat())
        elif word == "newer":
            package, version, offered = rest.split(" ")
            reports.append(Report(f"{package} {offered}", package, version, offered))
    if not days or output.splitlines()[-1] != "done":
        raise StepError("Debian's suites cannot be asked, so nothing was scanned", "", output[-600:])
    by = f"comparison with what Debian {release} and its security suite offer"
    return Scan("deb", len(packages), by, max(days), tuple(reports))


def _release(api: docker.DockerClient, name: str) -> str:
    """Return the codename of the Debian release that an image says it is.

    Raises:
        BaseImageError: where it says none.
    """
    for path in ("/usr/lib/os-release", "/etc/os-release"):
        try:
            text = read_file(api, name, path).decode(errors="replace")
        except StepError:
            continue
        found = _RELEASE.search(text)
        if found and re.search(r"^ID=\"?debian", text, re.MULTILINE):
            return found[1]
    raise BaseImageError("the image does not say which release of Debian they are of")


def _run(api: docker.DockerClient, image: str, command: Sequence[str], files: dict[str, bytes]) -> str:
    """Run a scanner in a container of its own, with files at its root, and return what it prints.

    Raises:
        StepError: where it fails.
    """
    container = api.containers.create(image, list(command))
    try:
        container.put_archive("/", b"".join(_archive(files)))
        container.start()
        code = container.wait()["StatusCode"]
        output = container.logs(stderr=False).decode(errors="replace")
        if code != 0:
            said = container.logs(stdout=False).decode(errors="replace")
            raise StepError(f"the scan ends with exit status {code}, so nothing was scanned", "", said[-1500:])
        return output
    finally:
        container.remove(force=True, v=True)


def _archive(files: dict[str, bytes]) -> Iterator[bytes]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    yield packed.getvalue()
