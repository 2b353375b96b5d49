"""Copy what the server has loaded once it has answered each page: compiled, without sources and docstrings."""

import py_compile
import runpy
import shutil
import sys
from contextlib import suppress
from pathlib import Path

# This server speaks no TLS. Whoever asks for OpenSSL now must do without it, as later in the image.
sys.modules.update({"ssl": None, "_hashlib": None})

client = __import__("server").app.test_client()
for page in ("/", "/health", "/slow", "/nowhere"):
    client.get(page)
with suppress(SystemExit):
    runpy.run_path("healthcheck.py")

target = Path(sys.argv[1])
loaded = {getattr(module, "__file__", None) for module in sys.modules.values()} - {None, __file__}
for source in map(Path, {*loaded, "/app/healthcheck.py"}):
    place = target / source.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".py":
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(source), f"{place}c", doraise=True, optimize=2, invalidation_mode=unchecked)
    else:
        shutil.copy(source, place)
