"""The block protocol: which blocks are missing, one block, and the manifest of a file.

A block id is no proof of possession (attack 53): an account may name a block only while it holds a claim on it, which
sending the block gives, or when the drive that it may read as a whole has the block in some file.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from secure_file_transfer.errors import (
    DigestMismatchError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    TooLargeError,
)
from secure_file_transfer.model import (
    BLOCK_SIZE_MAX,
    INLINE_BLOCK_MAX,
    AccountId,
    BlockId,
    BlockRef,
    Category,
    Conflict,
    Entry,
    Manifest,
    Node,
    Principal,
    Rights,
    TimeUs,
    Version,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import BlockRow, Buffer, CatalogTx, Clock

from .access import Access, Grant
from .audit import SILENT, Audit
from .block_leases import Lease, drop_unrecorded
from .hashers import Hashers, Hint, Release
from .quota import HeldBlocks
from .vault import VaultTree
from .vault_blocks import keep_blob, read_block, seal_block
from .vault_nodes import Room, entry_of, find, is_a_folder, version_of
from .vault_publish import require_room

CLAIM_US = 24 * 3_600_000_000
"""How long one may name a block that one has sent."""
MISSING_MAX = 10_000
"""Ids in one question."""
_ROOT = RemotePath()


@dataclass(frozen=True, slots=True)
class Desk:
    """A drive that somebody may use the block protocol with: who they are, what they may do, what is behind it."""

    account_id: AccountId
    grant: Grant
    room: Room


@dataclass(frozen=True, slots=True)
class Into:
    """The file that blocks shall become."""

    path: RemotePath
    size: int
    conflict: Conflict


class Blocks:
    """Blocks and manifests, for a principal.

    Besides what each method names, all raise SignInRequiredError, and NotFoundError for a drive without blocks: a
    folder of the server's disk, or one that the principal may not read as a whole.

    Args:
        access: who may do what.
        alive: raises when the principal's session has ended.
        clock: when claims end.
    """

    def __init__(self, access: Access, alive: Callable[[Principal], None], clock: Clock, audit: Audit = SILENT) -> None:
        self.audit = audit
        self._access = access
        self.clock = clock
        self.alive = alive
        self.hashers = Hashers(clock)
        self._held = HeldBlocks(clock)

    def desk(self, principal: Principal, path: RemotePath = _ROOT, *, writing: bool = False) -> Desk:
        """What the principal may use for `path`; with `writing`, ForbiddenError unless some file may be written.

        There are no blocks below `/Shared`: names of blocks are a drive's own, and whoever has its naming key can ask
        whether a content is anywhere in it, also where they were given nothing.

        Raises:
            SignInRequiredError, NotFoundError, ForbiddenError
        """
        grant = self._access.grant(principal)
        grant.require(Rights.NONE, path)
        if principal.account is None or Rights.READ not in grant.rights or not isinstance(grant.tree, VaultTree):
            raise NotFoundError("There are no blocks here", hint="Send and fetch whole files at /api/v1/files/.")
        if writing:
            grant.require_writing(RemotePath())
        return Desk(principal.account.id, grant, grant.tree.room)

    def naming_key(self, principal: Principal, path: RemotePath = _ROOT) -> bytes:
        """The key that makes block ids of contents for `path`: BLAKE3 keyed with it, 32 bytes."""
        return self.desk(principal, path).room.keys.naming_key

    def missing(self, principal: Principal, block_ids: Sequence[BlockId], into: "Into | None" = None) -> list[BlockId]:
        """Those that have to be sent before the principal may name them, in their order, each once.

        `into` is the file that they shall become, where that is told.

        Raises:
            TooLargeError: more than `MISSING_MAX`.
            QuotaExceededError: no such file fits.
        """
        if len(block_ids) > MISSING_MAX:
            raise TooLargeError(f"At most {MISSING_MAX} blocks can be asked for at once")
        desk = self.desk(principal)
        if into is not None:
            desk.room.catalog.read(lambda tx: require_room(tx, desk.room, into.path, into.size, into.conflict))
        wanted = list(dict.fromkeys(block_ids))
        there = claimable(desk, wanted, self.clock.now_us())
        return [each for each in wanted if each not in there]

    def put(
        self,
        principal: Principal,
        block_id: BlockId,
        data: Buffer,
        hint: Hint | None = None,
        release: Release = lambda: None,
    ) -> None:
        """Store one block; it is durable, and the principal may name it, when this returns.

        `release` is called once `data` is needed no more, whether this succeeds or not; perhaps after it returned, as
        the block waits for its turn in the digest of its file.

        Raises:
            DigestMismatchError: the bytes are not those of the id; nothing was kept.
            InvalidRequestError, TooLargeError: no block has this length.
            QuotaExceededError: the account has sent too much that it made no file of.
            NoSpaceError, StorageError
        """
        lent = _Lent(release)
        try:
            self._put(principal, block_id, data, hint, lent)
        finally:
            lent.done()

    def _put(self, principal: Principal, block_id: BlockId, data: Buffer, hint: Hint | None, lent: "_Lent") -> None:
        desk = self.desk(principal, writing=True)
        room, ref = desk.room, BlockRef(block_id, len(data))
        if not ref.length:
            raise InvalidRequestError("A block cannot be empty", hint="An empty file has no blocks.")
        if ref.length > BLOCK_SIZE_MAX:
            raise TooLargeError(f"A block has at most {BLOCK_SIZE_MAX} bytes")
        if room.keys.block_id(data) != block_id:
            raise DigestMismatchError("The bytes are not those of this block", hint="Send it again.")
        self.alive(principal)
        self._hold(principal, desk, ref)
        with self._hashing(desk, ref, data, hint, lent):
            self._keep(desk, ref, data)

    def _hold(self, principal: Principal, desk: Desk, ref: BlockRef) -> None:
        def held() -> int:
            return desk.room.catalog.read(lambda tx: tx.claims.held(desk.account_id, self.clock.now_us()))

        if principal.account is not None:
            self._held.take(principal.account, ref.length, held)

    @contextmanager
    def _hashing(self, desk: Desk, ref: BlockRef, data: Buffer, hint: Hint | None, lent: "_Lent") -> Iterator[None]:
        """While it is being stored, let it be hashed as a part of its file."""
        if hint is None:
            yield
            return
        room, hasher = desk.room, self.hashers.of(desk.account_id, hint.token)
        lent.to_one_more()
        if not hasher.offer(hint.index, ref, data, lambda other: read_block(room, other), lent.done):
            lent.done()
            yield
            return
        try:
            yield
        except BaseException:
            hasher.withdraw(hint.index, ref)
            raise
        hasher.settle(hint.index, ref)

    def _keep(self, desk: Desk, ref: BlockRef, data: Buffer) -> None:
        room, inline = desk.room, ref.length <= INLINE_BLOCK_MAX
        sealed = seal_block(room, ref.id, data)
        until = TimeUs(self.clock.now_us() + CLAIM_US)

        def record(tx: CatalogTx) -> None:
            # Its last use ends with the claim, so the sweep does not look at it again and again before.
            tx.blocks.insert(BlockRow(ref.id, room.drive.id, ref.length, sealed if inline else None), until)
            tx.claims.add(desk.account_id, [ref.id], until)

        try:
            with leased(room, [ref.id]):
                if not inline:
                    keep_blob(room, ref.id, sealed)
                room.catalog.write(record)
        except SecureFileTransferError:
            if not inline:
                drop_unrecorded(room.catalog, room.blobs, room.leases, [ref.id])
            raise

    def manifest(self, principal: Principal, path: RemotePath) -> tuple[Entry, Manifest, bytes]:
        """A file, its blocks in order, and the naming key.

        Raises:
            NotFoundError, IsAFolderError, BlockDamagedError
        """
        desk = self.desk(principal)
        room = desk.room
        desk.grant.require(Rights.READ, path)

        def look(tx: CatalogTx) -> tuple[Node, Version]:
            node = find(tx, room, path)
            if node.version_id is None:
                raise is_a_folder(path)
            return node, version_of(tx, room, node, str(path))

        node, version = room.catalog.read(look)
        text = f"{display(str(path))} is being fetched block by block: {version.size:,} bytes"
        self.audit.record(Category.TRANSFER, "file.fetched-by-blocks", text, target=str(path), who=principal)
        return entry_of(node, str(path)), version.manifest, room.keys.naming_key


class _Lent:
    """A block's bytes, which go back to their owner when the last of those who use them is done."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._users = 1
        self._lock = Lock()

    def to_one_more(self) -> None:
        """Somebody else uses them too."""
        with self._lock:
            self._users += 1

    def done(self) -> None:
        """One of them is done."""
        with self._lock:
            self._users -= 1
            last = not self._users
        if last:
            self._release()


def claimable(desk: Desk, block_ids: Sequence[BlockId], now: TimeUs) -> dict[BlockId, int]:
    """The lengths of those that may be named."""
    room = desk.room
    return room.catalog.read(lambda tx: tx.claims.claimable(desk.account_id, room.drive.id, block_ids, now))


@contextmanager
def leased(room: Room, block_ids: Sequence[BlockId]) -> Iterator[Lease]:
    """Rely on these blocks for a while."""
    lease = room.leases.lease()
    try:
        lease.add(block_ids)
        yield lease
    finally:
        lease.release()
