"""The socket, TLS and the life of the HTTP server: bind, run in this thread or another, stop gracefully."""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from ...errors import SecureFileTransferError
from ...logger import get_logger
from ..sockets import bind, tls_context
from .connection import connection_factory
from .gate import Gate
from .limits import Limits
from .tls import SwitchedContext

BACKLOG = 1024
STOPPING_TICK = 0.05
FLUSH_SECONDS = 1
"""What answers that are written already get to leave, once the time for requests is up."""

_log = get_logger()


class GatedApp(Protocol):
    """What the listener needs of the application."""

    gate: Gate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, as ASGI has it."""

    def refused(self, address: str, error: SecureFileTransferError) -> None:
        """Called when a connection is ended before it has made a whole request."""

    def close(self) -> None:
        """Called when nothing runs any more."""


class Listener(uvicorn.Server):
    """Serves one application over HTTPS. The port is bound at construction, so that it is known and ours.

    Use `run` to serve in this thread until a signal or `stop`, or `start` to serve in a thread of its own.
    """

    def __init__(
        self,
        app: GatedApp,
        *,
        host: str,
        port: int,
        certfile: Path,
        keyfile: Path,
        client_cafile: Path | None = None,
        device_cas: str | None = None,
        shutdown_seconds: float = 10,
        limits: Limits | None = None,
    ) -> None:
        """Raises ConfigurationError when the certificate or the address cannot be used."""
        self._limits = limits = limits or Limits()
        self._client_cafile = client_cafile
        self._tls = SwitchedContext(tls_context(certfile, keyfile, client_cafile, device_cas))
        self._gate = app.gate
        self._app = app
        self._shutdown_seconds = shutdown_seconds
        self._thread: threading.Thread | None = None
        self._up = threading.Event()
        self._failure: BaseException | None = None
        self._on_ready: Callable[[], None] | None = None
        self.on_stopping: Callable[[], None] | None = None
        """Called when it begins to stop, so that other doors do so at the same time. Must not block."""
        super().__init__(_config(app, limits))
        self._sockets = bind(host, port)
        self._port = int(self._sockets[0].getsockname()[1])

    @property
    def port(self) -> int:
        """The port that is bound."""
        return self._port

    def use(self, certfile: Path, keyfile: Path, device_cas: str | None = None) -> None:
        """Take other certificates for all connections from now on; those that are open keep theirs. Any thread.

        Raises:
            ConfigurationError: they cannot be used; the present ones stay.
        """
        self._tls.current = tls_context(certfile, keyfile, self._client_cafile, device_cas)

    def run(self, on_ready: Callable[[], None] | None = None) -> None:  # type: ignore[override]
        """Serve until `stop`, or in the main thread SIGINT or SIGTERM; then finish what runs, and return.

        `on_ready` is called once connections are taken. A second signal ends at once.
        """
        self._on_ready = on_ready
        factory = self.config.get_loop_factory()
        try:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.run(self.serve())
        finally:
            self.close()

    def start(self) -> None:
        """Serve in a background thread; returns once connections are taken. Raises what kept it from starting."""

        def serve() -> None:
            try:
                self.run(self._up.set)
            except BaseException as error:  # noqa: BLE001 - handed to whoever started it
                self._failure = error
            finally:
                self._up.set()

        self._thread = threading.Thread(target=serve, name="https", daemon=True)
        self._thread.start()
        self._up.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Stop gracefully. Callable from any thread; waits for the end of a background thread."""
        self.should_exit = True
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def close(self) -> None:
        """Let go of the sockets and the application's threads. `run` does it by itself."""
        for sock in self._sockets:
            sock.close()
        self._app.close()

    # --- what uvicorn calls ---------------------------------------------------------------------------------------

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - ours are bound
        """Begin to listen, with a limit for the TLS handshake, which uvicorn does not pass on."""
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                lambda: self.config.http_protocol_class(  # type: ignore[call-arg]
                    config=self.config, server_state=self.server_state, app_state={}, _loop=loop
                ),
                sock=sock,
                ssl=self._tls,
                backlog=BACKLOG,
                ssl_handshake_timeout=self._limits.handshake_seconds,
                ssl_shutdown_timeout=self._limits.idle_seconds,
            )
            for sock in self._sockets
        ]
        self._gate.open()
        self.started = True
        if self._on_ready is not None:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Refuse new requests with 503, let running ones finish, then close.

        As long as a request runs the port stays open, so that whoever asks `/readyz` hears 503 and not silence.
        """
        self._gate.close()
        if self.on_stopping is not None:
            self.on_stopping()
        await self._wait_while(lambda: self._gate.running > 0, self._shutdown_seconds)
        if self._gate.running:
            _log.warning("requests cut off by the end of the server", count=self._gate.running)
        for server in self.servers:
            server.close()
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._wait_while(lambda: bool(self.server_state.connections), FLUSH_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def _wait_while(self, busy: Callable[[], bool], seconds: float) -> None:
        # Looked at now and then, like everything in uvicorn's main loop: a signal handler sets what it waits for.
        ends = time.monotonic() + seconds
        while busy() and not self.force_exit and time.monotonic() < ends:  # noqa: ASYNC110 - see above
            await asyncio.sleep(STOPPING_TICK)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals stop the server, and are not raised again afterwards: what was built is taken down in order."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """The first signal asks, the second insists."""
        self.force_exit = self.should_exit
        self.should_exit = True


def _config(app: GatedApp, limits: Limits) -> uvicorn.Config:
    # uvicorn speaks through the logging module, where without a handler its warnings reach stderr; everything of
    # interest is logged by the application.
    quiet = logging.getLogger("uvicorn")
    quiet.propagate = False
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    return uvicorn.Config(
        app,
        http=connection_factory(limits, app.refused),  # type: ignore[arg-type] # whatever makes protocols does
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=max(1, int(limits.idle_seconds)),
    )


def serve_config(
    app: GatedApp,
    *,
    host: str,
    port: int,
    certfile: Path,
    keyfile: Path,
    shutdown_seconds: float,
    idle_seconds: float,
    client_cafile: Path | None = None,
    device_cas: str | None = None,
) -> Listener:
    """A listener with the limits that an operator may set.

    Raises:
        ConfigurationError: the certificate or the address cannot be used.
    """
    return Listener(
        app,
        host=host,
        port=port,
        certfile=certfile,
        keyfile=keyfile,
        client_cafile=client_cafile,
        device_cas=device_cas,
        shutdown_seconds=shutdown_seconds,
        limits=Limits(idle_seconds=idle_seconds, head_seconds=min(20.0, idle_seconds)),
    )
