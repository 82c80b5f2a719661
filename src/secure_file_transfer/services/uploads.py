"""Uploads that survive the server: created, continued from their offset, joined, published, removed.

Whoever owns an upload sees it, and for everybody else it is not there. One writes to it at a time. What it becomes is
decided as for any other file: the same rights, the same conflict choices, the same instant (see `Files.draft`).
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Lock

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    LengthMismatchError,
    LockedError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
    TooLargeError,
    TooManyRequestsError,
)
from secure_file_transfer.model import (
    AccountId,
    Category,
    Conflict,
    DriveId,
    Principal,
    Rights,
    TimeUs,
    Upload,
    UploadId,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Catalog, CatalogTx, Clock, Draft, FileTree, Written

from .access import Access, Grant
from .files import Files
from .quota import require_unfinished
from .upload_writer import LENGTH_MAX, Hash, UploadWriter, too_long
from .vault import VaultTree
from .vault_nodes import Room, find_place
from .vault_upload import FinishedUpload, VaultUpload, digest

UPLOADS_MAX = 10_000
"""Per account: what lies unfinished costs space, and so does remembering what was finished."""
_HASHERS_MAX = 1024
_ID_BYTES = 24


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an upload shall become. Without a `path` it is partial: only a piece of another one.

    `concat` and `metadata` are kept and repeated to the client.
    """

    path: RemotePath | None
    length: int | None
    conflict: Conflict = Conflict.OVERWRITE
    modified_us: TimeUs | None = None
    parents: bool = False
    concat: str = ""
    metadata: str = ""


class Uploads:
    """All uploads of one data directory. Safe for many threads.

    Args:
        catalog: where they are recorded.
        access: who sees which drive.
        files: where the finished file goes, by the rights of whoever sent it.
        alive: raises when the principal's session has ended.
        clock: for their expiry.
        lifetime_us: how long an upload lives after its last piece.
    """

    def __init__(
        self,
        catalog: Catalog,
        access: Access,
        files: Files,
        alive: Callable[[Principal], None],
        clock: Clock,
        lifetime_us: int,
    ) -> None:
        self._catalog = catalog
        self._access = access
        self._files = files
        self._alive = alive
        self._clock = clock
        self._lifetime_us = lifetime_us
        self._lock = Lock()
        self._busy: set[UploadId] = set()
        self._hashers: OrderedDict[UploadId, tuple[int, Hash]] = OrderedDict()

    def create(self, principal: Principal, wanted: Wanted) -> Upload:
        """Begin one. The place it shall go to is looked at now, and again when it is whole.

        Raises:
            ForbiddenError: no right to write there, or this drive keeps no unfinished uploads.
            QuotaExceededError, TooLargeError, TooManyRequestsError, NotFoundError, NotAFolderError, IsAFolderError
        """
        _check_length(wanted.length)
        account_id, room = self._place(principal, wanted.path, writing=True)
        if wanted.path is not None:
            self._files.draft(principal, wanted.path, parents=wanted.parents, size=wanted.length).abort()
        upload = self._row(wanted, account_id, room, principal)

        def work(tx: CatalogTx) -> None:
            # Visitors leave their host room for its own.
            if tx.uploads.count(account_id) >= (UPLOADS_MAX if principal.link is None else UPLOADS_MAX // 2):
                raise TooManyRequestsError(
                    "There are too many unfinished uploads", hint="Finish or remove some."
                ).because("uploads")
            require_unfinished(tx, room.drive.id, wanted.length or 0)
            tx.uploads.create(upload)

        self._catalog.write(work)
        return self.status(principal, upload.id)

    def status(self, principal: Principal, upload_id: UploadId) -> Upload:
        """What is there of it. One that is whole and, after some failure, not yet published is published now.

        Raises:
            NotFoundError: there is none, it has expired, or it is somebody else's.
        """
        upload = self._find(principal, upload_id)
        if not upload.whole or upload.partial or upload.published is not None:
            return upload
        try:
            with self._writing(principal, [upload_id]):
                return self._publish(principal, self._find(principal, upload_id), None)
        except LockedError:
            return upload

    def unfinished(self, principal: Principal, path: RemotePath) -> Upload | None:
        """The principal's own newest upload on its way to `path`, unless a newer file is there by now.

        None too where there is no account, no right to write, or a drive that keeps no uploads. Visitors of a link are
        strangers to each other and to its maker, so they find none.
        """
        if principal.link is not None:
            return None
        try:
            account_id, room = self._place(principal, path, writing=True)
        except (NotFoundError, ForbiddenError, SignInRequiredError):
            return None

        def look(tx: CatalogTx) -> Upload | None:
            found = tx.uploads.newest(account_id, room.drive.id, str(path))
            if found is None:
                return None
            try:
                _, there = find_place(tx, room, path)
            except SecureFileTransferError:
                return None
            version = tx.versions.get(there.version_id) if there and there.version_id is not None else None
            touched = found.expires_us - self._lifetime_us
            return None if version is not None and version.created_us > touched else found

        found = self._catalog.read(look)
        if found is not None:
            with suppress(NotFoundError):  # it has expired, or is not the principal's own
                return self._find(principal, found.id)
        return None

    def write(
        self,
        principal: Principal,
        upload_id: UploadId,
        offset: int,
        *,
        length: int | None = None,
        coming: int | None = None,
        checksum: tuple[str, bytes] | None = None,
    ) -> UploadWriter:
        """Begin to add a piece at `offset`. Nobody else can until the writer was finished or left.

        Args:
            principal: who sends it.
            upload_id: the upload.
            offset: where the piece begins: it must be where the upload ends.
            length: of the whole upload, where it was not known yet.
            coming: bytes of the piece, where known.
            checksum: algorithm and digest of the piece, which is then kept whole or not at all.

        Raises:
            LockedError: somebody writes to it now.
            ConflictError: it is not at this offset.
            TooLargeError: the piece goes beyond its end.
            InvalidRequestError: the length contradicts what is known.
            ForbiddenError: it was put together from others.
            NotFoundError, QuotaExceededError
        """
        self._begin(principal, [upload_id])
        try:
            upload = self._with_length(self._find(principal, upload_id), offset, length)
            _, room = self._place(principal, _target(upload), writing=True)
            if coming is not None and upload.length is not None and offset + coming > upload.length:
                raise too_long(upload)
            self._catalog.read(lambda tx: require_unfinished(tx, room.drive.id, coming or 0))
            vault = VaultUpload(room, upload, room.block_size if coming is None else coming)
            granted = self._grant(principal, _target(upload)).check
            return UploadWriter(self, principal, upload, vault, self._take_hasher(upload), checksum, granted)
        except BaseException:
            self._end([upload_id])
            raise

    def join(self, principal: Principal, wanted: Wanted, parts: Sequence[UploadId]) -> Upload:
        """Publish partial uploads as one file, in that order; they are used up. No byte moves.

        Raises:
            ConflictError: one is not whole, or not partial.
            LockedError, NotFoundError, TooLargeError, and what `Files.draft` and its commit raise.
        """
        account_id, room = self._place(principal, wanted.path, writing=True)
        with self._writing(principal, parts):
            uploads = [self._find(principal, each) for each in parts]
            for each in uploads:
                if not each.partial or not each.whole:
                    raise ConflictError("Only partial uploads that are whole can be put together")
                if each.drive_id != room.drive.id:
                    raise ConflictError(
                        "Partial uploads lie in your own drive and cannot be put together in somebody else's",
                        hint="Send the file as one upload.",
                    )
            length = sum(each.offset for each in uploads)
            _check_length(length)
            row = replace(self._row(wanted, account_id, room, principal), length=length, offset=length)

            def done(tx: CatalogTx, written: Written) -> None:
                for each in set(parts):
                    tx.uploads.delete(each)
                tx.uploads.create(_published(row, written))

            path = RemotePath.parse(row.path)
            self._files.draft(principal, path, parents=wanted.parents, size=length).abort()  # before all of it is read
            sha256 = digest(room, uploads, lambda: self._alive(principal))
            written = self._commit(principal, row, uploads, sha256, done)
            return _published(row, written)

    def remove(self, principal: Principal, upload_id: UploadId) -> None:
        """Forget it, and give back its space; a file that it became stays. Raises NotFoundError, LockedError."""
        with self._writing(principal, [upload_id]):
            self._find(principal, upload_id)
            self._catalog.write(lambda tx: tx.uploads.delete(upload_id))
            self._files.audit.record(
                Category.TRANSFER, "upload.removed", "An unfinished upload was dropped", who=principal
            )
            with self._lock:
                self._hashers.pop(upload_id, None)

    # --- for the writer -----------------------------------------------------------------------------------------

    def expiry(self) -> TimeUs:
        """When an upload ends that is touched now."""
        return TimeUs(self._clock.now_us() + self._lifetime_us)

    def clock_seconds(self) -> float:
        """A clock that never goes back."""
        return self._clock.monotonic()

    def check(self, principal: Principal) -> None:
        """Raises SignInRequiredError when the session has ended."""
        self._alive(principal)

    def finished(self, principal: Principal, upload_id: UploadId, hasher: Hash | None) -> Upload:
        """A piece was recorded: publish what is whole now."""
        upload = self._find(principal, upload_id)
        if not upload.whole or upload.partial or upload.published is not None:
            return upload
        return self._publish(principal, upload, hasher)

    def end_at(self, upload: Upload, length: int) -> None:
        """The file ends here. Raises LengthMismatchError: it was to be longer."""
        if upload.length is None:
            self._catalog.write(lambda tx: tx.uploads.set_length(upload.id, length))
        elif upload.length != length:
            raise LengthMismatchError(
                f"{length} of the {upload.length} bytes that were announced are here", hint="Go on with the rest."
            )

    def leave(self, upload_id: UploadId, offset: int, hasher: Hash | None) -> None:
        """Nobody writes to it any more. `hasher` has seen the first `offset` bytes."""
        with self._lock:
            if hasher is not None:
                self._hashers[upload_id] = offset, hasher
                while len(self._hashers) > _HASHERS_MAX:
                    self._hashers.popitem(last=False)
        self._end([upload_id])

    # --- behind it ----------------------------------------------------------------------------------------------

    def _place(
        self, principal: Principal, path: RemotePath | None = None, *, writing: bool = False
    ) -> tuple[AccountId, Room]:
        """Who it is, and the drive that an upload to `path` is kept in: a partial one in their own."""
        at = path or RemotePath()
        grant = self._grant(principal, path)
        if principal.payer is None or not isinstance(grant.tree, VaultTree):
            raise ForbiddenError("This drive keeps no unfinished uploads", hint="Send the file whole, by PUT.")
        if writing and not grant.rights & (Rights.CREATE | Rights.WRITE):
            grant.require(Rights.CREATE, at)
        return principal.payer, grant.tree.room

    def _grant(self, principal: Principal, path: RemotePath | None) -> Grant:
        grant = self._access.home(principal) if path is None else self._access.grant(principal, path)
        return grant.for_uploads()

    def _row(self, wanted: Wanted, account_id: AccountId, room: Room, principal: Principal) -> Upload:
        return Upload(
            id=UploadId(secrets.token_urlsafe(_ID_BYTES)),
            account_id=account_id,
            drive_id=room.drive.id,
            path="" if wanted.path is None else str(wanted.path),
            length=wanted.length,
            offset=0,
            modified_us=wanted.modified_us,
            conflict=wanted.conflict,
            concat=wanted.concat,
            metadata=wanted.metadata,
            expires_us=self.expiry(),
            link_id=principal.link.id if principal.link else None,
        )

    def _find(self, principal: Principal, upload_id: UploadId) -> Upload:
        account_id, _ = self._place(principal)
        upload = self._catalog.read(lambda tx: tx.uploads.get(upload_id))
        if (
            upload is None
            or upload.account_id != account_id
            or upload.link_id != (principal.link.id if principal.link else None)
            or upload.drive_id != self._drive_of(principal, upload)
            or upload.expires_us <= self._clock.now_us()
        ):
            raise NotFoundError("There is no such upload", hint="Begin a new one.")
        return upload

    def _drive_of(self, principal: Principal, upload: Upload) -> DriveId | None:
        """Where it would go now: a path below `/Shared` may have come to lead elsewhere, or nowhere."""
        try:
            return self._place(principal, _target(upload))[1].drive.id
        except (NotFoundError, ForbiddenError):
            return None

    def _with_length(self, upload: Upload, offset: int, length: int | None) -> Upload:
        if upload.concat.startswith("final"):
            raise ForbiddenError("An upload that was put together from others cannot be added to")
        if offset != upload.offset:
            raise ConflictError(f"The upload is at {upload.offset}, not at {offset}", hint="Ask for its offset.")
        if length is None or length == upload.length:
            return upload
        if upload.length is not None or length < upload.offset:
            raise InvalidRequestError("The length of the upload contradicts what is known of it")
        _check_length(length)
        self._catalog.write(lambda tx: tx.uploads.set_length(upload.id, length))
        return replace(upload, length=length)

    def _publish(self, principal: Principal, upload: Upload, hasher: Hash | None) -> Upload:
        _, room = self._place(principal, _target(upload))
        sha256 = hasher.digest() if hasher else digest(room, [upload], lambda: self._alive(principal))

        def done(tx: CatalogTx, written: Written) -> None:
            tx.uploads.publish(upload.id, written.entry.path, written.entry.sha256 or b"")

        return _published(upload, self._commit(principal, upload, [upload], sha256, done))

    def _commit(
        self,
        principal: Principal,
        upload: Upload,
        sources: Sequence[Upload],
        sha256: bytes,
        done: Callable[[CatalogTx, Written], None],
    ) -> Written:
        def make(tree: FileTree, path: RemotePath) -> Draft:
            tree.draft(path).abort()  # looks at the place
            if not isinstance(tree, VaultTree):
                raise ForbiddenError("This drive keeps no unfinished uploads")
            if tree.room.drive.id != upload.drive_id:
                raise NotFoundError("The place of this upload is not there any more", hint="Begin a new one.")
            return FinishedUpload(tree.room, path, sources, sha256, done)

        draft = self._files.draft(principal, RemotePath.parse(upload.path), make=make)
        return draft.commit(conflict=upload.conflict, modified_us=upload.modified_us)

    def _take_hasher(self, upload: Upload) -> Hash | None:
        """One that has seen what is there of the upload; None where the blocks must be read in the end."""
        if upload.partial:
            return None  # its bytes are hashed as a piece of the file that it becomes
        if upload.offset == 0:
            return hashlib.sha256()
        with self._lock:
            offset, hasher = self._hashers.pop(upload.id, (-1, None))
        return hasher if offset == upload.offset else None

    @contextmanager
    def _writing(self, principal: Principal, upload_ids: Sequence[UploadId]) -> Iterator[None]:
        self._begin(principal, upload_ids)
        try:
            yield
        finally:
            self._end(upload_ids)

    def _begin(self, principal: Principal, upload_ids: Sequence[UploadId]) -> None:
        """Nobody else writes to these until `_end`. Look at them again afterwards: somebody may just have done so."""
        wanted = set(upload_ids)
        for each in wanted:
            self._find(principal, each)  # whose they are not must neither learn that one is busy nor keep it busy
        with self._lock:
            if wanted & self._busy:
                raise LockedError("Somebody else is writing to this upload", hint="Try again in a moment.")
            self._busy |= wanted

    def _end(self, upload_ids: Iterable[UploadId]) -> None:
        with self._lock:
            self._busy.difference_update(upload_ids)


def _target(upload: Upload) -> RemotePath | None:
    return None if upload.partial else RemotePath.parse(upload.path)


def _published(upload: Upload, written: Written) -> Upload:
    return replace(upload, published=written.entry.path, sha256=written.entry.sha256 or b"")


def _check_length(length: int | None) -> None:
    if length is not None and length > LENGTH_MAX:
        raise TooLargeError(f"An upload may have {LENGTH_MAX} bytes")
