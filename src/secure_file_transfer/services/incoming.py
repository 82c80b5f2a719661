"""A file that arrives without saying how long it is, as over FTP: it ends when its sender says so.

A small one is stored in one go. Of a larger one, and of one that is cut, what came is kept as an upload that survives
the server (see `uploads`): its sender can go on with it, through this door or another.
"""

from contextlib import suppress
from dataclasses import dataclass

from secure_file_transfer.errors import (
    ForbiddenError,
    NotFoundError,
    RangeNotSatisfiableError,
    SecureFileTransferError,
)
from secure_file_transfer.model import Conflict, Kind, Principal, TimeUs
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Buffer, Draft

from .files import Files
from .upload_writer import UploadWriter
from .uploads import Uploads, Wanted


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of it. `path` is where it is now, under a free name where one may not replace what is there."""

    path: str
    size: int
    sha256: bytes | None


class Incoming:
    """One file on its way in. Used by one thread at a time; `finish` or `cut` must come last.

    `piece` is the most that one `append` gets, and the most that is held back before it is stored.
    """

    def __init__(
        self,
        files: Files,
        uploads: Uploads | None,
        principal: Principal,
        path: RemotePath,
        piece: int,
        conflict: Conflict = Conflict.OVERWRITE,
    ) -> None:
        """Looks at the place. Raises what `Files.draft` does."""
        self._files = files
        self._uploads = uploads
        self._principal = principal
        self._path = path
        self._piece = piece
        self._conflict = conflict
        self._held: bytearray | None = bytearray()
        self._draft: Draft | None = None
        self._writer: UploadWriter | None = None
        files.draft(principal, path).abort()

    def go_on(self, offset: int | None) -> None:
        """Go on at `offset`, or with None at the end of what is there: an upload that was cut, or else the file.

        Raises:
            RangeNotSatisfiableError: that is not where it ends.
            NotFoundError, LockedError, ForbiddenError
        """
        upload = self._uploads.unfinished(self._principal, self._path) if self._uploads else None
        if upload is not None and self._uploads is not None:
            if offset not in {None, upload.offset}:
                raise RangeNotSatisfiableError(
                    f"{upload.offset} bytes of {display(str(self._path))} are here; it cannot go on at {offset}",
                    hint="Go on at their end, or begin anew.",
                )
            self._writer = self._uploads.write(self._principal, upload.id, upload.offset)
            self._held = None
            return
        try:
            entry = self._files.stat(self._principal, self._path)
        except (NotFoundError, ForbiddenError):
            entry = None
        size = entry.size if entry and entry.kind is Kind.FILE else 0
        wanted = size if offset is None else offset
        if wanted > size:
            raise RangeNotSatisfiableError(
                f"{display(str(self._path))} has {size} bytes here; it cannot go on at {wanted}",
                hint="Ask for SIZE.",
            )
        if wanted:
            self._copy(wanted)

    def _copy(self, length: int) -> None:
        """What is published stays as it is until the new file is whole, so its beginning is copied."""
        content = self._files.open(self._principal, self._path, told=False)
        try:
            for piece in content.chunks(0, length):
                for at in range(0, len(piece), self._piece):
                    self.append(memoryview(piece)[at : at + self._piece])
        except BaseException:
            self.drop()
            raise
        finally:
            content.close()

    def append(self, data: Buffer) -> None:
        """Take the next bytes; `data` may be reused once it returns. Raises what drafts and uploads raise."""
        if self._held is not None:
            if len(self._held) + len(data) <= self._piece:
                self._held += data
                return
            self._begin()
        self._pass_on(data)

    def _pass_on(self, data: Buffer) -> None:
        if self._writer is not None:
            self._writer.append(data)
        elif self._draft is not None:
            self._draft.append(data)

    def _begin(self) -> None:
        """Let go of what was held back: into an upload, or a draft where the drive keeps no uploads."""
        held, self._held = self._held, None
        if self._uploads is not None:
            with suppress(ForbiddenError):
                wanted = Wanted(self._path, None, self._conflict)
                upload = self._uploads.create(self._principal, wanted)
                self._writer = self._uploads.write(self._principal, upload.id, 0)
        if self._writer is None:
            self._draft = self._files.draft(self._principal, self._path)
        if held:
            self._pass_on(held)

    def finish(self, modified_us: TimeUs | None = None) -> Arrived:
        """That was all of it: publish. Raises what drafts and uploads raise; an upload can be gone on with then."""
        if self._writer is not None:
            upload = self._writer.finish(end=True)
            return Arrived(upload.published or upload.path, upload.offset, upload.sha256)
        draft = self._draft or self._files.draft(self._principal, self._path)
        try:
            if self._held:
                draft.append(self._held)
            entry = draft.commit(conflict=self._conflict, modified_us=modified_us).entry
        except BaseException:
            draft.abort()
            raise
        return Arrived(entry.path, entry.size, entry.sha256)

    def cut(self) -> None:
        """The sender went away: keep what came, where the drive keeps such things. Never raises a typed error."""
        with suppress(SecureFileTransferError):
            if self._held:
                self._begin()
        self.drop()

    def drop(self) -> None:
        """Let go of it: an upload keeps what it was given, anything else is forgotten."""
        if self._writer is not None:
            self._writer.leave()
        if self._draft is not None:
            self._draft.abort()
        self._held = None
