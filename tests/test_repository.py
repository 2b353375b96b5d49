"""What is asked of a registry and of an address: only an answer of the right kind is one."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from walkthrough.claims.spec import read_spec
from walkthrough.errors import StepError
from walkthrough.observe.load import LoadedAddress
from walkthrough.observe.repository import StandingRepository

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
Answers = Mapping[str, tuple[int, dict[str, str], bytes]]


@contextlib.contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """Serve answers by path, for any other 404, on this machine; yield where."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b"nothing here"))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def told(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code}]}).encode()


def manifest(*layers: tuple[str, int]) -> tuple[int, dict[str, str], bytes]:
    body = {"layers": [{"digest": digest, "size": size} for digest, size in layers]}
    return 200, {"Content-Type": MANIFEST}, json.dumps(body).encode()


SOUND: Answers = {
    "/v2/a/tags/list": (200, {}, b'{"name":"a","tags":["two","one"]}'),
    "/v2/a/manifests/one": manifest(("sha256:a", 100), ("sha256:b", 20)),
    "/v2/a/manifests/two": (
        200,
        {"Content-Type": "application/vnd.oci.image.index.v1+json; charset=utf-8"},
        json.dumps(
            {
                "manifests": [
                    {"digest": "sha256:inner"},
                    {
                        "digest": "sha256:note",
                        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
                    },
                ]
            }
        ).encode(),
    ),
    "/v2/a/manifests/sha256:inner": manifest(("sha256:a", 100), ("sha256:c", 3)),
    "/v2/a/manifests/sha256:note": manifest(("sha256:d", 5000)),
    "/v2/never/tags/list": (404, {}, told("NAME_UNKNOWN")),
    "/v2/a/manifests/three": (404, {}, told("MANIFEST_UNKNOWN")),
}


def test_a_registry_is_read() -> None:
    """Layers of all tags are counted once, attestations are not; a repository that is not there has no tag."""
    with serving(SOUND) as where:
        repository = StandingRepository(f"{where}/a")
        assert repository.tags == ["one", "two"]
        assert repository.stored == 123
        assert repository.digest("one") != repository.digest("two")
        assert StandingRepository(f"{where}/never").tags == []
        with pytest.raises(StepError, match="has no 'three'"):
            repository.digest("three")
        with pytest.raises(StepError, match="has nothing of never"):
            assert StandingRepository(f"{where}/never").stored


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, b"<html>no such page</html>"),
        (200, {"Content-Type": "text/html"}, b"<html>welcome</html>"),
        (302, {"Location": "/login"}, b""),
        (200, {"Content-Type": MANIFEST}, b"[]"),
        (200, {"Content-Type": MANIFEST}, b'{"tags": "one"}'),
        (200, {"Link": '</v2/a/tags/list?last=x>; rel="next"'}, b'{"tags":["one"]}'),
        (500, {}, b""),
        (401, {}, told("UNAUTHORIZED")),
    ],
)
def test_what_is_no_registry_s_answer_says_nothing(answer: tuple[int, dict[str, str], bytes]) -> None:
    """Neither that there are no tags, nor that there are."""
    with serving({"/v2/a/tags/list": answer}) as where, pytest.raises(StepError):
        assert StandingRepository(f"{where}/a").tags


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "text/html"}, b"<html>welcome</html>"),
        (302, {"Location": "/login", "Content-Type": MANIFEST}, b"{}"),
    ],
)
def test_what_is_no_manifest_has_no_digest(answer: tuple[int, dict[str, str], bytes]) -> None:
    """A page that is the same for all addresses would make all tags one."""
    with serving({"/v2/a/manifests/one": answer}) as where, pytest.raises(StepError):
        StandingRepository(f"{where}/a").digest("one")


def test_nobody_is_no_registry() -> None:
    with serving({}) as where:
        gone = where
    with pytest.raises(StepError, match="does not answer"):
        assert StandingRepository(f"{gone}/a").tags


@pytest.mark.parametrize(
    ("answer", "lost"),
    [
        ((200, {}, b"x" * (3 << 20)), ""),
        ((204, {}, b""), ""),
        ((302, {"Location": "/"}, b""), "status 302"),
        ((302, {"Location": "http://[bad/"}, b""), "Invalid"),
        ((503, {}, b"busy"), "status 503"),
        ((200, {"Content-Length": "99"}, b"half"), "95 more"),
    ],
)
def test_only_a_whole_good_answer_is_none_that_is_lost(answer: tuple[int, dict[str, str], bytes], lost: str) -> None:
    with serving({"/": answer}) as where:
        seen = LoadedAddress(f"http://{where}/").load(20, 1, "")

    assert seen.asked == 20
    assert seen.lost == (20 if lost else 0), seen
    assert lost in seen.why


def test_the_command_of_a_load_has_a_reader_s_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this tool's own; it must succeed, and the load goes on until it has ended."""
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    with serving({"/": (200, {}, b"")}) as where:
        address = LoadedAddress(f"http://{where}/")
        assert address.load(20, 1, 'sleep 2; test -z "$PYTHONPATH" && test "$PWD" = ~').asked > 40
        with pytest.raises(StepError, match="ends with exit status 3"):
            address.load(20, 1, "exit 3")


@pytest.mark.parametrize(
    ("about", "good"),
    [
        ("repository: localhost:5000/a", True),
        ("repository: registry.test:5000/a/b-c", True),
        ("repository: ghcr.io/a", True),
        ("repository: a/b", False),
        ("repository: localhost:5000/..", False),
        ("repository: localhost:5000/a:1", False),
        ("repository: localhost:5000/A", False),
    ],
)
def test_names_of_repositories(about: str, good: bool) -> None:
    """The first part of one is a registry, and none has a tag."""
    spec, faults = read_spec(f"{about}\ntags: [one]\n", 1)
    assert (spec is not None) is good, faults


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://localhost:8080/", True),
        ("http://127.0.0.1/path?query=1", True),
        ("http://localhost.evil.example/", False),
        ("http://localhost:80.evil.example/", False),
        ("http://localhost@evil.example/", False),
        ("https://localhost/", False),
        ("http://192.0.2.1/", False),
    ],
)
def test_load_goes_to_this_machine_alone(url: str, good: bool) -> None:
    spec, faults = read_spec(f"url: {url}\nunder_load: {{rate: 1, seconds: 1, lost: none}}\n", 1)
    assert (spec is not None) is good, faults


@pytest.mark.parametrize("digests", ["{a: a}", "{a: 'x#y'}", "{a: sha256:abc}", "{../b: a}"])
def test_digests_that_say_nothing_are_refused(digests: str) -> None:
    spec, faults = read_spec(f"repository: localhost:5000/a\ndigests: {digests}\n", 1)
    assert spec is None
    assert faults
