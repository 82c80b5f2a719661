"""What the command line runs: the server itself, and work on its data directory from the spot."""

import getpass
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

from ..config import ClientCertificates, Settings
from ..doors.ftps.door import FtpsDoor
from ..doors.ftps.session import DOOR
from ..doors.http.addresses import Proxies
from ..doors.http.app import Desk, HttpApp, HttpServices, Live, People, build_app
from ..doors.http.listener import Listener, serve_config
from ..errors import ConfigurationError
from ..model import DEFAULT_PORT, Category, Principal
from ..ports import Clock
from ..renderers.process import ProcessRenderer, available
from ..services.access import Access
from ..services.accounts import Accounts
from ..services.adoption import Adoption
from ..services.audit import SILENT, circumstances
from ..services.blocks import Blocks
from ..services.certificates import TlsFiles, check_server_files, fingerprint
from ..services.certificates import init as init_certificate_files
from ..services.devices import Devices
from ..services.events import Events
from ..services.files import Files
from ..services.groups import Groups
from ..services.hosts import local_hosts
from ..services.job_run import AccessOf
from ..services.jobs import Jobs, recover
from ..services.mounts import Mounts
from ..services.operations import Operations
from ..services.pictures import Pictures
from ..services.presence import Presence
from ..services.resets import Resets
from ..services.sweep import SweepReport
from ..services.tokens import Tokens
from ..services.traffic import ReadRates, Traffic, account_rates
from ..services.trash import Trash
from ..services.uploads import Uploads
from ..services.versions import Versions
from ..storage.clock import SystemClock
from ..storage.datadir import DataDirectory
from ..storage.durable import write_file
from ..storage.platform import allow_many_files, share_one_heap
from ..version import __version__
from .discovery import announce
from .ftps import identity, open_ftps
from .house import House, Janitor
from .keeper import CertificateKeeper
from .logs import configure_logs
from .operations import open_operations

if TYPE_CHECKING:
    from .metrics import Observer

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not bound


@dataclass(frozen=True)
class Announcement:
    """What a person needs to know once the server is ready."""

    urls: Sequence[str]
    fingerprint: str
    setup_url: str | None
    data_dir: Path
    warnings: Sequence[str]
    ftps_urls: Sequence[str] = ()
    """Where FTPS is spoken, `ftps://` first where TLS is there from the first byte."""
    metrics_url: str | None = None
    """Where Prometheus may read, where it may."""


def serve(settings: Settings, *, announce: Callable[[Announcement], None]) -> None:
    """Run a server with accounts until SIGINT or SIGTERM; `announce` is called once it takes connections.

    Raises:
        DataDirectoryInUseError, CatalogTooNewError, WrongKeyError, ConfigurationError, StorageError
    """
    configure_logs(settings.log_level, settings.log_format)
    share_one_heap()
    allow_many_files()
    with open_server(settings) as (_, listener, announcement):
        listener.run(lambda: announce(announcement()))


@contextmanager
def open_server(
    settings: Settings, make: Callable[[Settings, "Observer | None"], House] = House
) -> Iterator[tuple[House, Listener, Callable[[], Announcement]]]:
    """A server with accounts, bound to its port and ready to run; the third value is to be called once it runs."""
    with ExitStack() as stack:
        stack.enter_context(DataDirectory(settings.data_dir).lock())
        metrics = _metrics(settings)
        house = make(settings, metrics)
        stack.callback(house.close)
        recover(house.catalog, house.clock)  # before anything is swept
        janitor = Janitor(house.sweeper, house.journal.sweep)
        stack.callback(janitor.close)
        house.remove_expired()
        hosts = _hosts(settings)
        tls, warnings = _tls(settings, house, hosts)
        access = Access(
            house.vaults.tree,
            house.catalog,
            house.clock,
            mounted=house.mounts.tree_of,
            linked=house.linked,
        )
        files = Files(access, house.credentials.check, on_removed=janitor.poke, audit=house.audit)
        jobs = house.jobs(_seen_by(house), janitor.poke)
        stack.callback(jobs.close)
        uploads, blocks = (
            house.uploads(access, files),
            Blocks(access, house.credentials.check, house.clock, house.audit),
        )
        limits = stack.enter_context(
            traffic(settings, house.clock, read_rates=account_rates(house.catalog), check=house.credentials.check)
        )
        limits.watcher = house.presence
        stack.enter_context(watching(house.presence))
        operations = open_operations(settings, house, limits)
        stack.callback(operations.stopping.close)
        hub = stack.enter_context(events(house, access))
        app, listener = listen(
            settings,
            tls,
            files,
            house,
            uploads=uploads,
            blocks=blocks,
            limits=limits,
            hub=hub,
            jobs=jobs,
            operations=operations,
            trash=house.trash(access, janitor.poke),
            versions=Versions(access, house.audit),
        )
        operations.stopping.on_stop = listener.stop
        ftps = _ftps(settings, house, tls, (files, uploads, limits), listener)
        if ftps is not None:
            operations.limits.roll.sources.append(ftps.clients)
            stack.callback(ftps.stop)
            ftps.start()
        house.devices.crl_url = f"{_url(_best(settings, hosts), listener.port)}/ca.crl"
        metrics_url = None
        with _closed_if_it_fails(listener):
            if metrics is not None:
                metrics_url = stack.enter_context(metrics.served(settings, house, limits, operations, app))
                warnings = [*warnings, *metrics.warnings(settings)]
            if settings.discovery:
                stack.enter_context(_announced(settings, hosts, listener.port, tls))
        stack.callback(_looked_after(settings, house, tls, (app, listener, ftps)).close)

        def announcement() -> Announcement:
            urls = [_url(host, listener.port) for host in _shown(settings.host, hosts)]
            setup_url = f"{urls[0]}/setup#{house.setup.begin()}" if house.setup.needed() else None
            ftps_urls = _ftps_urls(settings, hosts, ftps)
            path = house.directory.path
            return Announcement(urls, tls.fingerprint, setup_url, path, warnings, ftps_urls, metrics_url)

        house.audit.record(Category.SERVER, "server.started", f"The server {__version__} has started")
        stack.callback(house.audit.record, Category.SERVER, "server.stopped", "The server has stopped")
        jobs.start()
        yield house, listener, announcement


def _seen_by(house: House) -> AccessOf:
    """Who may do what, where somebody follows what is done to each drive."""
    return lambda seen: Access(
        lambda drive: seen(house.vaults.tree(drive)),
        house.catalog,
        house.clock,
        mounted=house.mounts.tree_of,
        linked=house.linked,
    )


def _announced(settings: Settings, hosts: Sequence[str], port: int, tls: TlsFiles) -> AbstractContextManager[None]:
    """Known on the networks on which the server listens."""
    everywhere = settings.host in EVERYWHERE
    own = hosts if everywhere else [settings.host]
    return announce(gethostname(), port, tls.fingerprint, own, interfaces=None if everywhere else own)


def _metrics(settings: Settings) -> "Observer | None":
    """What counts, where somebody wants to read it; the library is not even loaded otherwise."""
    if settings.metrics_port is None:
        return None
    from .metrics import Observer

    return Observer()


@contextmanager
def traffic(
    settings: Settings,
    clock: Clock,
    *,
    read_rates: ReadRates | None = None,
    check: Callable[[Principal], None] | None = None,
) -> Iterator[Traffic]:
    """The server's limits on transfers, at work. One object must serve all doors."""
    limits = Traffic(
        clock,
        places=settings.transfers_max,
        rates=(settings.rate_up, settings.rate_down),
        read_rates=read_rates,
        check=check,
    )
    thread = threading.Thread(target=limits.run, name="traffic", daemon=True)
    thread.start()
    try:
        yield limits
    finally:
        limits.close()
        thread.join()


@contextmanager
def watching(presence: Presence) -> Iterator[None]:
    """Tell what changes of who is here."""
    thread = threading.Thread(target=presence.run, name="presence", daemon=True)
    thread.start()
    try:
        yield
    finally:
        presence.close()
        thread.join()


@contextmanager
def events(house: House, access: Access) -> Iterator[Events]:
    """The live events of a house, at work."""
    hub = Events(house.bus, access, house.credentials.ended, house.clock, watching=house.mounts.watch)
    hub.check = house.credentials.check
    thread = threading.Thread(target=hub.run, name="events", daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.close()
        thread.join()


def listen(
    settings: Settings,
    tls: TlsFiles,
    files: Files,
    house: House | None = None,
    *,
    uploads: Uploads | None = None,
    blocks: Blocks | None = None,
    limits: Traffic | None = None,
    hub: Events | None = None,
    jobs: Jobs | None = None,
    operations: Operations | None = None,
    trash: Trash | None = None,
    versions: Versions | None = None,
) -> tuple[HttpApp, Listener]:
    """The HTTPS door, bound to its port. Without a `house` everybody is a guest.

    Raises:
        ConfigurationError: the certificate or the address cannot be used.
    """
    app = build_app(
        HttpServices(
            files=files,
            uploads=uploads,
            blocks=blocks,
            shares=house.shares if house else None,
            links=house.links if house else None,
            traffic=limits,
            jobs=jobs,
            sessions=house.sessions if house else None,
            setup=house.setup if house else None,
            credentials=house.credentials if house else None,
            devices=house.devices if house else None,
            tokens=house.tokens if house else None,
            chats=house.chats if house else None,
            guard=house.guard if house else None,
            factors=house.factors if house else None,
            people=_people(house) if house else None,
            audit=house.audit if house else SILENT,
            log=house.log if house else None,
            live=Live(house.presence, house.control) if house else None,
            events=hub,
            operations=operations,
            desk=_desk(house) if house else None,
            trash=trash,
            versions=versions,
            pictures=Pictures(files, ProcessRenderer()) if house and available() else None,
            ca_pem=tls.ca_cert.read_bytes(),
            anonymous=house is None,
            block_size=settings.block_size,
            version=__version__,
            proxies=Proxies(settings.trusted_proxies, settings.proxy_header),
            front=house.front if house else None,
        )
    )
    listener = serve_config(
        app,
        host=settings.host,
        port=settings.port,
        certfile=tls.chain,
        keyfile=tls.key,
        client_cafile=settings.client_cafile,
        device_cas=_device_cas(house) if house else None,
        shutdown_seconds=settings.shutdown_seconds,
        idle_seconds=settings.idle_seconds,
    )
    return app, listener


def _people(house: House) -> People:
    return People(house.accounts, house.groups, house.resets, house.registration, house.own_password)


def _desk(house: House) -> Desk:
    return Desk(house.oversight, house.certificate_view, house.mounts)


def _device_cas(house: House) -> str | None:
    """The authorities of devices, where connections shall ask for their certificates."""
    off = house.credentials.demand is ClientCertificates.OFF
    return None if off else house.certificates.client_authorities().decode("ascii")


def _ftps(
    settings: Settings, house: House, tls: TlsFiles, behind: tuple[Files, Uploads, Traffic], listener: Listener
) -> FtpsDoor | None:
    """The FTPS door, where it is wanted; it stops when the listener does."""
    if not settings.ftps_enabled:
        return None
    with _closed_if_it_fails(listener):
        door = open_ftps(settings, house, *behind, identity(settings, tls, _device_cas(house)))
    listener.on_stopping = door.begin_stop
    house.sessions.end_of_door(DOOR)
    return door


@contextmanager
def _closed_if_it_fails(listener: Listener) -> Iterator[None]:
    """What is bound is let go of where something beside it cannot be had: it closes by itself only once it ran."""
    try:
        yield
    except BaseException:
        listener.close()
        raise


def _ftps_urls(settings: Settings, hosts: Sequence[str], door: FtpsDoor | None) -> list[str]:
    if door is None:
        return []
    host = _shown(settings.host, hosts)[0]
    explicit = _url(host, door.port).replace("https:", "ftp:", 1)
    implicit = [] if door.implicit_port is None else [_url(host, door.implicit_port).replace("https:", "ftps:", 1)]
    return [explicit, *implicit]


def _looked_after(
    settings: Settings, house: House, tls: TlsFiles, doors: tuple[HttpApp, Listener, FtpsDoor | None]
) -> CertificateKeeper:
    """Keeps the certificates fresh from now on; operators see what is in use, and may ask for a look."""
    house.certificate_view.note(tls.chain)
    keeper = CertificateKeeper(
        lambda: _tls(settings, house, _hosts(settings))[0],
        lambda found: _switch(settings, house, doors, found),
        house.remove_expired,
        watched=[house.directory.tls, *filter(None, (settings.certfile, settings.keyfile))],
        clock=house.clock,
    )
    house.certificate_view.on_reload = keeper.reload
    return keeper


def _switch(settings: Settings, house: House, doors: tuple[HttpApp, Listener, FtpsDoor | None], tls: TlsFiles) -> None:
    """Let a running server go on with other certificates."""
    app, listener, ftps = doors
    house.audit.record(
        Category.SERVER, "certificate.changed", f"Another certificate is in use from now on: {tls.fingerprint}"
    )
    listener.use(tls.chain, tls.key, _device_cas(house))
    app.show_authority(tls.ca_cert.read_bytes())
    if ftps is not None:
        ftps.use(identity(settings, tls, _device_cas(house)))
    house.certificate_view.note(tls.chain)


def _hosts(settings: Settings) -> list[str]:
    own = [settings.host] if settings.host not in EVERYWHERE else []
    return list(dict.fromkeys([*settings.public_names, *own, *local_hosts()]))


def _best(settings: Settings, hosts: Sequence[str]) -> str:
    """The one name that others know this server by, as far as it can tell."""
    return settings.public_names[0] if settings.public_names else _shown(settings.host, hosts)[0]


def _shown(host: str, hosts: Sequence[str]) -> Sequence[str]:
    """The addresses to print: where one listens, or all that others can reach.

    The best for a phone that scans the code comes first: an IPv4 address needs no name service. Loopback is last.
    """
    if host not in EVERYWHERE:
        return [host]
    reachable = [name for name in hosts if name not in LOOPBACK and not name.startswith("127.")]
    return [*sorted(reachable, key=_plainness), "localhost"]


def _plainness(host: str) -> int:
    if ":" in host:
        return 2
    return 0 if host.replace(".", "").isdigit() else 1


def _url(host: str, port: int) -> str:
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _tls(settings: Settings, house: House, hosts: Sequence[str]) -> tuple[TlsFiles, list[str]]:
    if settings.certfile is None and settings.keyfile is None:
        tls = house.certificates.ensure(hosts)
        return tls, check_server_files(tls.chain, tls.key, house.clock.now_us())
    return own_certificate(settings.certfile, settings.keyfile, house.clock)


def own_certificate(certfile: Path | None, keyfile: Path | None, clock: SystemClock) -> tuple[TlsFiles, list[str]]:
    """A certificate that somebody else made, and what to warn about it.

    Raises:
        ConfigurationError: only one of the two is given, or they cannot be used.
    """
    if certfile is None or keyfile is None:
        raise ConfigurationError(
            "A certificate needs its key, and a key its certificate", hint="Give both certfile and keyfile."
        )
    warnings = check_server_files(certfile, keyfile, clock.now_us())
    return TlsFiles(certfile, certfile, keyfile, fingerprint(certfile.read_bytes())), warnings


@dataclass(frozen=True)
class Local:
    """A data directory, opened by its administrator on the spot; a running server sees the changes."""

    accounts: Accounts
    devices: Devices
    adoption: Adoption
    hosts: Callable[[], Sequence[str]]
    rotate_master_key: Callable[[], tuple[str, str]]
    sweep: Callable[[], SweepReport]
    groups: Groups
    reset_totp: Callable[[str], None]
    resets: Resets
    now_us: Callable[[], int]
    url: Callable[[], str]
    """The address by which others know the server."""
    tokens: Tokens
    mounts: Mounts


@contextmanager
def open_local(settings: Settings) -> Iterator[Local]:
    """Work on a data directory without going through a door."""
    house = House(settings)

    def sweep() -> SweepReport:
        # The leases that protect blocks in use are the server's own, so it must not run meanwhile.
        with house.directory.lock():
            recover(house.catalog, house.clock)
            return house.sweeper.run()

    with circumstances(door="local", actor=_operator()), closing(house):
        yield Local(
            house.accounts,
            house.devices,
            house.adoption,
            lambda: _hosts(settings),
            house.keys.rotate,
            sweep,
            house.groups,
            house.factors.reset,
            house.resets,
            house.clock.now_us,
            lambda: _url(_best(settings, _hosts(settings)), settings.port or DEFAULT_PORT),
            house.tokens,
            house.mounts,
        )


def _operator() -> str:
    """Who sits at this machine, as far as the system knows."""
    try:
        return f"{getpass.getuser()} (local)"
    except (KeyError, OSError):
        return "(local)"


def init_certificates(out_dir: Path, hosts: Sequence[str]) -> list[Path]:
    """Make `ca_cert.pem`, `ca_key.pem`, `server_cert.pem` and `server_key.pem` in `out_dir`; returns their paths.

    Raises:
        ExistsError: one of them is there already.
    """
    files = init_certificate_files(out_dir, hosts, SystemClock(), write_file)
    return [files.ca_cert, files.ca_cert.with_name("ca_key.pem"), files.chain, files.key]
