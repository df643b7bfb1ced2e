"""The server of the pages that play, in a thread."""

import asyncio
import threading

import pytest


@pytest.fixture(scope="session")
def server():
    """A running server of the pages, at a free port."""
    from sk231n.play._pages.server import make_server

    started = threading.Event()
    servers = []

    def run():
        asyncio.set_event_loop(asyncio.new_event_loop())
        servers.append(make_server(0))
        servers[0].start()
        servers[0].io_loop.add_callback(started.set)
        servers[0].io_loop.start()
        servers[0].stop()
        servers[0].io_loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(60)
    yield servers[0]
    servers[0].io_loop.add_callback(servers[0].io_loop.stop)
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def n_tabs(server):
    """A function that counts the tabs of which the server knows."""
    return lambda: sum(len(server.get_sessions(path)) for path in ("/knn", "/linear", "/network"))
