"""The metadata database: what its parts can do within a transaction."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..model import (
    AccountId,
    BlockId,
    BlockRef,
    Drive,
    DriveId,
    Kind,
    Manifest,
    Node,
    NodeId,
    SortKey,
    TimeUs,
    Upload,
    UploadId,
    Version,
    VersionId,
    VersionInfo,
)
from .chat import Chats
from .control import Bars, Endings, Warnings
from .keeping import Kept, Trash
from .log import LogEvents
from .people import Accounts, Devices, Factors, Grants, Groups, Links, Mounts, Sessions, Tokens
from .work import Jobs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BlockRow:
    """What the catalog knows of a block. `data` is the sealed block itself when it is kept inline."""

    id: BlockId
    drive_id: DriveId
    length: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class NodeCursor:
    """Where a listing stopped: the last row's kind, sort value and name."""

    kind: Kind
    value: int | str
    name: str


@dataclass(frozen=True, slots=True)
class DriveRoom:
    """What a drive holds, and what it may hold: the quota of its owner, where 0 is no limit."""

    bytes: int
    files: int
    quota_bytes: int
    quota_files: int


@dataclass(frozen=True, slots=True)
class SettingRow:
    """What an operator set while the server ran: as text, and when, and who."""

    name: str
    value: str
    changed_us: TimeUs
    changed_by: str


class Drives(Protocol):
    """Drives in the catalog."""

    def create(self, name: str, owner_id: AccountId | None, now: TimeUs) -> Drive:
        """A new drive with an empty root and an empty `wrapped_key`, to be set at once with `set_key`."""

    def get(self, drive_id: DriveId) -> Drive | None: ...
    def all(self) -> Sequence[Drive]: ...
    def set_key(self, drive_id: DriveId, wrapped_key: bytes) -> None: ...
    def set_owner(self, drive_id: DriveId, owner_id: AccountId | None) -> None: ...
    def add_usage(self, drive_id: DriveId, size: int, files: int) -> None:
        """Add (or with negative numbers subtract) to the counters."""

    def room(self, drive_id: DriveId) -> DriveRoom:
        """What it holds and may hold; without a limit for a drive that nobody owns, or that is not there."""

    def totals(self) -> tuple[int, int]:
        """Bytes and files of all drives."""

    def removed(self, drive_id: DriveId, limit: int) -> tuple[int, int]:
        """Bytes and files that are removed and still counted, looking at up to `limit` nodes at a time."""

    def delete(self, drive_id: DriveId) -> None:
        """Remove the drive's row. Its nodes must be gone."""


class Nodes(Protocol):
    """Files and folders. Names are unique within a parent; every lookup is one indexed query."""

    def get(self, node_id: NodeId) -> Node | None: ...
    def child(self, parent_id: NodeId, name: str) -> Node | None: ...
    def create(self, drive_id: DriveId, parent_id: NodeId, name: str, kind: Kind, now: TimeUs) -> Node:
        """A new folder, or a file that has no version yet (give it one in the same transaction)."""

    def create_file(
        self,
        drive_id: DriveId,
        parent_id: NodeId,
        name: str,
        version_id: VersionId,
        size: int,
        sha256: bytes,
        modified_us: TimeUs,
        now: TimeUs,
    ) -> Node:
        """A new file that points to its version, which has to be inserted in the same transaction."""

    def set_version(self, node_id: NodeId, version: Version, modified_us: TimeUs) -> None:
        """Point a file to its new version: size, digest and time follow."""

    def relocate(self, node_id: NodeId, parent_id: NodeId, name: str) -> None:
        """Rename or move: one row, whatever lies below. What was detached is in the tree again."""

    def touch(self, node_id: NodeId, modified_us: TimeUs) -> None: ...
    def detach(self, node_id: NodeId) -> None:
        """Take it out of the tree, with all that lies below: one row. `purge_batch` gives back the space."""

    def is_within(self, node_id: NodeId, ancestor_id: NodeId) -> bool:
        """Whether a node is `ancestor_id` or lies below it."""

    def has_children(self, node_id: NodeId) -> bool: ...
    def list(
        self, parent_id: NodeId, sort: SortKey, *, descending: bool, after: NodeCursor | None, limit: int
    ) -> Sequence[Node]:
        """Children in order: folders first in every order, then by the key, then by name.

        Names are compared in case-folded form. `descending` turns the order round within folders and within files.
        """

    def purge_batch(self, limit: int) -> int:
        """Delete up to `limit` nodes that are detached or lie below a detached one, leaves first.

        Their versions go, their blocks are released, the drive's counters follow. Returns how many; 0 when done.
        """


class Versions(Protocol):
    """Versions of files, and their manifests."""

    def next_ids(self, count: int) -> Iterator[VersionId]:
        """Numbers never used before, not even by versions that were deleted."""

    def get(self, version_id: VersionId) -> Version | None: ...
    def insert(self, version: Version) -> None:
        """Record it, and count one reference for every entry of its manifest. The blocks must be there."""

    def delete(self, version_id: VersionId) -> None:
        """Forget it and release its blocks. The drive's counters are the caller's."""

    def of(self, node_id: NodeId) -> Sequence[VersionInfo]:
        """All versions of a file, the newest first."""

    def keep(self, version_id: VersionId, drive_id: DriveId, now: TimeUs) -> None:
        """Another is the present one from now on, and this one stays with its blocks; it counts for the drive."""

    def kept(self, drive_id: DriveId, limit: int) -> Sequence[Kept]:
        """Earlier versions in a drive, those first that gave way first."""

    def kept_before(self, before: TimeUs, limit: int) -> Sequence[Kept]:
        """Earlier versions that gave way before a time, in all drives."""

    def kept_size(self, drive_id: DriveId) -> int:
        """Bytes of all earlier versions in a drive."""

    def crowded(self, count: int, limit: int) -> Sequence[NodeId]:
        """Files that have more than so many earlier versions."""


class Blocks(Protocol):
    """Which blocks exist. A row here means: the block is durable."""

    def get(self, block_id: BlockId) -> BlockRow | None: ...
    def missing(self, block_ids: Sequence[BlockId]) -> set[BlockId]:
        """Those that have no row."""

    def insert(self, row: BlockRow, now: TimeUs) -> None:
        """Record a block with no references; one that is there already is left as it is."""

    def unreferenced(self, before: TimeUs, limit: int) -> Sequence[BlockRow]:
        """Blocks without references and claims whose last use ended before that time. `data` is not loaded."""

    def delete_unreferenced(self, block_ids: Sequence[BlockId]) -> set[BlockId]:
        """Delete the rows that still have no references and no claims; returns which."""


class Claims(Protocol):
    """Who may name which block in a manifest without having a file of it: those who sent it, for a while."""

    def add(self, account_id: AccountId, block_ids: Sequence[BlockId], expires: TimeUs) -> None:
        """Let the account name these until then; an earlier claim is prolonged. Blocks without a row are passed over.

        As long as the row of a claim is there, the block counts as used.
        """

    def claimable(
        self, account_id: AccountId, drive_id: DriveId, block_ids: Sequence[BlockId], now: TimeUs
    ) -> dict[BlockId, int]:
        """The lengths of those blocks of the drive that some version in it names, or the account has a claim on."""

    def held(self, account_id: AccountId, now: TimeUs) -> int:
        """Bytes of the blocks that only the account's claims keep."""

    def shorten(self, account_id: AccountId, block_ids: Sequence[BlockId], expires: TimeUs) -> None:
        """Let the account's claims on these end then, if not before."""

    def delete_expired(self, now: TimeUs, limit: int) -> int:
        """Forget up to `limit` claims that have ended; returns how many."""


class Uploads(Protocol):
    """Files on their way in. Their blocks count as references, like those of a version."""

    def create(self, upload: Upload) -> None:
        """Record a new one, without blocks. Raises ExistsError when the id is taken."""

    def get(self, upload_id: UploadId) -> Upload | None: ...
    def count(self, account_id: AccountId) -> int:
        """How many an account has."""

    def unfinished(self, drive_id: DriveId) -> int:
        """Bytes of a drive's uploads that are no files yet."""

    def newest(self, account_id: AccountId, drive_id: DriveId, path: str) -> Upload | None:
        """The account's unfinished upload to that place that was begun last; None where all of them are published."""

    def manifest(self, upload_id: UploadId) -> Manifest:
        """All its blocks, in order."""

    def tail(self, upload_id: UploadId, limit: int) -> Manifest:
        """Its last blocks, at most `limit`, in order."""

    def set_length(self, upload_id: UploadId, length: int) -> None: ...
    def extend(self, upload_id: UploadId, drop: int, blocks: Sequence[BlockRef], expires: TimeUs) -> None:
        """Release the last `drop` blocks, put `blocks` in their place, and let it live until `expires`.

        Raises:
            StorageError: a block has no row.
            NotFoundError: there is no such upload.
        """

    def publish(self, upload_id: UploadId, path: str, sha256: bytes) -> None:
        """Note what became of it, and release its blocks."""

    def expired(self, now: TimeUs, limit: int) -> Sequence[UploadId]:
        """Those whose time is up, or whose account is gone."""

    def delete(self, upload_id: UploadId) -> None:
        """Forget it and release its blocks. One that is not there is fine."""


class Facts(Protocol):
    """Single values of the server: key ids, the setup code's hash. Text by name."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str | None) -> None:
        """None deletes it."""


class Settings(Protocol):
    """What operators set while the server runs, by name; it counts instead of what the configuration says."""

    def all(self) -> Sequence[SettingRow]:
        """All of them, by name."""

    def set(self, name: str, value: str | None, by: str, now: TimeUs) -> None:
        """Set it; None forgets it."""


class CatalogTx(Protocol):
    """One transaction's view of the catalog, by part. Valid only inside the work it was handed to."""

    def afterwards(self, tell: Callable[[], None]) -> None:
        """Call `tell` once the transaction is durable, before `Catalog.write` returns; never if nothing came of it.

        It must be quick and must not raise. Reads forget it.
        """

    @property
    def drives(self) -> Drives: ...
    @property
    def nodes(self) -> Nodes: ...
    @property
    def trash(self) -> Trash: ...
    @property
    def versions(self) -> Versions: ...
    @property
    def blocks(self) -> Blocks: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def mounts(self) -> Mounts: ...
    @property
    def factors(self) -> Factors: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def links(self) -> Links: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def log(self) -> LogEvents: ...
    @property
    def endings(self) -> Endings: ...
    @property
    def bars(self) -> Bars: ...
    @property
    def warnings(self) -> Warnings: ...
    @property
    def chats(self) -> Chats: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def settings(self) -> Settings: ...


class Catalog(Protocol):
    """The metadata database. Services say what happens in a transaction, the catalog makes it one."""

    def read(self, work: Callable[[CatalogTx], T]) -> T:
        """Run `work` on a consistent snapshot. It must not write."""

    def write(self, work: Callable[[CatalogTx], T]) -> T:
        """Run `work` in a transaction; it is durable when this returns, undone if `work` raises.

        Waiting writes of many threads share one commit (group commit), so `work` must be short, must not wait for
        anything, and may be run again after a failed commit.

        Raises:
            NoSpaceError, StorageError: nothing of it happened.
        """

    def close(self) -> None: ...
