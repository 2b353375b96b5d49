"""Write module files (jmod) anew without debugging data, which Debian leaves in them and Adoptium ships apart."""

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def stripped(program: bytes) -> bytes:
    """Return a program or library without its symbols."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(program)
        file.flush()
        subprocess.run(["strip", "--strip-unneeded", file.name], check=True)
        return Path(file.name).read_bytes()


for name in sys.argv[1:]:
    module = Path(name)
    magic, archive = module.read_bytes()[:4], io.BytesIO(module.read_bytes()[4:])
    trimmed = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(trimmed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith(".debuginfo"):
                continue
            new.writestr(entry, stripped(content) if content.startswith(b"\x7fELF") else content)
    module.write_bytes(magic + trimmed.getvalue())
