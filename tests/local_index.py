"""An index of packages on this machine, in the forms that the real clients read: Go, npm, Python, cargo, git."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DAY = "2026-01-0{}T00:00:00Z"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def environment(folder: Path, address: str) -> dict[str, str]:
    """Return the variables with which clients ask the index at an address, and keep what they get in a folder."""
    (folder / "cargo/config.toml").parent.mkdir(parents=True)
    (folder / "cargo/config.toml").write_text(
        '[source.crates-io]\nreplace-with = "here"\n'
        f'[source.here]\nregistry = "sparse+{address}/crates/"\n'
    )  # fmt: skip
    return {
        "GOPROXY": f"{address}/go",
        "GOSUMDB": "off",
        "GOFLAGS": "-modcacherw",
        "GOTOOLCHAIN": "local",
        "GOMODCACHE": str(folder / "go"),
        "npm_config_registry": f"{address}/npm/",
        "npm_config_cache": str(folder / "npm"),
        "npm_config_fetch_retries": "0",
        "UV_DEFAULT_INDEX": f"{address}/simple",
        "UV_CACHE_DIR": str(folder / "uv"),
        "CARGO_HOME": str(folder / "cargo"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{folder}/git/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }


def go_module(index: Path, module: str, versions: dict[str, dict[str, str]]) -> None:
    """Add a module: the files of each of its versions. Each is of the day after the one before."""
    folder = index / "go" / module / "@v"
    folder.mkdir(parents=True)
    (folder / "list").write_text("".join(f"{version}\n" for version in versions if not version.startswith("v0.0.0-")))
    for number, (version, files) in enumerate(versions.items(), 1):
        manifest = f"module {module}\n"
        told = json.dumps({"Version": version, "Time": DAY.format(number)})
        (folder / f"{version}.info").write_text(told)
        (folder.parent / "@latest").write_text(told)
        (folder / f"{version}.mod").write_text(manifest)
        with zipfile.ZipFile(folder / f"{version}.zip", "w") as archive:
            for name, text in {**files, "go.mod": manifest}.items():
                archive.writestr(f"{module}@{version}/{name}", text)


def npm_package(index: Path, name: str, *versions: str) -> None:
    """Add a package of npm, of which nobody gets more than is told of it."""
    told = {
        version: {
            "name": name,
            "version": version,
            "dist": {
                "tarball": f"https://example.org/{name}-{version}.tgz",
                "integrity": "sha512-" + base64.b64encode(hashlib.sha512(version.encode()).digest()).decode(),
            },
        }
        for version in versions
    }
    (index / "npm").mkdir(exist_ok=True)
    whole = {"name": name, "dist-tags": {"latest": versions[-1]}, "versions": told}
    (index / "npm" / name).write_text(json.dumps(whole))


def python_package(index: Path, name: str, *versions: str) -> dict[str, str]:
    """Add a package of Python; return the digest of each version's wheel."""
    folder = index / "simple" / name
    folder.mkdir(parents=True)
    digests = {}
    for version in versions:
        wheel = io.BytesIO()
        with zipfile.ZipFile(wheel, "w") as archive:
            about = f"{name}-{version}.dist-info"
            archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{about}/RECORD", "")
        (folder / f"{name}-{version}-py3-none-any.whl").write_bytes(wheel.getvalue())
        digests[version] = hashlib.sha256(wheel.getvalue()).hexdigest()
    links = (
        f'<a href="{name}-{v}-py3-none-any.whl#sha256={d}">{name}-{v}-py3-none-any.whl</a>' for v, d in digests.items()
    )
    (folder / "index.html").write_text("<!DOCTYPE html>\n" + "<br>\n".join(links))
    return digests


def crate(index: Path, name: str, *versions: str) -> dict[str, str]:
    """Add a crate with a name of four letters or more; return what stands for each version's digest."""
    folder = index / "crates" / name[:2] / name[2:4]
    folder.mkdir(parents=True)
    (index / "crates/config.json").write_text('{"dl": "https://example.org"}')
    digests = {version: hashlib.sha256(version.encode()).hexdigest() for version in versions}
    lines = (
        json.dumps({"name": name, "vers": v, "deps": [], "cksum": digest, "features": {}, "yanked": False})
        for v, digest in digests.items()
    )
    (folder / name).write_text("".join(f"{line}\n" for line in lines))
    return digests


def repository(folder: Path, name: str, *tags: str) -> dict[str, str]:
    """Add a repository with a commit for each tag; return these commits."""
    place = folder / "git" / name
    place.mkdir(parents=True)
    commits = {}

    def git(*words: str) -> str:
        whole = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words)
        return subprocess.run(whole, cwd=place, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    for tag in tags:
        git("commit", "-q", "--allow-empty", "-m", tag)
        git("tag", "-a", "-m", tag, tag)
        commits[tag] = git("rev-parse", "HEAD")
    return commits
