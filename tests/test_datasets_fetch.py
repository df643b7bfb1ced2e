"""The download, from a server on this computer that misbehaves on demand."""

import gzip
import hashlib
import http.client
import io
import re
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from sk231n.datasets import _download, fetch_cifar10

NAME = "cifar-10-binary.tar.gz"


def make_archive():
    """A binary CIFAR-10 with four images in each batch, of pixels that do not compress."""
    rng = np.random.RandomState(0)
    files = {"batches.meta.txt": "\n".join(f"class {i}" for i in range(10)).encode()}
    for batch in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        files[batch + ".bin"] = b"".join(b"\x03" + rng.bytes(3072) for _ in range(4))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


ARCHIVE = make_archive()
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
CUT = 20_000  # where the cut connection ends


class Handler(BaseHTTPRequestHandler):
    """Every path is a kind of server; requests are recorded as (path, Range)."""

    def do_GET(self):
        name = self.path.strip("/")
        self.server.requests.append((name, self.headers["Range"]))
        getattr(self, name.replace("-", "_"))()

    def send(self, content, status=200, stop=None, length=True, **headers):
        self.send_response(status)
        if length:
            self.send_header("Content-Length", str(len(content)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content[:stop])

    @property
    def start(self):
        asked = self.headers["Range"]
        return int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0

    def good(self, content=ARCHIVE, stop=None):
        if self.start >= len(content):
            self.send(b"", 416, Content_Range=f"bytes */{len(content)}")
        elif self.start:
            span = f"bytes {self.start}-{len(content) - 1}/{len(content)}"
            self.send(content[self.start :], 206, stop, Content_Range=span)
        else:
            self.send(content, stop=stop)

    def cut(self):
        self.good(stop=CUT)

    def cut_without_length(self):
        self.send(ARCHIVE, stop=CUT, length=False)

    def without_length(self):
        self.send(ARCHIVE, length=False)

    def without_range(self):
        self.send(ARCHIVE)

    def cut_without_range(self):
        self.send(ARCHIVE, stop=CUT)

    def changed(self):
        self.good(ARCHIVE[::-1])

    def other_range(self):
        if self.start:
            self.send(ARCHIVE, 206, Content_Range=f"bytes 0-{len(ARCHIVE) - 1}/{len(ARCHIVE)}")
        else:
            self.send(ARCHIVE)

    def error(self):
        self.send(b"sorry", 503)

    def missing(self):
        self.send(b"sorry", 404)

    def no_content(self):
        self.send(b"", 204)

    def silent(self):
        self.server.stopped.wait(5)

    def elsewhere(self):
        self.send(b"", 302, Location="/good")

    def to_a_file(self):
        self.send(b"", 302, Location="file:///etc/passwd")

    def to_ftp(self):
        self.send(b"", 302, Location="ftp://127.0.0.1/x")

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.stopped = [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.stopped.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def fetch(server, tmp_path):
    def fetch(*kinds, **arguments):
        mirrors = [server.url + kind for kind in kinds]
        arguments = {"sha256": SHA256, "delay": 0, "timeout": 5, **arguments}
        return fetch_cifar10(tmp_path, mirrors=mirrors, **arguments)

    return fetch


@pytest.fixture
def part(tmp_path):
    return tmp_path / (NAME + ".part")


def check_is_complete(bunch, folder):
    assert bunch.data.shape == (24, 3072)
    assert set(bunch.target) == {3}
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == ARCHIVE


def test_download_once(fetch, server, tmp_path):
    check_is_complete(fetch("good"), tmp_path)
    check_is_complete(fetch("good"), tmp_path)
    check_is_complete(fetch("good", download_if_missing=False, sha256=SHA256.upper()), tmp_path)
    assert server.requests == [("good", None)]


def test_arguments_are_passed_on(fetch):
    data, target = fetch("good", split="test", return_X_y=True)
    assert data.shape == (4, 3072)
    assert target.shape == (4,)


@pytest.mark.parametrize("kind", ["without-range", "without-length", "elsewhere", "other-range"])
def test_servers_of_other_kinds(fetch, tmp_path, kind):
    check_is_complete(fetch(kind), tmp_path)


def test_cut_connection_is_resumed(fetch, server, tmp_path):
    check_is_complete(fetch("cut"), tmp_path)
    starts = [asked for _, asked in server.requests]
    assert starts == [None, *(f"bytes={i}-" for i in range(CUT, len(ARCHIVE), CUT))]


def test_next_mirror_goes_on_where_the_first_broke_off(fetch, server, tmp_path):
    check_is_complete(fetch("cut", "good", n_retries=0), tmp_path)
    assert server.requests == [("cut", None), ("good", f"bytes={CUT}-")]


def test_next_call_goes_on_where_the_last_broke_off(fetch, server, tmp_path, part):
    with pytest.raises(OSError, match="in the middle of the file"):
        fetch("cut", n_retries=0)
    assert part.read_bytes() == ARCHIVE[:CUT]
    check_is_complete(fetch("good"), tmp_path)
    assert server.requests[-1] == ("good", f"bytes={CUT}-")


def test_interrupted_run(fetch, server, tmp_path, part, monkeypatch):
    sizes = iter([1000] * 5)

    def read(response, size):
        try:
            return real(response, next(sizes))
        except StopIteration:
            raise KeyboardInterrupt from None

    real = http.client.HTTPResponse.read
    with monkeypatch.context() as patch:
        patch.setattr(http.client.HTTPResponse, "read", read)
        with pytest.raises(KeyboardInterrupt):
            fetch("good")
    assert [path.name for path in tmp_path.iterdir()] == [part.name]
    assert part.read_bytes() == ARCHIVE[:5000]
    check_is_complete(fetch("good"), tmp_path)
    assert server.requests[-1] == ("good", "bytes=5000-")


def test_interrupted_before_it_got_its_name(fetch, server, tmp_path, part):
    part.write_bytes(ARCHIVE)
    check_is_complete(fetch("good"), tmp_path)
    assert server.requests == []


def test_wrong_part_is_thrown_away(fetch, server, tmp_path, part):
    part.write_bytes(bytes(CUT))
    check_is_complete(fetch("good"), tmp_path)
    assert server.requests == [("good", f"bytes={CUT}-"), ("good", None)]


@pytest.mark.parametrize("size", [len(ARCHIVE), len(ARCHIVE) + 1])
def test_part_that_is_too_long(fetch, server, tmp_path, part, size):
    part.write_bytes(bytes(size))
    check_is_complete(fetch("good"), tmp_path)
    assert server.requests == [("good", f"bytes={size}-"), ("good", None)]


@pytest.mark.parametrize("kind", ["without-range", "other-range"])
def test_part_and_a_server_that_ignores_ranges(fetch, tmp_path, part, kind):
    part.write_bytes(ARCHIVE[:CUT])
    check_is_complete(fetch(kind), tmp_path)


def test_part_and_a_file_that_has_changed(fetch, server, tmp_path, part):
    part.write_bytes(ARCHIVE[:CUT])
    check_is_complete(fetch("changed", "good"), tmp_path)
    assert server.requests == [("changed", f"bytes={CUT}-"), ("changed", None), ("good", None)]


@pytest.mark.parametrize(
    "kind",
    ["changed", "error", "missing", "no-content", "to-a-file", "to-ftp", "cut-without-length"],
)
def test_second_mirror(fetch, server, tmp_path, kind):
    check_is_complete(fetch(kind, "good"), tmp_path)
    assert server.requests[0] == (kind, None)
    assert server.requests[-1] == ("good", None)


def test_silent_server(fetch, server, tmp_path):
    check_is_complete(fetch("silent", "good", timeout=0.1, n_retries=1), tmp_path)
    assert [kind for kind, _ in server.requests] == ["silent", "silent", "good"]


def test_nobody_listens(fetch, server, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=True) as closed:
        port = closed.server_port
    mirrors = [f"http://127.0.0.1:{port}/x", server.url + "good"]
    bunch = fetch_cifar10(tmp_path, mirrors=mirrors, sha256=SHA256, n_retries=0)
    check_is_complete(bunch, tmp_path)


def test_all_fail(fetch, server, tmp_path):
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        fetch("error", "changed", "cut-without-range", n_retries=1)
    for word in (NAME, "/error: HTTP Error 503", "/changed: ", SHA256, f"after {CUT} bytes"):
        assert word in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [NAME + ".part"]


def test_endless_server(fetch, tmp_path, part, monkeypatch):
    monkeypatch.setattr(_download, "_MAX_BYTES", CUT)
    with pytest.raises(OSError, match="more than 20000 bytes"):
        fetch("good")
    assert not part.exists() or part.stat().st_size == 0


def test_damaged_archive_is_replaced(fetch, server, tmp_path):
    (tmp_path / NAME).write_bytes(ARCHIVE[:-1])
    with pytest.raises(OSError, match="another SHA-256"):
        fetch("good", download_if_missing=False)
    with pytest.warns(UserWarning, match="downloaded again"), pytest.raises(OSError, match="503"):
        fetch("error")
    assert (tmp_path / NAME).read_bytes() == ARCHIVE[:-1]
    with pytest.warns(UserWarning, match="downloaded again"):
        check_is_complete(fetch("good"), tmp_path)


def test_no_net_allowed(fetch, server, tmp_path):
    with pytest.raises(OSError, match="is not there"):
        fetch("good", download_if_missing=False)
    assert server.requests == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        {"mirrors": []},
        {"mirrors": [3]},
        {"mirrors": "http://127.0.0.1"},
        {"mirrors": ["file:///etc/passwd"]},
        {"mirrors": ["http://127.0.0.1/x", "ftp://127.0.0.1/x"]},
        {"mirrors": ["/etc/passwd"]},
        {"sha256": "abc"},
        {"sha256": "x" * 64},
        {"timeout": 0},
        {"n_retries": -1},
        {"delay": -1},
        {"split": "validation"},
    ],
)
def test_arguments(tmp_path, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        fetch_cifar10(tmp_path, **{"mirrors": ["http://127.0.0.1:9/"], **arguments})


def test_data_home_from_the_environment(fetch, server, tmp_path, monkeypatch):
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    fetch_cifar10(mirrors=[server.url + "good"], sha256=SHA256)
    assert (tmp_path / NAME).read_bytes() == ARCHIVE
