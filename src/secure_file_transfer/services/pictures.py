"""Small pictures of files. Whoever may read a file may see its picture; for all others there is neither.

Pictures are kept in memory, bounded, and nowhere else: nothing of a content lies on the disk unsealed, and what is lost
with a restart is drawn again in a few hundredths of a second. They are kept for each reader apart, so that nobody can
tell by the time it takes whether somebody else has the same content.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from secure_file_transfer.errors import IsAFolderError, NotFoundError, UnsupportedContentError
from secure_file_transfer.model import MIB, Kind, Principal
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Buffer, Content, Renderer

from .files import Files

SIZES = (96, 320, 1600)
"""Pixels of the longer side: in a list, as a tile, and for what browsers cannot show themselves."""
INPUT_MAX = 64 * MIB
KEPT_MAX = 32 * MIB
_ROW = 512
"""What remembering one costs besides its bytes."""
_KINDS = {
    **dict.fromkeys(("avif", "bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"), "image"),
    "pdf": "pdf",
}
_Key = tuple[int | None, str, str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture of one version of a file. `known` is it, if it is at hand; empty: there is none."""

    path: RemotePath
    kind: str
    box: int
    etag: str
    key: _Key
    known: bytes | None


class Pictures:
    """Pictures of files, for those who may read them."""

    def __init__(self, files: Files, renderer: Renderer, *, kept_max: int = KEPT_MAX) -> None:
        self._files = files
        self._renderer = renderer
        self._kept_max = kept_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._size = 0

    def ask(self, who: Principal, path: RemotePath, box: int) -> Asked:
        """Which picture that would be. Quick.

        Raises:
            NotFoundError, IsAFolderError, ForbiddenError: as for the file itself. Visitors of a link have no pictures:
                each would count as a download.
            UnsupportedContentError: nothing of that name or size is drawn.
        """
        if who.link is not None:
            raise NotFoundError("There are no pictures behind a link", hint="Fetch the file itself.")
        entry = self._files.stat(who, path)
        if entry.kind is Kind.FOLDER:
            raise IsAFolderError(f"{display(str(path))} is a folder")
        kind = _KINDS.get(path.name.rpartition(".")[2].lower())
        if kind is None or not 0 < entry.size <= INPUT_MAX:
            raise _nothing_to_draw(path)
        key = (who.account.id if who.account else None, str(path), entry.etag, box)
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
        if known == b"":
            raise _nothing_to_draw(path)
        return Asked(path, kind, box, entry.etag, key, known)

    def draw(self, who: Principal, asked: Asked) -> bytes:
        """Draw it. It takes as long as the renderer lets it.

        Raises:
            UnsupportedContentError: there is none; that is remembered, too.
            BusyError, and what reading the file raises.
        """
        with closing(self._files.open(who, asked.path, told=False)) as content:
            size = content.entry.size
            if not 0 < size <= INPUT_MAX:
                raise _nothing_to_draw(asked.path)
            try:
                picture = self._renderer.render(asked.kind, asked.box, size, _read(content))
            except UnsupportedContentError:
                self._keep(asked, content, b"")
                raise
            self._keep(asked, content, picture)
            return picture

    def _keep(self, asked: Asked, content: Content, picture: bytes) -> None:
        if content.entry.etag != asked.etag:  # replaced meanwhile
            return
        with self._lock:
            self._size += len(picture) + _ROW
            if (before := self._kept.pop(asked.key, None)) is not None:
                self._size -= len(before) + _ROW
            self._kept[asked.key] = picture
            while self._size > self._kept_max:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone) + _ROW

    def close(self) -> None:
        """Draw no more."""
        self._renderer.close()


def _read(content: Content) -> Iterator[Buffer]:
    yield from content.chunks(0, content.entry.size)


def _nothing_to_draw(path: RemotePath) -> UnsupportedContentError:
    return UnsupportedContentError(
        f"There is no picture of {display(str(path))}",
        hint=f"Images and PDFs of up to {INPUT_MAX // MIB} MiB have one.",
    )
