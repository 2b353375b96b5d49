"""Downloads: a lab as a compressed archive, the same bytes for the same files; the whole site as another; checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import tempfile
from pathlib import Path

from walkthrough.page.itinerary import Itinerary
from walkthrough.publish.labfolder import lab_files

_SITE = "docker-labs-site"
"""Name of the archive that holds the whole site, to be read without a server."""


def archives(itineraries: dict[str, Itinerary]) -> dict[str, bytes]:
    """Return the downloads of every lab by their path below the site: ``LAB/LAB.tar.gz`` and its ``.sha256``."""
    labs: dict[str, dict[str, str]] = {}
    for itinerary in itineraries.values():
        labs.setdefault(str(itinerary.page.lab), {}).update(lab_files(itinerary))
    downloads: dict[str, bytes] = {}
    for lab, files in labs.items():
        name = f"{lab}.tar.gz"
        content = _archive(lab, files)
        downloads[f"{lab}/{name}"] = content
        downloads[f"{lab}/{name}.sha256"] = checksum(name, content)
    return downloads


def checksum(name: str, content: bytes) -> bytes:
    """Return the line by which ``sha256sum -c`` checks the download ``name``."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()


def pack_site(site: Path) -> None:
    """Put an archive of all that is in the folder ``site`` there, and its checksum."""
    with tempfile.TemporaryDirectory() as folder:
        packed = shutil.make_archive(str(Path(folder) / _SITE), "zip", site)
        archive = Path(shutil.move(packed, site))
    archive.with_name(f"{archive.name}.sha256").write_bytes(checksum(archive.name, archive.read_bytes()))


def _archive(lab: str, files: dict[str, str]) -> bytes:
    """Return a gzipped tar of ``files`` below a folder ``lab``, without times, owners or any order but the names'."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            content = files[path].encode()
            entry = tarfile.TarInfo(f"{lab}/{path}")
            entry.size = len(content)
            entry.mode = 0o755 if files[path].startswith("#!") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)
