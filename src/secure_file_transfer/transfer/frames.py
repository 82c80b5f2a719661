"""Many small files in one body: each a length, a JSON header that says its `size`, and as many bytes.

    u32 big-endian length of the header | header, a JSON object in UTF-8 | `size` bytes

Pure: bytes in, frames out, in any pieces. What a header means besides `size` is not judged here.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secure_file_transfer.errors import InvalidRequestError, TooLargeError
from secure_file_transfer.model import KIB

MEDIA_TYPE = "application/vnd.sft.batch"
HEADER_MAX = 16 * KIB
"""Bytes of one header."""

_LENGTH = struct.Struct(">I")
_HINT = "See docs/protocol.md."


@dataclass(frozen=True, slots=True)
class Frame:
    """One file. `data` may be a view into what was fed."""

    header: Mapping[str, Any]
    data: bytes | memoryview


class FrameReader:
    """Cuts a body into frames.

    Args:
        data_max: bytes of one frame's data; whoever announces more is refused before it is awaited.
        frames_max: how many frames there may be.
    """

    def __init__(self, *, data_max: int, frames_max: int) -> None:
        self._data_max = data_max
        self._frames_max = frames_max
        self._held = bytearray()
        self._needed = _LENGTH.size
        self._count = 0

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Frame]:
        """The frames that are whole now. Take them all before the next call; `data` must stay as it is until then.

        Raises:
            InvalidRequestError: this is no frame.
            TooLargeError: a header, a file, or their number is over the limit.
        """
        if self._held:
            self._held += data
            if len(self._held) < self._needed:
                return
            data, self._held = self._held, bytearray()
        view = memoryview(data).cast("B").toreadonly()
        at = 0
        while at < len(view):
            frame, size = self._frame(view[at:])
            if frame is None:
                self._needed = size
                self._held += view[at:]
                return
            self._count += 1
            at += size
            yield frame
        self._needed = _LENGTH.size

    def finish(self) -> None:
        """The body has ended. Raises InvalidRequestError when that is in the middle of a frame."""
        if self._held:
            raise InvalidRequestError("The body ends in the middle of a frame", hint=_HINT)

    def _frame(self, view: memoryview) -> tuple[Frame | None, int]:
        """The first frame and its size; or None, and how many bytes are needed to see more of it."""
        if self._count >= self._frames_max:
            raise TooLargeError(f"At most {self._frames_max} files go together", hint="Send the others separately.")
        if len(view) < _LENGTH.size:
            return None, _LENGTH.size
        (length,) = _LENGTH.unpack_from(view)
        if length > HEADER_MAX:
            raise TooLargeError(f"The header of a frame has at most {HEADER_MAX} bytes", hint=_HINT)
        start = _LENGTH.size + length
        if len(view) < start:
            return None, start
        header = _header(view[_LENGTH.size : start])
        size = header.get("size")
        if type(size) is not int or size < 0:
            raise InvalidRequestError("The header of a frame says no size", hint=_HINT)
        if size > self._data_max:
            raise TooLargeError(f"A file in a batch has at most {self._data_max} bytes", hint="Send it by itself.")
        if len(view) < start + size:
            return None, start + size
        return Frame(header, view[start : start + size]), start + size


def _header(raw: memoryview) -> dict[str, Any]:
    try:
        header = json.loads(bytes(raw))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise InvalidRequestError("The header of a frame is no JSON object", hint=_HINT)
    return header


def frame_head(header: Mapping[str, Any]) -> bytes:
    """What goes before the data of a frame; `header` says its `size`.

    Raises:
        ValueError: the header is too large.
    """
    raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    if len(raw) > HEADER_MAX:
        raise ValueError(f"a header of {len(raw)} bytes")
    return _LENGTH.pack(len(raw)) + raw
