"""Containerd's store of the machine's own Docker: single files of it, instead of an archive of a whole image."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from typing import IO

_CLIENT = (
    "sudo", "--non-interactive", "ctr", "--address=/run/docker/containerd/containerd.sock", "--namespace=moby",
)  # fmt: skip
"""Containerd's own client, on the one that Docker starts for itself; only root may ask it."""
_LIMIT = 10.0


class Containerd:
    """Gives the files of its store by their digests."""

    @contextlib.contextmanager
    def blob(self, digest: str) -> Iterator[IO[bytes]]:
        """Yield the content of a file, as it is stored.

        Raises:
            OSError: where there is no such file, or no such store. What was read until then is not all of it.
        """
        asked = [*_CLIENT, "content", "get", digest]
        with subprocess.Popen(
            asked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as client:
            assert client.stdout
            try:
                yield client.stdout
                # What nobody read would keep the client waiting.
                client.stdout.close()
                if client.wait(_LIMIT):
                    raise OSError(f"containerd does not give {digest}")
            except subprocess.TimeoutExpired:
                raise OSError(f"containerd does not end giving {digest}") from None
            finally:
                client.kill()
