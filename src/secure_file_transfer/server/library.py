"""The server as a library: three lines in a program of yours."""

import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ..config import load
from ..doors.http.listener import Listener
from ..errors import ConfigurationError, NotFoundError, disk_errors
from ..model import DEFAULT_PORT, Rights
from ..services.access import Access
from ..services.files import Files
from ..storage.clock import SystemClock
from ..storage.folder import FolderTree
from .house import House
from .run import LOOPBACK, listen, open_server, own_certificate, traffic


class SecureFileTransferServer:
    """An HTTPS server for files.

    **Without accounts** (neither `data_dir` nor `accounts`) it takes anonymous uploads of new files into the folder
    `received_dir`, as plain files; nobody can list, read or replace anything through it. Because anyone who
    reaches it may then write to the disk, it binds only to loopback unless `allow_anonymous` is set.

    **With accounts** it keeps everything sealed in `data_dir`. `accounts` maps names to passwords; those that are
    missing there are made at the start, those that exist get that password.

    Args:
        host: the address to listen on; `0.0.0.0` for all.
        port: 0 lets the system choose; read `port` after the start.
        certfile: PEM, the server's certificate, with its chain. Without it, a server with a `data_dir` makes its own.
        keyfile: PEM, its key.
        client_cafile: PEM; when given, only clients that hold a certificate of this authority can connect at all.
        data_dir: where a server with accounts keeps everything; made when missing.
        accounts: names and passwords. Needs `data_dir`.
        allow_anonymous: let a server without accounts listen beyond loopback.
        received_dir: where a server without accounts puts what it receives.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        *,
        certfile: str | Path | None = None,
        keyfile: str | Path | None = None,
        client_cafile: str | Path | None = None,
        data_dir: str | Path | None = None,
        accounts: Mapping[str, str] | None = None,
        allow_anonymous: bool = False,
        received_dir: str | Path = "received",
    ) -> None:
        """Raises ConfigurationError for arguments that do not go together."""
        if accounts and data_dir is None:
            raise ConfigurationError("Accounts need a place for their files", hint="Give data_dir as well.")
        if data_dir is not None and allow_anonymous:
            raise ConfigurationError(
                "A server with accounts takes no anonymous uploads", hint="Leave out data_dir or allow_anonymous."
            )
        if data_dir is None and host not in LOOPBACK and not allow_anonymous:
            raise ConfigurationError(
                f"Without accounts anybody who reaches {host} could write to this disk",
                hint="Listen on 127.0.0.1, or give data_dir and accounts, or say allow_anonymous=True.",
            )
        if data_dir is None and (certfile is None or keyfile is None):
            raise ConfigurationError(
                "There is no certificate", hint="Give certfile and keyfile; `sft cert init --host HOST` makes them."
            )
        self._host, self._port = host, port
        self._certfile, self._keyfile, self._client_cafile = map(_path, (certfile, keyfile, client_cafile))
        self._data_dir, self._accounts = _path(data_dir), dict(accounts or {})
        self._received_dir = Path(received_dir)
        self._open = ExitStack()
        self._listener: Listener | None = None
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """The port it listens on; before the start, the one that was asked for."""
        return self._listener.port if self._listener else self._port

    @property
    def url(self) -> str:
        """The address for clients on this machine."""
        host = self._host if self._host not in {"0.0.0.0", "::", ""} else "localhost"  # noqa: S104 - compared
        return f"https://[{host}]:{self.port}" if ":" in host else f"https://{host}:{self.port}"

    @property
    def cafile(self) -> Path | None:
        """The authority that the server made for itself, for clients to trust; None with a certificate of yours."""
        return None if self._data_dir is None or self._certfile else self._data_dir / "tls" / "ca_cert.pem"

    def start(self, *, block: bool = True) -> None:
        """Start it; with `block`, return only after Ctrl-C, SIGTERM or `stop`.

        Raises:
            ConfigurationError: the address, certificate or folder cannot be used.
            DataDirectoryInUseError, WrongKeyError, CatalogTooNewError, StorageError
        """
        with self._lock:
            if self._listener is not None:
                raise ConfigurationError("This server is running already", hint="Call stop() first.")
            self._listener = listener = self._build()
        try:
            if block:
                listener.run(self._say)
            else:
                listener.start()
        except BaseException:
            self._end()
            raise
        if block:
            self._end()

    def stop(self) -> None:
        """Let running requests finish, at most ten seconds, and stop. Calling it again is fine."""
        if self._listener is not None:
            self._listener.stop()
            self._end()

    def __enter__(self) -> Self:
        """Start in the background, unless it runs already."""
        if self._listener is None:
            self.start(block=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _build(self) -> Listener:
        settings = load(
            data_dir=self._data_dir,
            host=self._host,
            port=self._port,
            certfile=self._certfile,
            keyfile=self._keyfile,
            client_cafile=self._client_cafile,
            ftps_enabled=False,
        )
        if self._data_dir is not None:
            house, listener, _ = self._open.enter_context(open_server(settings))
            self._make_accounts(house)
            return listener
        tls, warnings = own_certificate(self._certfile, self._keyfile, SystemClock())
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)  # noqa: T201 - a program of three lines has no log
        with disk_errors(f"making {self._received_dir}"):
            self._received_dir.mkdir(parents=True, exist_ok=True)
        tree = FolderTree(self._received_dir, SystemClock())
        limits = self._open.enter_context(traffic(settings, SystemClock()))
        return listen(settings, tls, Files(Access(guest_tree=tree, guest_rights=Rights.CREATE)), limits=limits)[1]

    def _make_accounts(self, house: House) -> None:
        for name, password in self._accounts.items():
            try:
                house.accounts.get(name)
            except NotFoundError:
                house.accounts.create(name, password)
            else:
                house.accounts.set_password(name, password)

    def _say(self) -> None:
        where = self._data_dir or self._received_dir
        print(f"Listening on {self.url}, files go to {where}. Ctrl-C stops.", file=sys.stderr)  # noqa: T201

    def _end(self) -> None:
        with self._lock:
            self._listener = None
            self._open.close()


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
