"""`sft share`: a server for one link, which is gone when it ends.

Underneath is a server as any other: the same doors, services, rights and limits. Its data directory is a private
temporary one, whose master key never leaves memory; what it gives are folders and files of the disk, as they are. Only
its certificate authority stays, so that guests who trusted this computer once do so the next time.
"""

import getpass
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import gethostname
from urllib.parse import urlsplit
from uuid import uuid4

import platformdirs

from ..config import ClientCertificates, Registration, Settings, load
from ..doors.http.listener import Listener
from ..doors.sockets import bind
from ..errors import (
    ConfigurationError,
    DataDirectoryInUseError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
)
from ..model import DEFAULT_PORT, Account, Kind, Link, LinkId, Principal, Rights, Role, SessionId, TimeUs
from ..paths import RemotePath, check_name, display, numbered
from ..ports import CatalogTx, FileTree, MountedTree
from ..ports.chat import ChatId
from ..seal.keys import MasterKey
from ..services.accounts import check_account_name
from ..services.chat import Said
from ..services.control import Kick
from ..services.doing import Client, Doing
from ..services.joined import JoinedTree, Place
from ..services.links import Terms
from ..services.visitors import Happening, Visitors, What
from ..services.watched import WatchedTree
from ..storage.clock import SystemClock
from ..storage.datadir import DataDirectory
from ..storage.folder import Places
from ..storage.keysource import EnvKeySource
from ..storage.platform import allow_many_files, share_one_heap
from .discovery import announce
from .house import House
from .logs import configure_logs
from .run import EVERYWHERE, LOOPBACK, Announcement, open_server

__all__ = ["Client", "Doing", "Happening", "Said", "Share", "What", "Wish", "new_password", "open_share", "risks"]

PASSWORD_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"  # noqa: S105 - what passwords are made of
"""31 signs, none of which looks like another: no 0 and o, no 1, i and l. All are typed without a second key."""
PASSWORD_GROUPS = (4, 5, 4)
"""13 signs of 31 are 64 bits, and the guard takes thirty guesses an hour: all of them together, from everywhere."""
_PREFIX = "sft-share-"
_YOUNG_SECONDS = 60
_PORTS_TRIED = 50
_SHUTDOWN_SECONDS = 2
_FTPS_PORT = 10021
_ROOT = RemotePath()
_MANY = "Shared files"
_OWNER = "host"
_SECRETS = frozenset(
    {
        ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".mozilla", ".thunderbird", ".netrc",
        ".git-credentials", ".pgpass", ".env", ".npmrc", ".pypirc", "id_rsa", "id_ed25519", "id_ecdsa",
    }
)  # fmt: skip
"""Names that hold keys and passwords wherever they are found."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """A folder or file of the disk; of a file's tree only `path` is shown."""

    tree: MountedTree
    path: RemotePath
    kind: Kind


@dataclass(frozen=True)
class Wish:
    """What to share, and how. `port` None is 5000, or the next that is free; `ends_in` is in seconds."""

    paths: Sequence[Path]
    rights: Rights = Rights.READ
    password: str | None = field(default=None, repr=False)
    name: str = ""
    ends_in: float | None = None
    downloads_max: int | None = None
    clients_max: int | None = None
    host: str | None = None
    port: int | None = None
    ftps: bool = False
    discovery: bool = True
    """Whether `sft discover` finds it, where the extra `discovery` is installed."""
    quiet_logs: bool = False
    """Whether only errors are logged: somebody looks at the terminal that the log would go to."""


class Share:
    """A share that runs. All methods may be called from any thread."""

    def __init__(
        self, house: "ShareHouse", said: Announcement, wish: Wish, ports: tuple[int, int | None], ends: TimeUs | None
    ) -> None:
        self._house = house
        self.name = wish.name or house.target
        self.kind = house.kind
        self.urls = said.urls
        self.ftps_urls = said.ftps_urls
        self.fingerprint = said.fingerprint
        self.warnings = said.warnings
        self.rights = wish.rights
        self.protected = wish.password is not None
        self.port, self.taken_port = ports
        """Where it listens, and the port that would have been it but was taken."""
        self.ends_us = ends
        self.downloads_max = wish.downloads_max
        self.clients_max = wish.clients_max
        self._chats: dict[str, ChatId] = {}

    def guests(self) -> Sequence[Client]:
        """Who is here, the longest first."""
        return self._house.visitors.listed()

    def busy(self) -> int:
        """How many guests transfer at this moment."""
        return self._house.visitors.busy()

    def happenings(self) -> Sequence[Happening]:
        """What happened since this was asked last."""
        return [
            each if each.chat is None else self._read(each, each.chat) for each in self._house.visitors.happenings()
        ]

    def end_guest(self, guest: Client, *, block_minutes: int = 0) -> bool:
        """End a guest's session at once, and what it transfers; whether it was still there.

        With `block_minutes` nobody comes in from its address for that time.
        """
        if guest.session is None:
            return False
        self._house.visitors.sent_away(guest.session)
        try:
            how = Kick("whoever shares this has sent you away", block_minutes)
            self._house.control.kick(self._house.owner, guest.id, how)
        except NotFoundError:
            return False
        return True

    def warn_guest(self, guest: Client, text: str) -> None:
        """Say something to a guest that stands on its screen until it was read there.

        Raises:
            NotFoundError: it has gone.
            ConflictError: it has too many already.
            InvalidRequestError: the text is empty or too long.
        """
        self._house.control.warn(self._house.owner, guest.id, text)

    def conversation(self, guest: Client) -> Sequence[Said]:
        """The last words with a guest, the oldest first; all of them are read then.

        Raises:
            NotFoundError: it has gone.
        """
        chats, owner, chat_id = self._house.chats, self._house.owner, self._chat_with(guest)
        history = chats.history(owner, chat_id)
        if history.talk.unread:
            chats.read(owner, chat_id, history.talk.last)
        return history.messages[::-1]

    def say(self, guest: Client, text: str) -> None:
        """Write to a guest.

        Raises:
            NotFoundError, ConflictError: it has gone.
            InvalidRequestError: no message can be that.
        """
        self._house.chats.send(self._house.owner, self._chat_with(guest), uuid4(), text)

    def _chat_with(self, guest: Client) -> ChatId:
        found = self._chats.get(guest.id)
        if found is None:
            talk = self._house.chats.open_session(self._house.owner, guest.session or SessionId(0))
            found = self._chats[guest.id] = talk.id
        return found

    def _read(self, told: Happening, chat_id: ChatId) -> Happening:
        """With the words of the message that it tells of."""
        with suppress(SecureFileTransferError):
            found = self._house.chats.history(self._house.owner, chat_id, after=told.sequence - 1, limit=1)
            return replace(told, text=found.messages[0].text if found.messages else "")
        return told

    def downloads(self) -> int:
        """How many guests have fetched something."""
        link = self._house.catalog.read(lambda tx: tx.links.get(self._house.link_id))
        return link.downloads if link else 0

    def now_us(self) -> TimeUs:
        """The time by the server's clock."""
        return self._house.clock.now_us()

    @property
    def over(self) -> bool:
        """Whether its time is up."""
        return self.ends_us is not None and self.ends_us <= self.now_us()


@contextmanager
def open_share(wish: Wish) -> Iterator[Share]:
    """Share from now on, until the context ends.

    Raises:
        NotFoundError, ForbiddenError: a path is not there, or may not be read.
        ConfigurationError: the port cannot be had.
        InvalidRequestError, WeakPasswordError, InvalidNameError: the link cannot be made so.
        StorageError
    """
    places = _places(wish.paths, SystemClock())
    remove_leftovers()
    share_one_heap()
    allow_many_files()
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix=_PREFIX))  # 0700
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        settings, taken = _settings(wish, home)
        configure_logs("error" if wish.quiet_logs else settings.log_level, settings.log_format)
        ends = None if wish.ends_in is None else TimeUs(SystemClock().now_us() + int(wish.ends_in * 1_000_000))
        house, listener, announcement = stack.enter_context(
            open_server(settings, lambda given, _: ShareHouse(given, places, wish, ends))
        )
        assert isinstance(house, ShareHouse)  # noqa: S101 - just made
        listener.start()
        stack.callback(_close, house, listener)
        shared = Share(house, announcement(), wish, (listener.port, taken), ends)
        if wish.discovery:
            with suppress(ConfigurationError):  # it is an extra
                stack.enter_context(_announced(shared, settings.host))
        yield shared


def _announced(shared: Share, host: str) -> AbstractContextManager[None]:
    """Known on the networks on which it listens; nowhere if it is for this computer alone."""
    if host in LOOPBACK:
        return nullcontext()
    own = None if host in EVERYWHERE else [host]
    addresses = [found for url in shared.urls if (found := urlsplit(url).hostname)]
    name = f"{shared.name} on {gethostname()}"
    return announce(name, shared.port, shared.fingerprint, addresses, kind="share", interfaces=own)


def _close(house: "ShareHouse", listener: Listener) -> None:
    """Nobody waits for transfers: whoever ends a share was asked about them."""
    with suppress(SecureFileTransferError):
        house.links.revoke(house.owner, house.link_id)
    listener.stop()


class ShareHouse(House):
    """Everything behind the doors of a share."""

    def __init__(self, settings: Settings, places: dict[str, _Shared], wish: Wish, ends: TimeUs | None) -> None:
        """Raises what `open_share` raises."""
        key = MasterKey.generate().to_text()
        super().__init__(settings, key_source=EnvKeySource("KEY", {"KEY": key}), tls=_identity(settings.data_dir))
        try:
            self.visitors = Visitors(self.clock, self.presence)
            self.linked = _Given(places, self.visitors)
            only = len(places) == 1
            self.target, place = next(iter(places.items())) if only else (_MANY, None)
            self.kind = Kind.FOLDER if place is None else place.kind
            self.owner = Principal(self._make_owner(), None)
            terms = Terms(wish.rights, wish.password, ends, wish.downloads_max, wish.name)
            self.front = self.links.create(self.owner, self._stand_in(), terms)
            self.link_id: LinkId = self.front.link.id
            self.linked.link_id = self.link_id
            self.bus.subscribe(self.visitors.heard)
        except BaseException:
            self.close()
            raise

    def _make_owner(self) -> Account:
        """The account of whoever shares; nobody can sign in to it, for it has no password."""
        name = _owner_name()

        def work(tx: CatalogTx) -> Account:
            home = self.vaults.create_in(tx, name, None)
            account = tx.accounts.create(name, Role.ADMIN, home.id, "", self.clock.now_us())
            tx.drives.set_owner(home.id, account.id)
            return account

        return self.catalog.write(work)

    def _stand_in(self) -> RemotePath:
        """What the link hangs on: an empty file or folder of that name in the owner's home."""
        tree = self.vaults.tree(self.owner.account.home_id) if self.owner.account else None
        assert tree is not None  # noqa: S101 - made with it
        folder = RemotePath(("given",))
        tree.make_folder(folder)
        path = folder / self.target
        if self.kind is Kind.FILE:
            tree.draft(path).commit()
        else:
            tree.make_folder(path)
        return path


class _Given:
    """The files that the link gives, told apart by visitor so that it can be seen what each moves."""

    def __init__(self, places: dict[str, _Shared], visitors: Visitors) -> None:
        self._places = places
        self._visitors = visitors
        self.link_id: LinkId | None = None

    def __call__(self, link: Link, who: Principal, verify: Callable[[], None]) -> FileTree | None:
        if link.id != self.link_id:
            return None
        teller = self._visitors.seen(who)
        first, *others = self._places.values()
        if not others and first.kind is Kind.FOLDER:
            return WatchedTree(first.tree.seen_from(_ROOT, verify), teller)
        places = {}
        for name, each in self._places.items():
            told = RemotePath((name,)) if each.kind is Kind.FOLDER else _ROOT
            tree = WatchedTree(each.tree.seen_from(_ROOT, verify), teller, told)
            places[name] = Place(tree, each.path, each.kind)
        return JoinedTree(places)


# --- what is shared ---------------------------------------------------------------------------------------------


def _places(paths: Sequence[Path], clock: SystemClock) -> dict[str, _Shared]:
    """Each under its own name, or one with a number where two are called the same.

    Where a path leads is found out once. From then on nothing follows a symbolic link.
    """
    disk = Places(clock, [])
    found: dict[str, _Shared] = {}
    for place, kind in dict.fromkeys(disk.resolve(str(path)) for path in paths):
        plain, number = Path(place).name or "disk", 2
        name = plain
        while name in found:
            name, number = numbered(plain, number), number + 1
        check_name(name)  # what no path can hold is told now, and not to each guest
        tree = disk.tree(place, kind, _nobody_watches)
        found[name] = _Shared(tree, _ROOT if kind is Kind.FOLDER else RemotePath((plain,)), kind)
    if not found:
        raise InvalidRequestError("There is nothing to share", hint="Name a folder or a file.")
    return found


def _nobody_watches(_place: str, _gone: bool) -> None:
    """Guests look anew; the page of a link has no script that could be told."""


def risks(paths: Sequence[Path]) -> list[str]:
    """What somebody may not have meant to give away, one sentence each; empty where nothing strikes the eye."""
    found = []
    home = _home()
    for path in (Path(Places(SystemClock(), []).resolve(str(each))[0]) for each in paths):
        said = display(str(path))
        if path == Path(path.anchor):
            found.append(f"{said} is the whole disk.")
        elif home is not None and home.is_relative_to(path):
            found.append(f"{said} is your whole home folder." if path == home else f"{said} holds your home folder.")
        if path.name in _SECRETS:
            found.append(f"{said} usually holds keys or passwords.")
        elif path.is_dir() and (inside := _secrets_in(path)):
            found.append(f"{said} holds {', '.join(map(display, inside))}, where keys and passwords are kept.")
    return found


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):
        return None


def _secrets_in(folder: Path) -> list[str]:
    try:
        return sorted(_SECRETS.intersection(each.name for each in folder.iterdir()))[:3]
    except OSError:
        return []


# --- how --------------------------------------------------------------------------------------------------------


def new_password() -> str:
    """A password of 64 random bits for people to type, such as `k7mq-3xvad-9fhd`."""
    return "-".join("".join(secrets.choice(PASSWORD_SIGNS) for _ in range(count)) for count in PASSWORD_GROUPS)


def _settings(wish: Wish, home: Path) -> tuple[Settings, int | None]:
    """The settings of this server, and the port that would have been its own but was taken."""
    wanted = load(host=wish.host)  # the environment may say where to listen, and which certificate to show
    port, taken = _free(wanted.host, wish.port)
    chosen = load(
        data_dir=home,
        host=wish.host,
        port=port,
        registration=Registration.OFF,
        tls_client_certificates=ClientCertificates.OFF,
        ftps_enabled=wish.ftps,
        ftps_port=_free(wanted.host, None, _FTPS_PORT)[0] if wish.ftps else 0,
        ftps_data_port=0,
        clients_max=wish.clients_max,
        trash_days=0,
        versions_kept=0,
        shutdown_seconds=_SHUTDOWN_SECONDS,
    )
    return chosen, taken


def _free(host: str, port: int | None, default: int = DEFAULT_PORT) -> tuple[int, int | None]:
    """The port asked for; else the default, or the next one that is free, and then also the default."""
    if port is not None:
        return port, None
    first: ConfigurationError | None = None
    for each in range(default, default + _PORTS_TRIED):
        try:
            for sock in bind(host, each):
                sock.close()
        except ConfigurationError as error:
            first = first or error
            continue
        return each, None if each == default else default
    raise first or ConfigurationError("No port is free")


def _owner_name() -> str:
    """What guests see of who shares."""
    with suppress(OSError, KeyError, ImportError, SecureFileTransferError):
        return check_account_name(getpass.getuser())
    return _OWNER


def _identity(home: Path) -> Path:
    """Where the certificate authority of this computer's shares is kept; with the rest where that is not possible."""
    place = platformdirs.user_state_path("secure-file-transfer", appauthor=False) / "share"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = place.stat()
        if os.name == "posix" and (status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077):
            return home / "tls"
        if not os.access(place, os.W_OK | os.X_OK):
            return home / "tls"
    except OSError:
        return home / "tls"
    return place


def remove_leftovers(now: Callable[[], float] = time.time) -> int:
    """Remove what shares left behind that were killed; returns how many. One that runs keeps its directory locked."""
    count = 0
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, SecureFileTransferError):
            status = path.lstat()
            ours = stat.S_ISDIR(status.st_mode) and (os.name != "posix" or status.st_uid == os.getuid())
            # A new one is not locked yet for a moment.
            if ours and now() - status.st_mtime > _YOUNG_SECONDS and _is_left(path):
                shutil.rmtree(path)
                count += 1
    return count


def _is_left(path: Path) -> bool:
    try:
        DataDirectory(path).lock().release()
    except DataDirectoryInUseError:
        return False
    return True
