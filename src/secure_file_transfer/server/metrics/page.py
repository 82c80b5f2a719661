"""`/metrics` itself: a small HTTP server of its own, without TLS or sign-in, for the collector beside it."""

import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from socket import AF_INET6, getaddrinfo
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from ...errors import ConfigurationError

IDLE_SECONDS = 10
_Start = Callable[..., Any]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 16


class _Server6(_Server):
    address_family = AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = IDLE_SECONDS  # of a peer that says nothing; it holds a thread as long

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Nothing: a scrape every few seconds is no news."""


class MetricsPage:
    """Serves a registry from construction until `close`. Port 0 is chosen by the system."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        """Raises ConfigurationError: the address cannot be had."""
        try:
            family, _, _, _, address = getaddrinfo(host, port)[0]
            kind = _Server6 if family is AF_INET6 else _Server
            self._server = kind((str(address[0]), port), _Handler)
        except OSError as error:
            raise ConfigurationError(
                f"Metrics cannot be served at {host} port {port}: {error.strerror or error}",
                hint="Set metrics_port and metrics_host to an address that is free.",
            ) from None
        self._server.set_app(_only_metrics(make_wsgi_app(registry)))
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_port}/metrics"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _only_metrics(app: Callable[[Any, _Start], Iterable[bytes]]) -> Callable[[Any, _Start], Iterable[bytes]]:
    def answer(environ: Any, start: _Start) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/metrics":
            return app(environ, start)
        start("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"Metrics are at /metrics.\n"]

    return answer
