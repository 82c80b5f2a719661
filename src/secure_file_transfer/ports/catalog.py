"""The metadata database: what its parts can do within a transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..model import (
    Account,
    AccountId,
    ApiToken,
    BlockId,
    BlockRef,
    Device,
    DeviceId,
    Drive,
    DriveId,
    Group,
    GroupId,
    Kind,
    Link,
    LinkId,
    Manifest,
    Node,
    NodeId,
    Received,
    Rights,
    Role,
    Scope,
    Session,
    SessionId,
    ShareGrant,
    SortKey,
    TimeUs,
    TokenId,
    Upload,
    UploadId,
    Version,
    VersionId,
)

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


class Accounts(Protocol):
    """Accounts and their password hashes (Argon2id, in PHC string form)."""

    def create(self, name: str, role: Role, home_id: DriveId, password_hash: str, now: TimeUs) -> Account:
        """Raises ExistsError when the name (compared case-folded) is taken."""

    def get(self, account_id: AccountId) -> Account | None: ...
    def by_name(self, name: str) -> Account | None:
        """Compared case-folded."""

    def password_hash(self, account_id: AccountId) -> str: ...
    def set_password_hash(self, account_id: AccountId, password_hash: str) -> None: ...
    def set_disabled(self, account_id: AccountId, *, disabled: bool) -> None: ...
    def set_role(self, account_id: AccountId, role: Role) -> None: ...
    def set_rates(self, account_id: AccountId, up: int, down: int) -> None:
        """Bytes a second for all its transfers together; 0 is no limit."""

    def all(self) -> Sequence[Account]: ...
    def delete(self, account_id: AccountId) -> None:
        """Remove it and its sessions; its drive loses its owner."""

    def set_details(self, account: Account) -> None:
        """Its quota, e-mail address, note and expiry shall be those of `account`."""

    def set_pending(self, account_id: AccountId, *, pending: bool) -> None: ...
    def count_pending(self) -> int: ...
    def set_reset(self, account_id: AccountId, sha256: bytes, expires: TimeUs) -> None:
        """The hash of the code that gives it a new password, in place of any other."""

    def by_reset(self, sha256: bytes, now: TimeUs) -> Account | None:
        """Whose code it is, while it is good."""

    def forget_reset(self, account_id: AccountId) -> None: ...
    def knows(self, account_id: AccountId, source: str) -> bool:
        """Whether the account has signed in from that source, and not forgotten it since."""

    def remember(self, account_id: AccountId, source: str, now: TimeUs, most: int) -> None:
        """It has just signed in from there; of all its sources the `most` latest are kept."""

    def forget_sources(self, account_id: AccountId) -> None: ...


class Sessions(Protocol):
    """Sessions, found by the SHA-256 of their token."""

    def create(
        self,
        account_id: AccountId,
        token_hash: bytes,
        door: str,
        address: str,
        agent: str,
        now: TimeUs,
        ends: TimeUs,
        *,
        device_id: DeviceId | None = None,
        link_id: LinkId | None = None,
    ) -> Session:
        """With a `link_id` it is a visitor's; the account is the link's owner. It ends with the link."""

    def by_token(self, token_hash: bytes) -> tuple[Session, Account] | None: ...
    def touch(self, session_id: SessionId, now: TimeUs) -> None: ...
    def set_token(self, session_id: SessionId, token_hash: bytes) -> None: ...
    def of(self, account_id: AccountId) -> Sequence[Session]:
        """The account's own, without those of visitors."""

    def get(self, session_id: SessionId) -> tuple[Session, Account] | None: ...
    def all(self, limit: int) -> Sequence[tuple[Session, Account]]:
        """Those used last, at most `limit`."""

    def delete(self, session_id: SessionId) -> None: ...
    def delete_of(self, account_id: AccountId, *, but: SessionId | None = None) -> int:
        """End the account's own; returns how many."""

    def delete_expired(self, now: TimeUs) -> int: ...


class Groups(Protocol):
    """Groups of accounts. Names are compared case-folded."""

    def create(self, name: str, now: TimeUs) -> Group:
        """Raises ExistsError when the name is taken."""

    def by_name(self, name: str) -> Group | None: ...
    def all(self) -> Sequence[Group]: ...
    def rename(self, group_id: GroupId, name: str) -> None:
        """Raises ExistsError when the name is taken."""

    def delete(self, group_id: GroupId) -> None:
        """Remove it with its memberships, and what was granted to it."""

    def add(self, group_id: GroupId, account_id: AccountId) -> None:
        """Make the account a member; one that is already is fine."""

    def remove(self, group_id: GroupId, account_id: AccountId) -> bool:
        """Whether it was a member."""

    def members(self, group_id: GroupId) -> Sequence[Account]: ...


class Grants(Protocol):
    """Who else may do what with a node. A grant goes with its node, account or group."""

    def put(self, node_id: NodeId, to: AccountId | None, to_group: GroupId | None, rights: Rights, now: TimeUs) -> None:
        """Grant to the account or the group, in place of what it was granted there before."""

    def delete(self, node_id: NodeId, to: AccountId | None, to_group: GroupId | None) -> int:
        """Take back what the account or the group was granted there; both None: everything. Returns how many."""

    def of_drive(self, drive_id: DriveId) -> Sequence[ShareGrant]:
        """All grants on nodes of a drive, the oldest node first; those on removed nodes too."""

    def received(self, account_id: AccountId) -> Sequence[Received]:
        """What others granted to the account, itself or by its groups, by owner and then the oldest node first.

        Not what was removed, and not what has no owner any more.
        """

    def rights(self, account_id: AccountId, node_id: NodeId) -> Rights:
        """What the account was granted on the node and on all above it; nothing once the node was removed."""


@dataclass(frozen=True, slots=True)
class Factor:
    """An account's second factor. `last_step` is the step of time whose code was used last, 0 for none."""

    account_id: AccountId
    salt: bytes
    confirmed: bool
    last_step: int


class Factors(Protocol):
    """Second factors, and recovery codes by their hashes. They go with their account."""

    def get(self, account_id: AccountId) -> Factor | None: ...
    def begin(self, account_id: AccountId, salt: bytes) -> None:
        """A new one in place of any other, not confirmed yet."""

    def use_step(self, account_id: AccountId, step: int) -> bool:
        """A code of that step was right: the factor is confirmed. False if one as late was used before."""

    def set_codes(self, account_id: AccountId, hashes: Sequence[bytes]) -> None:
        """Put these recovery codes in place of all others."""

    def use_code(self, account_id: AccountId, code_hash: bytes) -> bool:
        """Use a recovery code up. False if there is none such."""

    def codes_left(self, account_id: AccountId) -> int: ...
    def delete(self, account_id: AccountId) -> None:
        """No second factor any more, and no recovery codes."""


class Devices(Protocol):
    """Devices, their certificates by fingerprint, and the hashes of the codes that enrol new ones."""

    def create(self, account_id: AccountId, name: str, address: str, now: TimeUs) -> DeviceId:
        """A new device without a certificate, to get one in the same transaction."""

    def add_certificate(
        self, device_id: DeviceId, fingerprint: bytes, serial: int, now: TimeUs, expires: TimeUs
    ) -> None: ...
    def get(self, device_id: DeviceId) -> Device | None: ...
    def of(self, account_id: AccountId | None) -> Sequence[Device]:
        """Those of an account, or of everybody, the oldest first."""

    def by_fingerprint(self, fingerprint: bytes) -> tuple[Device, Account] | None:
        """Whose certificate it is; revoked and expired ones are found too."""

    def touch(self, device_id: DeviceId, address: str, now: TimeUs) -> None: ...
    def revoke(self, device_id: DeviceId, now: TimeUs) -> None:
        """From now on, and end the sessions that were begun with it."""

    def revoked(self, now: TimeUs) -> Sequence[tuple[int, TimeUs]]:
        """Serial numbers of certificates that would still be good, and since when they are not.

        Those of deleted accounts are among them.
        """

    def delete_expired(self, now: TimeUs) -> int:
        """Forget certificates and codes that have ended, and devices that are left without one; returns how many."""

    def add_code(self, account_id: AccountId, sha256: bytes, expires: TimeUs) -> None: ...
    def count_codes(self, account_id: AccountId, now: TimeUs) -> int: ...
    def count_certificates(self, device_id: DeviceId, now: TimeUs) -> int:
        """How many of its certificates have not ended."""

    def by_code(self, sha256: bytes, now: TimeUs) -> AccountId | None:
        """Whose code it is, while it is good."""

    def take_code(self, sha256: bytes, now: TimeUs) -> AccountId | None:
        """Whose code it is; it is used up."""


class Links(Protocol):
    """Links, found by the SHA-256 of their secret. A link goes with its node and its account.

    One of a removed node or a disabled account is kept, and found by nobody but its owner.
    """

    def create(
        self,
        node_id: NodeId,
        account_id: AccountId,
        secret: tuple[bytes, bytes],
        rights: Rights,
        now: TimeUs,
        *,
        name: str = "",
        password_hash: str | None = None,
        expires_us: TimeUs | None = None,
        downloads_max: int | None = None,
    ) -> Link:
        """`secret` is what its secret is made from, and the secret's hash."""

    def get(self, link_id: LinkId) -> Link | None:
        """The link while it gives anything, whether or not its time is up."""

    def by_secret(self, secret_hash: bytes) -> Link | None:
        """The same by the hash of its secret."""

    def of(self, account_id: AccountId) -> Sequence[Link]:
        """All that an account made, the oldest first."""

    def salt(self, link_id: LinkId) -> bytes:
        """What its secret is made from; empty when it is not there."""

    def password_hash(self, link_id: LinkId) -> str | None: ...
    def use(self, link_id: LinkId, now: TimeUs) -> None:
        """Somebody opened it."""

    def count(self, link_id: LinkId, session_id: SessionId, now: TimeUs) -> bool:
        """A visitor fetches something: count the download, once for each session. False if none is left."""

    def trim(self, link_id: LinkId, most: int) -> None:
        """Of its sessions keep the `most` latest, those first that have fetched something."""

    def delete(self, link_id: LinkId) -> None:
        """End it, with the sessions of all its visitors."""


class Tokens(Protocol):
    """API tokens, found by the SHA-256 of their text. They go with their account."""

    def create(
        self,
        account_id: AccountId,
        token_hash: bytes,
        name: str,
        scopes: Iterable[Scope],
        path: str,
        now: TimeUs,
        expires: TimeUs | None,
    ) -> TokenId: ...
    def get(self, token_id: TokenId) -> tuple[ApiToken, Account] | None:
        """The token and its account, whether or not it has expired."""

    def by_hash(self, token_hash: bytes) -> tuple[ApiToken, Account] | None: ...
    def of(self, account_id: AccountId | None, limit: int) -> Sequence[ApiToken]:
        """Those of an account, or of everybody, the oldest first; at most `limit`."""

    def touch(self, token_id: TokenId, address: str, now: TimeUs) -> None:
        """It was just used, from there. One that is gone stays gone."""

    def delete(self, token_id: TokenId) -> None: ...
    def delete_of(self, account_id: AccountId) -> int: ...
    def delete_expired(self, now: TimeUs) -> int: ...


class Facts(Protocol):
    """Single values of the server: key ids, the setup code's hash. Text by name."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str | None) -> None:
        """None deletes it."""


class CatalogTx(Protocol):
    """One transaction's view of the catalog, by part. Valid only inside the work it was handed to."""

    @property
    def drives(self) -> Drives: ...
    @property
    def nodes(self) -> Nodes: ...
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
    def factors(self) -> Factors: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def links(self) -> Links: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def facts(self) -> Facts: ...


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
