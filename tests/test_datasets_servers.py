"""Simultaneous downloads, endless servers, interrupts and malformed addresses."""

import gzip
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

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
HEAD = b"HTTP/1.1 200 OK\r\n"


class Server:
    """Passes each connection to a function ``(socket, first line, start of the range)``."""

    def __init__(self, *answers):
        self.answers, self.requests, self.stopped = answers, [], threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        self.sent = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with suppress(OSError), connection:
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            _, _, asked = request.partition(b"Range: bytes=")
            start = int(asked.partition(b"-")[0]) if asked else 0
            path = request.split(b"/")[1].split()[0]
            if not path.isdigit():
                return
            kind = self.answers[int(path)]
            self.requests.append((kind.__name__, start))
            for piece in kind(self, start):
                connection.sendall(piece)
                self.sent += len(piece)
                if self.stopped.is_set():
                    return

    def close(self):
        self.stopped.set()
        self.socket.close()


@pytest.fixture
def serve(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def serve(*answers):
        servers.append(Server(*answers))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


def good(server, start):
    if start:
        span = b"Content-Range: bytes %d-%d/%d\r\n" % (start, len(ARCHIVE) - 1, len(ARCHIVE))
        yield b"HTTP/1.1 206 Partial Content\r\n" + span
    else:
        yield HEAD
    yield b"Content-Length: %d\r\n\r\n" % (len(ARCHIVE) - start)
    yield ARCHIVE[start:]


def slow(server, start):
    """Send the file in forty pieces, within a second."""
    *head, content = good(server, start)
    yield from head
    step = len(ARCHIVE) // 40
    for i in range(0, len(content), step):
        time.sleep(0.02)
        yield content[i : i + step]


def fetch(folder, server, n_mirrors=None, **arguments):
    mirrors = [server.url + str(i) for i in range(n_mirrors or len(server.answers))]
    arguments = {"sha256": SHA256, "delay": 0, "timeout": 5, "n_retries": 0, **arguments}
    return fetch_cifar10(folder, mirrors=mirrors, **arguments)


def check_is_complete(bunch, folder):
    assert bunch.data.shape == (24, 3072)
    assert set(bunch.target) == {3}
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert (folder / NAME).read_bytes() == ARCHIVE


PROGRAM = """
import sys
from sk231n.datasets import fetch_cifar10
folder, url, sha256 = sys.argv[1:]
bunch = fetch_cifar10(folder, mirrors=[url], sha256=sha256, n_retries=0, delay=0)
print(bunch.data.shape, set(bunch.target.tolist()))
"""


def start_process(folder, server):
    command = [sys.executable, "-c", PROGRAM, str(folder), server.url + "0", SHA256]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# Several at once ---------------------------------------------------------------------------------


def test_processes_that_fetch_into_one_home(tmp_path, serve):
    server = serve(slow)
    processes = [start_process(tmp_path, server) for _ in range(2)]
    for process in processes:
        printed, errors = process.communicate(timeout=60)
        assert (printed, errors) == ("(24, 3072) {3}\n", "")
    check_is_complete(fetch(tmp_path, server), tmp_path)
    assert server.requests == [("slow", 0)]


@pytest.mark.parametrize("n_bytes", [0, 30_000, len(ARCHIVE)])
def test_threads_that_fetch_into_one_home(tmp_path, serve, n_bytes):
    """The same if a part exists already."""
    server = serve(slow)
    if n_bytes:
        (tmp_path / f"{NAME}.part").write_bytes(ARCHIVE[:n_bytes])
    with ThreadPoolExecutor(5) as pool:
        bunches = list(pool.map(lambda _: fetch(tmp_path, server), range(5)))
    for bunch in bunches:
        check_is_complete(bunch, tmp_path)
    assert server.requests == [("slow", n_bytes)] * (n_bytes < len(ARCHIVE))


def test_many_at_once(tmp_path, serve):
    """Without pauses, so that the order of their steps is random."""
    server = serve(good)
    for i in range(20):
        folder = tmp_path / str(i)
        folder.mkdir()
        if i % 2:
            (folder / f"{NAME}.part").write_bytes(ARCHIVE[: i * 4000])
        with ThreadPoolExecutor(6) as pool:
            bunches = list(pool.map(lambda _, folder=folder: fetch(folder, server), range(6)))
        for bunch in bunches:
            check_is_complete(bunch, folder)
    assert len(server.requests) == 20 - 1  # the longest part was complete


def test_nothing_half_gets_the_proper_name(tmp_path, serve, monkeypatch):
    """A process that reads during a download finds no file or the complete file."""
    server = serve(slow)
    done = threading.Event()
    seen = set()

    def look():
        while not done.is_set():
            with suppress(FileNotFoundError):
                seen.add((tmp_path / NAME).read_bytes())

    with ThreadPoolExecutor(4) as pool:
        looking = pool.submit(look)
        for bunch in pool.map(lambda _: fetch(tmp_path, server), range(3)):
            assert bunch.data.shape == (24, 3072)
        done.set()
        looking.result()
    assert seen <= {ARCHIVE}


def test_who_waits_goes_on_where_another_failed(tmp_path, serve):
    def cut(server, start):
        pieces = list(slow(server, start))
        yield from pieces[:20]

    server = serve(cut, good)
    with ThreadPoolExecutor(2) as pool:
        failing = pool.submit(fetch, tmp_path, server, 1)
        while not (tmp_path / f"{NAME}.part").exists():
            time.sleep(0.001)
        succeeding = pool.submit(fetch_cifar10, tmp_path, mirrors=[server.url + "1"], sha256=SHA256)
        with pytest.raises(OSError, match="in the middle of the file"):
            failing.result()
        check_is_complete(succeeding.result(), tmp_path)
    (first, _), (second, start) = server.requests
    assert (first, second) == ("cut", "good")
    assert start > 0


def test_without_locks(tmp_path, serve, monkeypatch):
    """Without locks it works for one process at a time, and resumes too."""
    monkeypatch.setattr(_download, "fcntl", None)
    server = serve(good)
    (tmp_path / f"{NAME}.part").write_bytes(ARCHIVE[:1000])
    check_is_complete(fetch(tmp_path, server), tmp_path)
    assert server.requests == [("good", 1000)]


def test_part_that_is_no_file(tmp_path, serve):
    server = serve(good)
    (tmp_path / f"{NAME}.part").mkdir()
    with pytest.raises(OSError, match=r"\.part is not a file"):
        fetch(tmp_path, server)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_in_the_place_of_files(tmp_path, serve):
    server = serve(good)
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(OSError, match="is not there"):
        fetch(tmp_path, server, download_if_missing=False)
    check_is_complete(fetch(tmp_path, server), tmp_path)
    os.mkfifo(tmp_path / f"{NAME}.part")
    (tmp_path / NAME).unlink()
    with pytest.raises(OSError, match=r"\.part is not a file"):
        fetch(tmp_path, server)


# Interrupts --------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a process")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_process_leaves_what_the_next_goes_on_with(tmp_path, serve, how):
    server = serve(slow, good)
    part = tmp_path / f"{NAME}.part"
    process = start_process(tmp_path, server)
    while not (part.exists() and part.stat().st_size > 20_000):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert ("KeyboardInterrupt" in errors) == (how == signal.SIGINT)
    left = part.read_bytes()
    assert 20_000 < len(left) < len(ARCHIVE)
    assert left == ARCHIVE[: len(left)]
    bunch = fetch_cifar10(tmp_path, mirrors=[server.url + "1"], sha256=SHA256)
    check_is_complete(bunch, tmp_path)
    assert server.requests[-1] == ("good", len(left))


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a process")
def test_waiting_process_can_be_interrupted(tmp_path, serve):
    server = serve(good)
    with open(tmp_path / f"{NAME}.part", "a+b") as file:
        _download.fcntl.flock(file, _download.fcntl.LOCK_EX)
        file.write(ARCHIVE[:7])
        file.flush()
        process = start_process(tmp_path, server)
        time.sleep(1.5)  # reaching this point takes about a second
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    assert server.requests == []
    check_is_complete(fetch(tmp_path, server), tmp_path)


# Endless servers ---------------------------------------------------------------------------------


def continues(server, start):
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


def continues_slowly(server, start):
    while True:
        time.sleep(0.05)
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


def endless_line(server, start):
    yield HEAD
    while True:
        yield b"x" * 1000


def endless_head(server, start):
    yield HEAD
    while True:
        yield b"X-Y: z\r\n"


def slow_head(server, start):
    yield HEAD
    while True:
        time.sleep(0.05)
        yield b"x"


def endless_trailer(server, start):
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n"
    while True:
        yield b"x: y\r\n" * 100


def endless_chunk_line(server, start):
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;"
    while True:
        yield b"x" * 1000


def endless_redirect(server, start):
    yield b"HTTP/1.1 302 Found\r\nLocation: /1\r\n\r\n"
    while True:
        yield b"x" * 1000


def slow_redirect(server, start):
    yield b"HTTP/1.1 302 Found\r\nLocation: /1\r\n\r\n"
    while True:
        time.sleep(0.05)
        yield b"x"


ENDLESS = [continues, endless_line, endless_head, endless_trailer, endless_chunk_line,
           endless_redirect]  # fmt: skip
SLOW = [continues_slowly, slow_head, slow_redirect]


@pytest.mark.parametrize("kind", ENDLESS)
def test_servers_without_an_end_are_left(tmp_path, serve, kind):
    server = serve(kind, good)
    check_is_complete(fetch(tmp_path, server), tmp_path)
    assert [name for name, _ in server.requests] == [kind.__name__, "good"]
    assert server.sent < 10 * 2**20  # most of it is in the buffers of the sockets


@pytest.mark.parametrize("kind", SLOW)
def test_servers_that_never_come_to_the_file_are_left(tmp_path, serve, kind):
    server = serve(kind, good)
    check_is_complete(fetch(tmp_path, server, timeout=0.5), tmp_path)
    assert [name for name, _ in server.requests] == [kind.__name__, "good"]


def test_the_file_may_take_longer_than_the_timeout(tmp_path, serve):
    server = serve(slow)
    check_is_complete(fetch(tmp_path, server, timeout=0.7), tmp_path)
    assert server.requests == [("slow", 0)]


def test_small_chunks_are_no_harm(tmp_path, serve):
    def chunks(server, start):
        pieces = [ARCHIVE[i : i + 3] for i in range(0, len(ARCHIVE), 3)]
        yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        yield b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        yield b"0\r\nX-Y: z\r\n\r\n"

    check_is_complete(fetch(tmp_path, serve(chunks)), tmp_path)


# Invalid answers ---------------------------------------------------------------------------------


def answer(content, name):
    def kind(server, start):
        yield content

    kind.__name__ = name
    return kind


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1",
        "http://[::1]:x/",
        "http://127.0.0.1:99999999/",
        "http://127.0.0.1:-1/",
        "http://",
        "http:///x",
        "//",
        "http://a..b/",
        "http://" + "a" * 70 + ".invalid/",
        "http://127.0.0.1/\xff\x80",
        "gopher://127.0.0.1/",
        "/0",
        "\0",
    ],
)
def test_broken_redirects_lead_to_the_next_mirror(tmp_path, serve, location):
    head = b"HTTP/1.1 302 Found\r\nLocation: " + location.encode("latin1") + b"\r\n"
    server = serve(answer(head + b"Content-Length: 0\r\n\r\n", "redirect"), good)
    check_is_complete(fetch(tmp_path, server), tmp_path)
    assert server.requests[-1] == ("good", 0)


def test_broken_redirect_is_listed(tmp_path, serve):
    head = b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"
    server = serve(answer(head, "redirect"))
    with pytest.raises(OSError, match=r"/0: Invalid IPv6 URL"):
        fetch(tmp_path, server)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 999999999999 x\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        HEAD + b"Content-Length: \xb2\r\n\r\nabc",
        HEAD + b"Content-Length: -5\r\n\r\nabc",
        HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: nonsense\r\n\r\nabc",
        b"HTTP/1.1 416 Range Not Satisfiable\r\n\r\n",
    ],
)
def test_nonsense_leads_to_the_next_mirror(tmp_path, serve, content):
    server = serve(answer(content, "nonsense"), good)
    check_is_complete(fetch(tmp_path, server), tmp_path)
    assert server.requests[-1][0] == "good"


def test_https_is_tried_too(tmp_path, serve):
    """A server that does not speak https is skipped for the next one."""
    server = serve(good)
    mirrors = [server.url.replace("http:", "https:") + "0", server.url + "0"]
    bunch = fetch_cifar10(tmp_path, mirrors=mirrors, sha256=SHA256, n_retries=0, timeout=0.5)
    check_is_complete(bunch, tmp_path)


def test_warning_points_at_the_caller(tmp_path, serve):
    server = serve(good)
    (tmp_path / NAME).write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="downloaded again") as record:
        fetch(tmp_path, server)
    assert [warning.filename for warning in record] == [__file__]
