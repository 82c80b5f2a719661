"""Many files at once: commits of manifests, and batches of small files, each published in one transaction.

What can be published is; a file that cannot says why in its place. A failure of the disk or the catalog fails all.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass

from secure_file_transfer.errors import (
    BlockDamagedError,
    DigestMismatchError,
    ExistsError,
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    IsAFolderError,
    LengthMismatchError,
    MissingBlocksError,
    NotAFolderError,
    NotFoundError,
    PreconditionFailedError,
    QuotaExceededError,
    SecureFileTransferError,
    TooLargeError,
)
from secure_file_transfer.model import (
    INLINE_BLOCK_MAX,
    MIB,
    BlockId,
    BlockRef,
    Conflict,
    Manifest,
    Principal,
    TimeUs,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import BlockRow, Buffer, CatalogTx, Expectation, Written

from .access import rightful
from .block_leases import drop_unrecorded
from .blocks import Blocks, Desk, claimable, leased
from .file_log import written_many
from .vault_blocks import PUTTING, keep_blob, read_block, seal_block
from .vault_nodes import Whole
from .vault_publish import Publisher

FILES_MAX = 1000
"""Files of one commit or batch: one transaction, which nobody else's write should wait for long."""
BATCH_FILE_MAX = MIB
"""Bytes of one file of a batch: it is one block."""
BATCH_BYTES_MAX = 8 * MIB
"""Bytes of a whole batch."""

CLAIM_AFTER_US = 600_000_000
"""How long one may still name a block after a file of it was published: less than the sweep waits anyway."""

Result = Written | SecureFileTransferError
_ANYTHING = Expectation()
_OF_ONE_FILE = (
    DigestMismatchError,
    ExistsError,
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    IsAFolderError,
    LengthMismatchError,
    MissingBlocksError,
    NotAFolderError,
    NotFoundError,
    PreconditionFailedError,
    QuotaExceededError,
    TooLargeError,
)
"""What concerns the one file and not its neighbours."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How one file is to be published. `path` is not yet checked: a bad name is the file's own failure."""

    path: str
    conflict: Conflict = Conflict.OVERWRITE
    parents: bool = False
    expect: Expectation = _ANYTHING
    modified_us: TimeUs | None = None
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a commit: its blocks are here already. `hint` is the token that they were sent with."""

    terms: Terms
    size: int
    manifest: Manifest
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Small:
    """A file of a batch, with its content."""

    terms: Terms
    data: Buffer


@dataclass(frozen=True, slots=True)
class _Ready:
    """A file that can be published now."""

    terms: Terms
    path: RemotePath
    whole: Whole
    rows: tuple[BlockRow, ...] = ()


_Prepared = _Ready | SecureFileTransferError


class Commits:
    """Publishes many files at once, for a principal; the rights and the terms are those of single files.

    Every method raises SignInRequiredError, and NotFoundError where there are no blocks, see `Blocks`.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._clock = blocks.clock

    def commit(self, principal: Principal, files: Sequence[Listed]) -> list[Result]:
        """Publish files whose blocks were sent before; what became of each, in order.

        Raises:
            TooLargeError: more than `FILES_MAX` files.
            NoSpaceError, StorageError: nothing was published.
        """
        _check_count(files)
        began = self._blocks.audit.seconds()
        desk = self._blocks.desk(principal, writing=True)
        needed = list(dict.fromkeys(ref.id for file in files for ref in file.manifest))
        with leased(desk.room, needed):
            lengths = claimable(desk, needed, self._clock.now_us())
            prepared: list[_Prepared] = []
            for file in files:
                self._blocks.alive(principal)
                prepared.append(_attempt(lambda file=file: self._check(desk, file, lengths)))  # type: ignore[misc]
            results = self._publish(desk, prepared, shorten_claims=True)
        written_many(self._blocks.audit, principal, results, began)
        return results

    def _check(self, desk: Desk, file: Listed, lengths: dict[BlockId, int]) -> _Ready:
        """Everything that can be known of a file of a commit before its transaction."""
        path = _path(desk, file.terms)
        shown = display(str(path))
        if sum(ref.length for ref in file.manifest) != file.size:
            raise InvalidRequestError(f"{shown}: the blocks together do not have {file.size} bytes")
        missing = list(dict.fromkeys(ref.id.hex() for ref in file.manifest if ref.id not in lengths))
        if missing:
            raise _missing(shown, missing)
        if any(lengths[ref.id] != ref.length for ref in file.manifest):
            raise InvalidRequestError(f"{shown}: a block does not have the length that the manifest says")
        digest = self._digest(desk, file, shown)
        return self._ready(file.terms, path, file.size, digest, file.manifest)

    def _digest(self, desk: Desk, file: Listed, shown: str) -> bytes:
        """SHA-256 of the whole: what was hashed on arrival, and the rest read from the store."""
        sha256, done = hashlib.sha256(), 0
        if file.hint is not None:
            start = self._blocks.hashers.head_start(desk.account_id, file.hint, file.manifest)
            sha256, done = start.sha256, start.blocks
        damaged: dict[str, None] = {}
        for ref in file.manifest[done:]:
            try:
                data = read_block(desk.room, ref)
            except BlockDamagedError:
                # To send it again repairs it, so it is as good as missing.
                damaged[ref.id.hex()] = None
                continue
            if not damaged:
                sha256.update(data)
        if damaged:
            raise _missing(shown, list(damaged))
        return sha256.digest()

    def batch(self, principal: Principal, files: Sequence[Small]) -> list[Result]:
        """Store and publish small files; what became of each, in order.

        Raises:
            TooLargeError: more than `FILES_MAX` files.
            NoSpaceError, StorageError: nothing was published.
        """
        _check_count(files)
        began = self._blocks.audit.seconds()
        desk = self._blocks.desk(principal, writing=True)
        self._blocks.alive(principal)
        room = desk.room
        named = [BlockRef(room.keys.block_id(file.data), len(file.data)) for file in files]
        puts: dict[BlockId, Future[None]] = {}
        results: list[Result] = []
        try:
            with leased(room, [ref.id for ref in named]):
                results = self._store(desk, files, named, puts)
        finally:
            published = sum(isinstance(each, Written) and each.outcome != "skipped" for each in results)
            if puts and published < len(files):
                self._drop(desk, puts)
        written_many(self._blocks.audit, principal, results, began)
        return results

    def _store(
        self, desk: Desk, files: Sequence[Small], named: Sequence[BlockRef], puts: dict[BlockId, Future[None]]
    ) -> list[Result]:
        sealed: dict[BlockId, bytes] = {}
        try:
            prepared = [
                _attempt(lambda file=file, ref=ref: self._take(desk, file, ref, sealed, puts))  # type: ignore[misc]
                for file, ref in zip(files, named, strict=True)
            ]
        finally:  # nothing may still be on its way to the disk when the lease ends
            wait(puts.values())
        for put in puts.values():
            put.result()
        return self._publish(desk, prepared)

    def _take(
        self, desk: Desk, file: Small, ref: BlockRef, sealed: dict[BlockId, bytes], puts: dict[BlockId, Future[None]]
    ) -> _Ready:
        """Check one file of a batch and seal it; large ones are on their way to the disk when this returns."""
        room, path = desk.room, _path(desk, file.terms)
        if ref.length > BATCH_FILE_MAX:
            raise TooLargeError(f"{display(str(path))} is too large for a batch", hint="Send it in blocks.")
        digest = hashlib.sha256(file.data).digest()
        manifest: Manifest = ()
        rows: tuple[BlockRow, ...] = ()
        if ref.length:
            if ref.id not in sealed:
                data = seal_block(room, ref.id, file.data)
                if ref.length > INLINE_BLOCK_MAX:
                    puts[ref.id] = PUTTING.submit(keep_blob, room, ref.id, data)
                    data = b""
                sealed[ref.id] = data
            manifest, rows = (ref,), (BlockRow(ref.id, room.drive.id, ref.length, sealed[ref.id] or None),)
        return self._ready(file.terms, path, ref.length, digest, manifest, rows)

    def _drop(self, desk: Desk, large: Iterable[BlockId]) -> None:
        """Give back the space of what was stored and then not published. The sweep finds what is left."""
        with suppress(SecureFileTransferError):
            drop_unrecorded(desk.room.catalog, desk.room.blobs, desk.room.leases, large)

    def _ready(
        self,
        terms: Terms,
        path: RemotePath,
        size: int,
        digest: bytes,
        manifest: Manifest,
        rows: tuple[BlockRow, ...] = (),
    ) -> _Ready:
        if terms.sha256 is not None and terms.sha256 != digest:
            raise DigestMismatchError(f"{display(str(path))}: the content is not the one that was declared")
        modified_us = self._clock.now_us() if terms.modified_us is None else terms.modified_us
        return _Ready(terms, path, Whole(size, digest, manifest, modified_us), rows)

    def _publish(self, desk: Desk, prepared: Sequence[_Prepared], *, shorten_claims: bool = False) -> list[Result]:
        now = self._clock.now_us()

        def work(tx: CatalogTx) -> list[Result]:
            publisher = Publisher(tx, desk.room, now, files=len(prepared))
            results: list[Result] = []
            used: set[BlockId] = set()
            for file in prepared:
                if isinstance(file, SecureFileTransferError):
                    results.append(file)
                    continue
                result = _publish_one(publisher, desk, file)
                results.append(result)
                if shorten_claims and isinstance(result, Written) and result.outcome != "skipped":
                    used.update(ref.id for ref in file.whole.manifest)
            publisher.finish()
            # From now on the files themselves keep their blocks; a commit that is repeated must find them all the same.
            tx.claims.shorten(desk.account_id, list(used), TimeUs(now + CLAIM_AFTER_US))
            return results

        if all(isinstance(each, SecureFileTransferError) for each in prepared):
            return [each for each in prepared if isinstance(each, SecureFileTransferError)]
        return desk.room.catalog.write(work)


def _publish_one(publisher: Publisher, desk: Desk, file: _Ready) -> Result:
    terms = file.terms
    try:
        with rightful(desk.grant.rights, file.path, terms.conflict, terms.expect) as (conflict, expect):
            place = publisher.place(file.path, file.whole, conflict, expect, parents=terms.parents)
    except _OF_ONE_FILE as error:
        return error
    return publisher.write(place, file.whole, file.rows)


def _attempt(work: Callable[[], _Ready]) -> _Prepared:
    try:
        return work()
    except _OF_ONE_FILE as error:
        return error


def _path(desk: Desk, terms: Terms) -> RemotePath:
    path = RemotePath.parse(terms.path)
    desk.grant.require_writing(path, parents=terms.parents)
    return path


def _missing(shown: str, blocks: Sequence[str]) -> MissingBlocksError:
    return MissingBlocksError(
        f"{shown}: {len(blocks)} blocks have to be sent first", hint="Send them, then commit again.", blocks=blocks
    )


def _check_count(files: Sequence[object]) -> None:
    if len(files) > FILES_MAX:
        raise TooLargeError(f"At most {FILES_MAX} files go together", hint="Send the others in another request.")
