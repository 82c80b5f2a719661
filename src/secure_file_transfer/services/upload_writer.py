"""The next piece of an upload on its way: checked, sealed, and recorded as it comes."""

import hashlib
from collections.abc import Callable
from typing import Protocol

from blake3 import blake3

from secure_file_transfer.errors import DigestMismatchError, SecureFileTransferError, TooLargeError
from secure_file_transfer.model import MIB, Principal, TimeUs, Upload, UploadId
from secure_file_transfer.ports import Buffer

from .traffic import About
from .vault_upload import VaultUpload

LENGTH_MAX = 1 << 44
"""16 TiB: the manifest of so many blocks of 1 MiB still fits into one row of the catalog (SQLite: 1 GB)."""
SAVE_BYTES, SAVE_SECONDS = 64 * MIB, 5.0
"""How much of one request a `kill -9` can undo, whichever comes first; a block more where that is larger."""


class Hash(Protocol):
    """As in hashlib."""

    def update(self, data: Buffer, /) -> object:
        """Take these bytes."""

    def digest(self) -> bytes:
        """Of all that was taken."""

    def copy(self) -> "Hash":
        """One that has seen the same."""


def _sha1() -> Hash:
    return hashlib.sha1(usedforsecurity=False)  # the tus protocol demands it; it guards against accidents only


CHECKSUMS: dict[str, Callable[[], Hash]] = {"sha1": _sha1, "sha256": hashlib.sha256, "blake3": blake3}
"""What a piece of an upload may be checked by."""


class Desk(Protocol):
    """What a writer needs of all uploads."""

    def expiry(self) -> TimeUs:
        """When an upload ends that is touched now."""

    def clock_seconds(self) -> float:
        """A clock that never goes back."""

    def check(self, principal: Principal) -> None:
        """Raises SignInRequiredError when the session has ended."""

    def end_at(self, upload: Upload, length: int) -> None:
        """The file ends here. Raises LengthMismatchError."""

    def finished(self, principal: Principal, upload_id: UploadId, hasher: Hash | None) -> Upload:
        """A piece was recorded: publish what is whole now."""

    def leave(self, upload_id: UploadId, offset: int, hasher: Hash | None) -> None:
        """Nobody writes to it any more."""


class UploadWriter:
    """One piece on its way. Used by one thread at a time; `finish` or `leave` must come last."""

    def __init__(
        self,
        uploads: Desk,
        principal: Principal,
        upload: Upload,
        vault: VaultUpload,
        hasher: Hash | None,
        checksum: tuple[str, bytes] | None,
        granted: Callable[[], None],
    ) -> None:
        self._uploads = uploads
        self._granted = granted
        self._principal = principal
        self._upload = upload
        self._vault = vault
        self._hasher = hasher
        # What to go on with when the checksum does not hold.
        self._before = hasher.copy() if hasher and checksum else None
        self._offset = upload.offset
        self._checksum = None if checksum is None else (CHECKSUMS[checksum[0]](), checksum[1])
        self._saved_at = uploads.clock_seconds()
        self._broken = False
        self._over = False

    @property
    def about(self) -> About:
        """What it is a piece of, for whoever watches. The id is a secret of the client: only a hash of it names it."""
        upload = self._upload
        name = hashlib.sha256(upload.id.encode()).hexdigest()[:32]
        return About(upload.path, upload.length, upload.offset, name)

    def check(self) -> None:
        """Raises SignInRequiredError when the session has ended, NotFoundError when the place is shared no more."""
        self._uploads.check(self._principal)
        self._granted()

    def append(self, data: Buffer) -> None:
        """Take the next bytes; `data` may be reused once it returns.

        Raises:
            SignInRequiredError, TooLargeError: what came before can still be kept.
            NoSpaceError, StorageError
        """
        self.check()
        if self._upload.length is not None and self._offset + len(data) > self._upload.length:
            raise too_long(self._upload)
        if self._offset + len(data) > LENGTH_MAX:
            raise too_long(self._upload)
        self._broken = True  # unless all goes well
        for each in (self._hasher, self._checksum and self._checksum[0]):
            if each is not None:
                each.update(data)
        self._vault.append(data)
        self._offset += len(data)
        self._save_now_and_then()
        self._broken = False

    def _save_now_and_then(self) -> None:
        """Only a piece without a checksum: with one, nothing is kept before all of it was compared."""
        now = self._uploads.clock_seconds()
        much = self._offset - self._vault.recorded >= SAVE_BYTES
        if self._checksum is None and (much or now - self._saved_at >= SAVE_SECONDS):
            self._vault.save(self._uploads.expiry(), last=False)
            self._saved_at = now

    def finish(self, *, end: bool = False) -> Upload:
        """All of the piece is here: make it durable, and publish the upload if it is whole now.

        With `end` the sender says that this is the end of the file, however long it is.

        Raises:
            DigestMismatchError: the piece is not what its checksum says; nothing of it was kept.
            LengthMismatchError: it ends before the length that the upload was begun with; it can be gone on with.
            NoSpaceError, StorageError, and what publishing raises: then the upload is whole and can be asked for.
        """
        try:
            if self._checksum is not None and self._checksum[0].digest() != self._checksum[1]:
                self._broken = True
                raise DigestMismatchError("The piece does not match its checksum", hint="Send it again.")
            self._save()
            if end:
                self._uploads.end_at(self._upload, self._offset)
            return self._uploads.finished(self._principal, self._upload.id, self._hasher)
        finally:
            self._end()

    def leave(self) -> None:
        """The piece was cut off: keep what arrived, unless a checksum was to be compared. After `finish`: nothing."""
        if self._over:
            return
        try:
            if self._checksum is None and not self._broken:
                self._save()
        except SecureFileTransferError:
            self._broken = True  # what was recorded before stays, and nobody was told of more
        finally:
            self._end()

    def _save(self) -> None:
        self._broken = True  # unless all goes well
        self._vault.save(self._uploads.expiry(), last=True)
        self._broken = False

    def _end(self) -> None:
        self._over = True
        self._vault.close()
        if not self._broken and self._vault.recorded == self._offset:
            self._uploads.leave(self._upload.id, self._offset, self._hasher)
        else:
            self._uploads.leave(self._upload.id, self._upload.offset, self._before)


def too_long(upload: Upload) -> TooLargeError:
    """What to raise for a piece that goes beyond the end."""
    return TooLargeError(f"The upload has {upload.length} bytes; this would be more", hint="Ask for its offset.")
