"""An opener for http and https that no server can keep waiting forever."""

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
_BUFFER = 2**13  # far less than a head may have, since the file behind it is read ahead too


class _Wire(io.RawIOBase):
    """The incoming bytes of a socket, limited in number and in time."""

    def __init__(self, sock):
        self.raw = sock.makefile("rb", buffering=0)
        self.n_left, self.deadline = _MAX_HEAD_BYTES, time.monotonic() + (sock.gettimeout() or inf)

    def readable(self):
        """Whether the stream can be read: always."""
        return True

    def readinto(self, buffer):
        """Read the bytes that are available."""
        if time.monotonic() > self.deadline:
            raise TimeoutError("it takes too long to begin sending the file")
        n = self.raw.readinto(buffer)
        self.n_left -= n or 0
        if self.n_left < 0:
            raise OSError("it sends far more data than the file")
        return n

    def close(self):
        """Close the socket's file."""
        self.raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response whose overhead is limited.

    The base class reads ``100 Continue``, the lines after the last chunk and the text of a redirect
    for as long as a server sends them, even if each arrives just before the timeout of the socket.
    """

    def __init__(self, sock, *arguments, **keywords):
        super().__init__(sock, *arguments, **keywords)
        self.fp.close()
        self._wire = _Wire(sock)
        self.fp = io.BufferedReader(self._wire, _BUFFER)

    def begin(self):
        """Read the head. If a file follows, its download has no deadline."""
        super().begin()
        if self.status < 300:
            self._wire.deadline = inf

    def read(self, amt=None):
        """Read a block. If it is sent in small chunks, more bytes than its own are transferred."""
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
    """Make an opener for http and https, with redirects, and for no other protocol."""
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
