"""The values that every room of the house shares: plain, frozen, without behaviour beyond arithmetic.

Times are integers: microseconds since 1970-01-01T00:00:00Z (`TimeUs`). Sizes are bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import Any, NewType

AccountId = NewType("AccountId", int)
DriveId = NewType("DriveId", int)
NodeId = NewType("NodeId", int)
VersionId = NewType("VersionId", int)
SessionId = NewType("SessionId", int)
GroupId = NewType("GroupId", int)
DeviceId = NewType("DeviceId", int)
LinkId = NewType("LinkId", int)
TokenId = NewType("TokenId", int)
WarningId = NewType("WarningId", int)
JobId = NewType("JobId", int)
TrashId = NewType("TrashId", int)
UploadId = NewType("UploadId", str)
"""Random and unguessable, in base64url."""
BlockId = NewType("BlockId", bytes)
"""32 bytes: BLAKE3 of the plaintext, keyed with a secret of the drive."""
TimeUs = NewType("TimeUs", int)
"""Microseconds since the Unix epoch, UTC."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

BLOCK_SIZE_MIN = 1 * MIB
BLOCK_SIZE_DEFAULT = 4 * MIB
BLOCK_SIZE_MAX = 16 * MIB
INLINE_BLOCK_MAX = 32 * KIB
"""A block of at most this many plaintext bytes is kept inside the catalog, so that many small files are one
transaction and not one file-system synchronisation each."""

DEFAULT_PORT = 5000
SHARED_FOLDER = "Shared"
"""At the top of every home: what others share with its owner, as `/Shared/<owner>/<name>`. No file has this place."""
DRIVES_FOLDER = "Drives"
"""The same for folder drives, as `/Drives/<name>`."""


class Rights(IntFlag):
    """What one may do with a node: the mask of the FTP sharing commands."""

    NONE = 0
    DELETE = 1
    CREATE = 2
    WRITE = 4
    READ = 8
    ALL = 15


LEVELS: dict[str, Rights] = {
    "viewer": Rights.READ,
    "dropbox": Rights.CREATE,
    "contributor": Rights.READ | Rights.CREATE,
    "editor": Rights.ALL,
}
"""Named levels of rights."""


class Kind(IntEnum):
    """What a node is. Folders sort first."""

    FOLDER = 0
    FILE = 1


class Role(StrEnum):
    """What an account may do to the server itself."""

    ADMIN = "admin"
    USER = "user"


class Conflict(StrEnum):
    """What to do when the name is taken: the one vocabulary of every door, command and window."""

    OVERWRITE = "overwrite"
    SKIP = "skip"
    RENAME = "rename"
    NEWER = "newer"
    RESUME = "resume"


class Compression(StrEnum):
    """How content is made smaller on its way. `auto`: with zstd, where that shrinks it and is faster."""

    AUTO = "auto"
    ZSTD = "zstd"
    GZIP = "gzip"
    NONE = "none"


class SortKey(StrEnum):
    """What a listing is ordered by; ties are broken by name. Folders come first in every order."""

    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One step of a manifest: which block, and how many plaintext bytes it holds."""

    id: BlockId
    length: int


Manifest = tuple[BlockRef, ...]
"""The blocks of one version, in order. The manifest of an empty file is empty."""


@dataclass(frozen=True, slots=True)
class Node:
    """A file or folder of a vault drive, as the catalog keeps it.

    `size`, `version_id` and `sha256` describe the current version; a folder has size 0 and neither of the others.
    `parent_id` is None for the root of a drive and for a node that was removed and waits to be purged.
    """

    id: NodeId
    drive_id: DriveId
    parent_id: NodeId | None
    name: str
    kind: Kind
    size: int
    modified_us: TimeUs
    created_us: TimeUs
    version_id: VersionId | None
    sha256: bytes | None


@dataclass(frozen=True, slots=True)
class Version:
    """One whole content of a file. `mac` binds what says which bytes they are, see docs/seal-format.md.

    `author` wrote it, and said that it was changed last at `modified_us`; nobody remembers that of old ones.
    """

    id: VersionId
    node_id: NodeId
    size: int
    sha256: bytes
    created_us: TimeUs
    manifest: Manifest
    mac: bytes
    author: str = ""
    modified_us: TimeUs | None = None


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """The same without its blocks. `kept_us` is when it gave way to another; None for the present one."""

    id: VersionId
    size: int
    sha256: bytes
    created_us: TimeUs
    modified_us: TimeUs
    author: str
    kept_us: TimeUs | None


@dataclass(frozen=True, slots=True)
class Trashed:
    """A file or folder in the trash of its drive.

    `parent_id` is the folder that it lay in, and `folder` where that was in the drive; `seen` is the path by which
    whoever deleted it knew it, and `account_id` their account, if they have one. `size` and `files` are of all that is
    in it; None until somebody has counted.
    """

    id: TrashId
    node: Node
    parent_id: NodeId
    folder: str
    seen: str
    deleted_us: TimeUs
    author: str
    account_id: AccountId | None
    size: int | None
    files: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder as a door shows it.

    `path` is absolute in the viewer's tree and starts with `/`. `sha256` is None for folders, and for files whose
    digest is not known without reading them. `etag` is the opaque tag without quotes; it changes with the content.
    """

    path: str
    name: str
    kind: Kind
    size: int
    modified_us: TimeUs
    created_us: TimeUs
    sha256: bytes | None
    etag: str


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a listing; `cursor` continues it and is None at the end."""

    entries: Sequence[Entry]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a drive holds. `free` is what still fits: on the disk behind it, and in the quota where there is one.

    `quota` (bytes) and `quota_files` are what it may hold; None where there is no limit.
    """

    bytes: int
    files: int
    free: int
    quota: int | None
    quota_files: int | None = None


@dataclass(frozen=True, slots=True)
class Drive:
    """A tree of files under one root, as the catalog keeps it. `wrapped_key` is sealed by the master key."""

    id: DriveId
    name: str
    root_id: NodeId
    owner_id: AccountId | None
    wrapped_key: bytes
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder drive: `path` on the server's disk, a folder or the only file that the drive shows."""

    drive_id: DriveId
    root_id: NodeId
    name: str
    path: str
    kind: Kind
    created_us: TimeUs


@dataclass(frozen=True, slots=True)
class Account:
    """A person or machine that may sign in. `home_id` is its own vault drive.

    `rate_up` and `rate_down` limit all its transfers together, in bytes a second, `quota_bytes` and `quota_files` what
    its home holds, whoever put it there; 0 is no limit. From `expires_us` on it cannot sign in; None is never. A
    `pending` one registered itself, and cannot sign in before an operator has approved it.
    """

    id: AccountId
    name: str
    role: Role
    disabled: bool
    home_id: DriveId
    created_us: TimeUs
    rate_up: int = 0
    rate_down: int = 0
    quota_bytes: int = 0
    quota_files: int = 0
    email: str = ""
    note: str = ""
    expires_us: TimeUs | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that something can be shared with at once."""

    id: GroupId
    name: str
    created_us: TimeUs


@dataclass(frozen=True, slots=True)
class ShareGrant:
    """Rights on a node, and on all below it, for an account or (the other is None) a group."""

    node_id: NodeId
    account_id: AccountId | None
    group_id: GroupId | None
    to: str
    """The name of the account, or `@` and the name of the group."""
    rights: Rights
    created_us: TimeUs


@dataclass(frozen=True, slots=True)
class PlacedGrant:
    """A grant by its number, and the drive that its node is in."""

    number: int
    drive_id: DriveId
    grant: ShareGrant


@dataclass(frozen=True, slots=True)
class Link:
    """Rights on a node, and on all below it, for whoever holds a URL. Its secret is never kept, only its hash.

    `target` and `kind` are those of the node, `owner` is the name of the account that made it. A download is a visitor
    who fetches anything, however many files and pieces.
    """

    id: LinkId
    account_id: AccountId
    owner: str
    drive_id: DriveId
    node_id: NodeId
    target: str
    kind: Kind
    rights: Rights
    name: str
    protected: bool
    created_us: TimeUs
    expires_us: TimeUs | None
    downloads_max: int | None
    downloads: int
    used_us: TimeUs | None

    @property
    def left(self) -> int | None:
        """How many more may download; None where that is not limited."""
        return None if self.downloads_max is None else max(0, self.downloads_max - self.downloads)


@dataclass(frozen=True, slots=True)
class Received:
    """A node that somebody else granted to an account, itself or by its groups; `rights` are those of the grants."""

    owner: str
    node: Node
    rights: Rights


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in principal on one door. The token itself is never kept, only its hash."""

    id: SessionId
    account_id: AccountId
    door: str
    address: str
    agent: str
    created_us: TimeUs
    seen_us: TimeUs
    expires_us: TimeUs
    device_id: DeviceId | None = None
    """The device that it was begun with, by its certificate."""
    link_id: LinkId | None = None
    """The link that a visitor opened. The account is then the link's owner, and not who is signed in."""
    counted: bool = False
    """Whether the visitor has fetched something, which counts as one download of the link."""
    guest: str = ""
    """What a visitor is called: a name of its own choice, or one that we gave. No two of a link have the same."""


@dataclass(frozen=True, slots=True)
class Device:
    """What somebody signs in with by a client certificate. `account` is the name of who it belongs to.

    `fingerprint` (SHA-256 of the DER form) and `expires_us` are those of the newest certificate, or of the one it was
    found by. A revoked device stays listed until its certificates would have ended.
    """

    id: DeviceId
    account_id: AccountId
    account: str
    name: str
    address: str
    created_us: TimeUs
    seen_us: TimeUs | None
    revoked_us: TimeUs | None
    fingerprint: bytes
    expires_us: TimeUs


API_TOKEN_PREFIX = "sft_api_"  # noqa: S105 - a mark by which people and secret scanners know what they have found


class Scope(StrEnum):
    """What an API token may be used for, as far as its account may do it at all."""

    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    FILES_DELETE = "files:delete"
    SHARES = "shares"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What a program signs in with in place of a password. The token itself is never kept, only its hash.

    `account` is the name of whose token it is. Only what lies at or below `path` exists for it. One that never
    expires has None for `expires_us`.
    """

    id: TokenId
    account_id: AccountId
    account: str
    name: str
    scopes: frozenset[Scope]
    path: str
    created_us: TimeUs
    expires_us: TimeUs | None
    seen_us: TimeUs | None
    address: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in that survives the server: what is durable of it, and what shall become of it.

    `offset` bytes of `length` are durable; `length` is None while nobody knows it. `path` is where it shall go, and
    empty for a partial upload, which only becomes a piece of another one. `concat` and `metadata` are what the client
    said of it, to be repeated. Once it is published, `published` is the path it got and `sha256` its digest.
    """

    id: UploadId
    account_id: AccountId | None
    drive_id: DriveId
    path: str
    length: int | None
    offset: int
    modified_us: TimeUs | None
    conflict: Conflict
    concat: str
    metadata: str
    expires_us: TimeUs
    published: str | None = None
    sha256: bytes | None = None
    link_id: LinkId | None = None
    """The link that a visitor sends it by; it counts against the account, and is the visitor's."""

    @property
    def partial(self) -> bool:
        """Whether it is to become a piece of another upload."""
        return not self.path

    @property
    def whole(self) -> bool:
        """Whether all of it is durable."""
        return self.offset == self.length


@dataclass(frozen=True, slots=True)
class Bar:
    """What an operator has shut out of new sign-ins, until then: an `account`, a `source`, or an API `token`.

    `subject` is the account's name in folded case, the address or network, or the token's number.
    """

    kind: str
    subject: str
    reason: str
    author: str
    created_us: TimeUs
    until_us: TimeUs


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning of an operator to an account, in all its sessions, or to one session. It stands until acknowledged.

    `receiver` is what they were called.
    """

    id: WarningId
    account_id: AccountId | None
    session_id: SessionId | None
    receiver: str
    author: str
    text: str
    created_us: TimeUs
    acknowledged_us: TimeUs | None = None


class JobKind(StrEnum):
    """What a job does."""

    COPY = "copy"
    MOVE = "move"
    ZIP = "zip"
    VERIFY = "verify"


class JobState(StrEnum):
    """How far a job is: waiting, under way, or ended in one of four ways."""

    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED})
"""The states that nothing follows."""


@dataclass(frozen=True, slots=True)
class Job:
    """A long operation that the server does by itself for an account, whether or not that one stays.

    `what` is what was asked for and `result` what came of it, as JSON would say it; `place` is what only the server
    needs to go on after a restart. `owner` is the account's name. With a `token_id` the job may do what that token may,
    as long as it is there. `size` bytes and `items` of as many as the totals say are done; a total is None while nobody
    knows it. `rate` is in bytes a second, `eta` in seconds. A `code` of the error table says why it failed.
    """

    id: JobId
    account_id: AccountId
    owner: str
    token_id: TokenId | None
    kind: str
    what: Mapping[str, Any]
    state: JobState
    created_us: TimeUs
    size: int = 0
    size_total: int | None = None
    items: int = 0
    items_total: int | None = None
    percent: int = 0
    rate: int = 0
    eta: int | None = None
    message: str = ""
    place: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    code: str = ""
    error: str = ""
    started_us: TimeUs | None = None
    ended_us: TimeUs | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED


class Category(StrEnum):
    """What an event of the log is about."""

    SERVER = "server"
    CONNECTION = "connection"
    SIGN_IN = "sign-in"
    TRANSFER = "transfer"
    FILE = "file"
    SHARING = "sharing"
    CHAT = "chat"
    SECURITY = "security"
    ADMINISTRATION = "administration"
    ERROR = "error"


class Severity(StrEnum):
    """How much an event of the log matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event of the log. `kind` names it for programs, `text` says it for people; empty is what is not known."""

    at_us: TimeUs
    category: Category
    severity: Severity
    kind: str
    text: str
    actor: str = ""
    address: str = ""
    door: str = ""
    target: str = ""
    session: SessionId | None = None
    request: str = ""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which events of the log are wanted; empty and None are all. Times are microseconds, `until_us` is not in them.

    `search` is looked for in what people read, without regard to the case of ASCII letters.
    """

    since_us: int | None = None
    until_us: int | None = None
    categories: tuple[Category, ...] = ()
    severity: Severity = Severity.DEBUG
    """The least."""
    actor: str = ""
    address: str = ""
    door: str = ""
    session: int | None = None
    request: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks: an account with a session or a token, a visitor of a link with a session, or an anonymous guest.

    A guest has nothing of these.
    """

    account: Account | None
    session: Session | None
    link: Link | None = None
    token: ApiToken | None = None

    @property
    def name(self) -> str:
        """The account's name, a visitor's with the number of the link, or `guest`.

        Visitors choose their names. Alone, such a name could be an account's; no account's has a space in it.
        """
        if self.link is not None:
            guest = self.session.guest if self.session is not None else ""
            return f"{guest} (link #{self.link.id})" if guest else f"link #{self.link.id}"
        return self.account.name if self.account else "guest"

    @property
    def payer(self) -> AccountId | None:
        """Whose limits and space it counts against: a visitor's deeds are the link's owner's."""
        if self.link is not None:
            return self.link.account_id
        return self.account.id if self.account else None
