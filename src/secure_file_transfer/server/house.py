"""A data directory, opened: the storage and the services of a server with accounts, put together."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ClientCertificates, Settings
from ..errors import ConfigurationError, SecureFileTransferError
from ..logger import get_logger
from ..ports import BlobStore, Catalog, KeySource
from ..services.access import Access, Linked
from ..services.accounts import Accounts
from ..services.adoption import Adoption
from ..services.audit import Audit
from ..services.bars import Bars
from ..services.block_leases import BlockLeases
from ..services.certificate_view import CertificateView
from ..services.certificates import Certificates
from ..services.chat import Chats
from ..services.control import Control
from ..services.credentials import Credentials
from ..services.devices import Devices
from ..services.files import Files
from ..services.groups import Groups
from ..services.guard import Guard, Rules
from ..services.job_run import AccessOf
from ..services.jobs import Jobs, forget_old
from ..services.journal import Journal
from ..services.keeping import Keeping
from ..services.keys import Keys
from ..services.links import Links, Placed
from ..services.log import Log
from ..services.mounts import Mounts
from ..services.oversight import Oversight
from ..services.own_password import OwnPassword
from ..services.passwords import PasswordHasher
from ..services.presence import Presence, alive_in
from ..services.registration import Registration
from ..services.resets import Resets
from ..services.sessions import Sessions
from ..services.setup import Setup
from ..services.shares import Shares
from ..services.sweep import Sweeper
from ..services.tokens import Tokens
from ..services.totp import SecondFactor
from ..services.trash import Trash
from ..services.uploads import Uploads
from ..services.vaults import Vaults
from ..storage.blobs.local import LocalBlobStore
from ..storage.catalog import open_catalog
from ..storage.clock import SystemClock
from ..storage.datadir import DataDirectory
from ..storage.durable import write_file
from ..storage.events import LocalEventBus
from ..storage.folder import Places
from ..storage.keysource import choose_key_source
from .logs import print_event

if TYPE_CHECKING:
    from .metrics.instruments import Metrics

_log = get_logger()

SWEEP_SECONDS = 600.0
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


class House:
    """Everything behind the doors of a server with accounts: one data directory, opened."""

    front: Placed | None = None
    """The link that the whole server is there for, where it is a share."""
    linked: Linked | None = None
    """The files that links give, where they are not in the catalog."""

    def __init__(
        self,
        settings: Settings,
        metrics: "Metrics | None" = None,
        *,
        key_source: KeySource | None = None,
        tls: Path | None = None,
    ) -> None:
        """Open it; with `metrics`, what its storage does is timed.

        `key_source` and `tls` are for a master key and certificates that are kept elsewhere.

        Raises:
            CatalogTooNewError, WrongKeyError, ConfigurationError, StorageError
        """
        demand = _demand(settings)
        self.directory = DataDirectory(settings.data_dir)
        self.clock = clock = SystemClock()
        self.catalog = catalog = _opened(self.directory, metrics)
        try:
            self.keys = Keys(catalog, key_source or choose_key_source(self.directory.keys))
            self.keys.open()
        except BaseException:
            catalog.close()
            raise
        self.bus = LocalEventBus()
        self.journal = journal = Journal(
            catalog, clock, self.bus, print_event, days=settings.log_days, rows=settings.log_rows
        )
        self.audit = audit = Audit(clock, journal.keep, journal.later)
        journal.settle = self.audit.settle
        self.log = Log(catalog, self.audit)
        self._settings = settings
        self._upload_us = settings.upload_hours * _HOUR_US
        self.blobs = blobs = _blobs(self.directory, metrics)
        leases, hasher = BlockLeases(), PasswordHasher()
        self.keeping = keeping = Keeping(settings.trash_days, settings.versions_kept, settings.version_days)
        self.vaults = Vaults(catalog, blobs, self.keys, clock, leases, settings.block_size, self.bus, keeping)
        self.mounts = Mounts(catalog, clock, Places(clock, [self.directory.path]), audit, self.bus)
        self.bars = Bars(catalog, clock)
        self.guard = guard = Guard(clock, _rules(settings), self.bars, audit)
        self.factors = SecondFactor(
            catalog, clock, guard, lambda account, salt: self.vaults.totp_secret(account.home_id, salt), audit
        )
        self.sessions = Sessions(
            catalog,
            clock,
            hasher,
            settings.session_hours * _HOUR_US,
            guard=guard,
            factors=self.factors,
            idle_us=settings.session_idle_hours * _HOUR_US,
            audit=audit,
        )
        self.accounts = Accounts(
            catalog, clock, hasher, self.vaults, self.sessions, length_min=settings.password_length, audit=audit
        )
        self.own_password = OwnPassword(
            catalog, clock, hasher, self.sessions, length_min=settings.password_length, audit=audit
        )
        self.resets = Resets(
            catalog, clock, hasher, guard, self.sessions, length_min=settings.password_length, audit=audit
        )
        self.registration = Registration(
            catalog,
            clock,
            self.accounts,
            guard,
            settings.registration,
            quota_bytes=settings.registration_quota,
            length_min=settings.password_length,
            audit=audit,
        )
        self.shares = Shares(catalog, clock, audit, publish=self.bus.publish)
        self.oversight = Oversight(catalog, self.sessions, audit, publish=self.bus.publish)
        self.groups = Groups(catalog, clock, audit)
        self.links = Links(catalog, clock, hasher, self.sessions, guard, self.vaults.link_secret, audit)
        self.chats = Chats(catalog, clock, self.bus, audit, per_minute=settings.chat_rate, days=settings.chat_days)
        self.setup = Setup(catalog, clock, self.accounts, self.sessions, guard, audit)
        self.certificates = Certificates(tls or self.directory.tls, clock, write_file)
        self.adoption = Adoption(self.certificates, clock)
        self.certificate_view = CertificateView(self.certificates, self.adoption, settings.certfile, audit)
        self.devices = Devices(
            catalog, clock, self.sessions, self.certificates.authority, settings.device_days * _DAY_US, guard, audit
        )
        self.tokens = Tokens(catalog, clock, self.sessions, audit)
        self.credentials = Credentials(
            catalog,
            clock,
            self.sessions,
            demand,
            alone=settings.certificate_sign_in,
            tokens=self.tokens,
            bars=self.bars,
            audit=audit,
        )
        self.devices.on_revoked = self.credentials.forget
        self.presence = Presence(clock, self.bus, alive_in(catalog))
        self.sessions.on_ended = self.presence.ended
        self.control = Control(
            catalog,
            clock,
            self.bus,
            self.audit,
            sessions=self.sessions,
            bars=self.bars,
            presence=self.presence,
        )
        self.sweeper = Sweeper(catalog, blobs, leases, clock, settings.sweep_grace_minutes * 60, keeping)

    def uploads(self, access: Access, files: Files) -> Uploads:
        """The uploads that survive the server. One object must serve all doors: it knows who writes to what."""
        return Uploads(self.catalog, access, files, self.credentials.check, self.clock, self._upload_us)

    def trash(self, access: Access, on_removed: Callable[[], None]) -> Trash:
        """What was deleted and can come back."""
        return Trash(access, self.vaults.tree, on_removed, self.audit, self.keeping)

    def jobs(self, access_of: AccessOf, on_removed: Callable[[], None]) -> Jobs:
        """The long operations. One object must serve all doors; nothing is done before it is started."""
        return Jobs(
            self.catalog,
            self.clock,
            self.bus,
            self.audit,
            access_of,
            self.credentials.check,
            self.vaults.all,
            on_removed=on_removed,
            threads=self._settings.jobs_max,
        )

    def remove_expired(self) -> None:
        """Forget what has ended: sessions, codes, tokens, messages, jobs and more; when it opens, and now and then."""
        self.sessions.remove_expired()
        self.devices.remove_expired()
        self.tokens.remove_expired()
        self.control.remove_expired()
        self.chats.remove_expired()
        forget_old(self.catalog, self.clock, self._settings.job_days)

    def close(self) -> None:
        """Write down what is to be written down, and let go of the catalog."""
        self.journal.close()
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

    def __init__(self, sweeper: Sweeper, also: Callable[[], object] = lambda: None) -> None:
        self._sweeper = sweeper
        self._also = also
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
                self._also()
            except SecureFileTransferError as error:
                _log.warning("the sweep did not finish", error=str(error))
            self._wake.wait(SWEEP_SECONDS)
