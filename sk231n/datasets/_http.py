"""An opener for http and https that no server can hold on to for ever."""

import http.client
import io
import ssl
import time
from math import inf
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    UnknownHandler,
)

_MAX_HEAD_BYTES = 2**16


class _Wire(io.RawIOBase):
    """What comes through a socket: so many bytes, and until then."""

    def __init__(self, sock):
        self.raw = sock.makefile("rb", buffering=0)
        self.n_left, self.deadline = _MAX_HEAD_BYTES, time.monotonic() + (sock.gettimeout() or inf)

    def readable(self):
        """Return that it can be read."""
        return True

    def readinto(self, buffer):
        """Read what there is."""
        if time.monotonic() > self.deadline:
            raise TimeoutError("it takes too long to begin with the file")
        n = self.raw.readinto(buffer)
        self.n_left -= n or 0
        if self.n_left < 0:
            raise OSError("it sends far more than the file")
        return n

    def close(self):
        """Close the socket's file."""
        self.raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that comes to its point.

    The base class reads ``100 Continue``, the lines after the last chunk and the text of a redirect
    for as long as a server sends them, also when each comes just before the timeout of the socket.
    """

    def __init__(self, sock, *arguments, **keywords):
        super().__init__(sock, *arguments, **keywords)
        self.fp.close()
        self._wire = _Wire(sock)
        self.fp = io.BufferedReader(self._wire)

    def begin(self):
        """Read the head; if a file follows, that takes the time that it takes."""
        super().begin()
        if self.status < 300:
            self._wire.deadline = inf

    def read(self, amt=None):
        """Read a block; in small chunks it is longer on the wire."""
        self._wire.n_left = _MAX_HEAD_BYTES + 8 * (amt or 0)
        return super().read(amt)


class _Connection(http.client.HTTPConnection):
    response_class = _Response


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _Response


class _PlainHandler(HTTPHandler):
    def http_open(self, req):
        return self.do_open(_Connection, req)


class _SecureHandler(HTTPSHandler):
    def https_open(self, req):
        return self.do_open(_SecureConnection, req, context=ssl.create_default_context())


def _make_opener():
    """Opener for http and https, redirects included, and for nothing else."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler,
        _PlainHandler,
        _SecureHandler,
        HTTPRedirectHandler,
        HTTPDefaultErrorHandler,
        HTTPErrorProcessor,
        UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


OPENER = _make_opener()
