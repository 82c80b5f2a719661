"""A data directory, opened: the storage and the services of a server with accounts, put together."""

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

import structlog

from ..config import ClientCertificates, Settings
from ..errors import ConfigurationError, SecureFileTransferError
from ..model import LogEvent
from ..ports import BlobStore, Catalog
from ..services.access import Access
from ..services.accounts import Accounts
from ..services.audit import Audit
from ..services.block_leases import BlockLeases
from ..services.certificates import Certificates
from ..services.credentials import Credentials
from ..services.devices import Devices
from ..services.files import Files
from ..services.groups import Groups
from ..services.guard import Guard, Rules
from ..services.keys import Keys
from ..services.links import Links
from ..services.own_password import OwnPassword
from ..services.passwords import PasswordHasher
from ..services.registration import Registration
from ..services.resets import Resets
from ..services.sessions import Sessions
from ..services.setup import Setup
from ..services.shares import Shares
from ..services.sweep import Sweeper
from ..services.tokens import Tokens
from ..services.totp import SecondFactor
from ..services.uploads import Uploads
from ..services.vaults import Vaults
from ..storage.blobs.local import LocalBlobStore
from ..storage.catalog import open_catalog
from ..storage.clock import SystemClock
from ..storage.datadir import DataDirectory
from ..storage.durable import write_file
from ..storage.events import LocalEventBus
from ..storage.keysource import choose_key_source

if TYPE_CHECKING:
    from .metrics.instruments import Metrics

_log = structlog.get_logger()

SWEEP_SECONDS = 600.0
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


class House:
    """Everything behind the doors of a server with accounts: one data directory, opened."""

    def __init__(self, settings: Settings, metrics: "Metrics | None" = None) -> None:
        """Open it; with `metrics`, what its storage does is timed.

        Raises:
            CatalogTooNewError, WrongKeyError, ConfigurationError, StorageError
        """
        demand = _demand(settings)
        self.directory = DataDirectory(settings.data_dir)
        self.clock = clock = SystemClock()
        self.catalog = catalog = _opened(self.directory, metrics)
        try:
            self.keys = Keys(catalog, choose_key_source(self.directory.keys))
            self.keys.open()
        except BaseException:
            catalog.close()
            raise
        self.bus = LocalEventBus()
        self.audit = Audit(clock, _printed)
        self._upload_us = settings.upload_hours * _HOUR_US
        self.blobs = blobs = _blobs(self.directory, metrics)
        leases, hasher = BlockLeases(), PasswordHasher()
        self.vaults = Vaults(catalog, blobs, self.keys, clock, leases, settings.block_size)
        self.guard = guard = Guard(clock, _rules(settings))
        self.factors = SecondFactor(
            catalog, clock, guard, lambda account, salt: self.vaults.totp_secret(account.home_id, salt)
        )
        self.sessions = Sessions(
            catalog,
            clock,
            hasher,
            settings.session_hours * _HOUR_US,
            guard=guard,
            factors=self.factors,
            idle_us=settings.session_idle_hours * _HOUR_US,
        )
        self.accounts = Accounts(
            catalog, clock, hasher, self.vaults, self.sessions, length_min=settings.password_length
        )
        self.own_password = OwnPassword(catalog, clock, hasher, self.sessions, length_min=settings.password_length)
        self.resets = Resets(catalog, clock, hasher, guard, self.sessions, length_min=settings.password_length)
        self.registration = Registration(
            catalog,
            clock,
            self.accounts,
            guard,
            settings.registration,
            quota_bytes=settings.registration_quota,
            length_min=settings.password_length,
        )
        self.shares, self.groups = Shares(catalog, clock), Groups(catalog, clock)
        self.links = Links(catalog, clock, hasher, self.sessions, guard, self.vaults.link_secret)
        self.setup = Setup(catalog, clock, self.accounts, self.sessions, guard)
        self.certificates = Certificates(self.directory.tls, clock, write_file)
        self.devices = Devices(
            catalog, clock, self.sessions, self.certificates.authority, settings.device_days * _DAY_US, guard
        )
        self.tokens = Tokens(catalog, clock, self.sessions)
        self.credentials = Credentials(
            catalog, clock, self.sessions, demand, alone=settings.certificate_sign_in, tokens=self.tokens
        )
        self.devices.on_revoked = self.credentials.forget
        self.sweeper = Sweeper(catalog, blobs, leases, clock, settings.sweep_grace_minutes * 60)

    def uploads(self, access: Access, files: Files) -> Uploads:
        """The uploads that survive the server. One object must serve all doors: it knows who writes to what."""
        return Uploads(self.catalog, access, files, self.credentials.check, self.clock, self._upload_us)

    def remove_expired(self) -> None:
        """Forget what has ended: sessions, certificates, codes and tokens; when it opens, and now and then."""
        self.sessions.remove_expired()
        self.devices.remove_expired()
        self.tokens.remove_expired()

    def close(self) -> None:
        """Let go of the catalog."""
        self.catalog.close()


def _opened(directory: DataDirectory, metrics: "Metrics | None") -> Catalog:
    catalog = open_catalog(directory.catalog)
    if metrics is None:
        return catalog
    catalog.tell_groups(metrics.group)
    return metrics.timed_catalog(catalog)


def _blobs(directory: DataDirectory, metrics: "Metrics | None") -> BlobStore:
    blobs = LocalBlobStore(directory.blobs)
    return blobs if metrics is None else metrics.timed_blobs(blobs)


def _printed(event: LogEvent) -> None:
    """An event of the log, as a line on standard error where those are wanted."""
    if structlog.is_configured():
        told = {name: value for name, value in asdict(event).items() if value not in ("", None, event.text)}
        getattr(_log, event.severity.value)(event.text, **told)


def _rules(settings: Settings) -> Rules:
    return Rules(
        settings.guard_source_guesses, settings.guard_account_guesses, settings.guard_allow, settings.guard_block
    )


def _demand(settings: Settings) -> ClientCertificates:
    """Whether certificates of devices count; where another authority's open the door, they would all be strangers."""
    if settings.client_cafile is None:
        return settings.tls_client_certificates
    if settings.tls_client_certificates is ClientCertificates.REQUIRED:
        raise ConfigurationError(
            "client_cafile and tls_client_certificates = required ask for certificates of two authorities",
            hint="Leave out one of them.",
        )
    return ClientCertificates.OFF


class Janitor:
    """Sweeps in the background, every few minutes and when something was removed."""

    def __init__(self, sweeper: Sweeper) -> None:
        self._sweeper = sweeper
        self._wake = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="janitor", daemon=True)
        self._thread.start()

    def poke(self) -> None:
        """There is something to do."""
        self._wake.set()

    def close(self) -> None:
        """Wait for the batch that runs."""
        self._ends = True
        self._sweeper.stop()
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ends:
            self._wake.clear()
            try:
                self._sweeper.run()
            except SecureFileTransferError as error:
                _log.warning("the sweep did not finish", error=str(error))
            self._wake.wait(SWEEP_SECONDS)
