"""Changes of an image that make a claim on it false: a line or two on top of it, or another image."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from walkthrough.claims.kinds.http import Request
from walkthrough.claims.kinds.stops import Stop
from walkthrough.claims.registry import claims
from walkthrough.claims.spec import ImageSpec
from walkthrough.images.image import Image
from walkthrough.units import Limit

HELPER = "debian:trixie-slim"
"""The image whose perl stands in for another program: perl-base is essential in Debian."""
_FAT = 30_000_000
"""Bytes by which an image grows that took a folder too many along: a compiler, or a package manager's cache."""
_MOST = 40
"""Layers, packages or programs that are added at most to go beyond a limit."""
_PROGRAM = r"""
my ($exit, $status, $bytes, @ports) = @ARGV;
for my $name (qw(TERM INT QUIT HUP USR1 USR2 WINCH)) { $SIG{$name} = $exit eq "" ? "IGNORE" : sub { exit $exit } }
my $held = "x" x $bytes;
my @servers = map { IO::Socket::INET->new(LocalPort => $_, Listen => 20, ReuseAddr => 1) } @ports;
my $set = IO::Select->new(grep { defined } @servers);
while (1) { for my $server ($set->can_read(1)) {
  my $client = $server->accept or next;
  sysread $client, my $request, 8192;
  print $client "HTTP/1.0 $status Other\r\nContent-Length: 7\r\n\r\nanother";
  close $client;
} }
"""


@dataclass(frozen=True)
class Change:
    """A Dockerfile that makes another image, the files of its context, and the claims, by key, that are false of it."""

    words: str
    dockerfile: str
    keys: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    mute: bool = False
    """Whether nothing can be measured of it, which is what must be told."""


def changes(spec: ImageSpec, image: Image) -> Iterator[Change]:
    """Yield every change that makes a claim of ``spec`` false of the image that it is on."""
    made = {key: (name, value) for name, all_ in spec.made.items() for key, value in claims()[name].entries(all_)}

    def of(name: str) -> dict[str, Any]:
        return {key: value for key, (kind, value) in made.items() if kind == name}

    on = f"FROM {spec.name}\n"
    yield from _settings(on, of)
    yield from _contents(on, of, image)
    yield from _another_base(of)
    yield from _other_programs(of, image)


def _settings(on: str, of: Any) -> Iterator[Change]:
    for key, user in of("user").items():
        root = user != "not root" and user.partition(":")[0] in ("", "0", "root")
        for name in ("65532:65532",) if root else ("0", "root", "0:1001", "00"):
            yield Change(f"USER {name}", f"{on}USER {name}\n", (key,))
    for key, exec_form in of("exec_form").items():
        if exec_form:
            behind = json.dumps(["/usr/bin/env", "A=1", "bash", "-o", "pipefail", "-ec", "exec server"])
            yield Change("shell form", f"{on}ENTRYPOINT exec server\n", (key,))
            yield Change("shell form behind options", f"{on}ENTRYPOINT {behind}\n", (key,))
        else:
            yield Change("exec form", f'{on}ENTRYPOINT ["/server"]\nCMD []\n', (key,))
    for key, ports in of("ports").items():
        yield Change("EXPOSE of a port more", f"{on}EXPOSE {'1' if 1 not in ports else '2'}\n", (key,))
    for kind, word in (("env", "ENV"), ("label", "LABEL")):
        for key, (name, _) in of(kind).items():
            yield Change(f"another {name}", f"{on}{word} {json.dumps(name)[1:-1]}=mutant\n", (key,))
    for key in of("healthy"):
        yield Change("HEALTHCHECK NONE", f"{on}HEALTHCHECK NONE\n", (key,), mute=True)
        failing = 'HEALTHCHECK --interval=1s --retries=1 CMD ["/no-such-program"]'
        yield Change("a HEALTHCHECK that always fails", f"{on}{failing}\n", (key,))


def _contents(on: str, of: Any, image: Image) -> Iterator[Change]:
    fat = [key for name in ("size", "compressed") for key, limit in of(name).items() if not limit.at_least]
    if fat:
        file = random.Random(0).randbytes(_FAT)  # noqa: S311 - what cannot be compressed, not what cannot be guessed
        yield Change("30 MB more", f"{on}COPY fat /fat\n", tuple(fat), {"fat": file})
    counted = (("layers", len(image.layers)), ("packages", len(image.packages)), ("programs", len(image.programs)))
    for name, count in counted:
        for key, limit in of(name).items():
            more = range(int(limit.bound) - count + 1)
            if limit.at_least or len(more) > _MOST:
                continue
            files = {f"m/{number}": f"Package: mutant-{number}\nVersion: 1\n".encode() for number in more}
            copies = {
                "layers": "".join(f"COPY m/{number} /mutant-{number}\n" for number in more),
                "packages": "COPY m /var/lib/dpkg/status.d\n",
                "programs": "COPY --chmod=755 m /mutants\n",
            }
            yield Change(f"more {name}", on + copies[name], (key,), files)
    for key, path in of("absent").items():
        yield Change(f"a file at {path}", f"{on}COPY {json.dumps(['a', path])}\n", (key,), {"a": b"a"})
    for key, (path, owner) in of("owner").items():
        if path in image.entries and image.entries[path].kind == "file":
            other = "1:1" if owner != "1:1" else "2:2"
            copy = f"COPY --chown={other} {json.dumps(['a', path])}\n"
            yield Change(f"{path} given to {other}", on + copy, (key,), {"a": b"a"})
    for key, path in of("static").items():
        copy = f"COPY --from={HELPER} {json.dumps(['/usr/bin/perl', path])}\n"
        yield Change(f"a dynamic program at {path}", on + copy, (key,))


def _another_base(of: Any) -> Iterator[Change]:
    """Yield one image from scratch with a file in it, of which few claims hold."""
    keys = [key for name in ("present", "env", "label", "owner", "static", "exec_form") for key in of(name)]
    keys += [key for key, ports in of("ports").items() if ports]
    keys += [key for key, user in of("user").items() if user not in ("root", "", "0")]
    for name, least in (("size", 2), ("compressed", 1000), ("layers", 2), ("packages", 1), ("programs", 1)):
        keys += [key for key, limit in of(name).items() if limit.at_least and limit.bound >= least]
    if keys:
        yield Change("another base: scratch", "FROM scratch\nCOPY a /a\n", tuple(keys), {"a": b"a"}, mute=True)


def _other_programs(of: Any, image: Image) -> Iterator[Change]:
    requests: dict[str, Request] = of("http")
    exposed = [int(name[:-4]) for name in image.setting("ExposedPorts") or {} if name.endswith("/tcp")]
    ports = sorted({*exposed, *(request.port for request in requests.values() if request.port)}) or [8080]

    def program(
        words: str, keys: tuple[str, ...], code: str = "0", status: int = 500, held: int = 0, more: str = ""
    ) -> Change:
        perl = ["perl", "-MIO::Socket::INET", "-MIO::Select", "-e", _PROGRAM.strip(), code, str(status), str(held)]
        entry = json.dumps([*perl, *map(str, ports)])
        expose = f"EXPOSE {' '.join(map(str, ports))}"
        return Change(words, f"FROM {HELPER}\n{expose}\n{more}ENTRYPOINT {entry}\n", keys)

    first = next(iter(requests.items()), None)
    if first:
        status = 500 if first[1].status != 500 else 200
        yield program("another answer", (first[0],), status=status)
        yield Change("a program that ends at once", f'FROM {HELPER}\nENTRYPOINT ["true"]\n', tuple(requests), mute=True)
    stops: dict[str, Stop] = of("stops")
    for code in ("3", "4"):
        if keys := tuple(
            key for key, stop in stops.items() if (3 in stop.exit) is (code == "4") and int(code) not in stop.exit
        ):
            yield program(f"exit code {code}", keys, code)
    if deaf := tuple(key for key, stop in stops.items() if 137 not in stop.exit):
        yield program("a program that ignores signals", deaf, "")
    for key, limit in of("memory").items():
        if isinstance(limit, Limit) and not limit.at_least and limit.bound < 5e8:
            yield program("more memory", (key,), held=int(limit.bound) + 20_000_000)
    for key in of("unhealthy"):
        always = 'HEALTHCHECK --interval=1s CMD ["perl", "-e", "exit 0"]\n'
        yield program("a HEALTHCHECK that always succeeds", (key,), more=always)
