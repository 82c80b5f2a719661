"""What the suites for `ports.FileTree` share: words for what a test does to a tree."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    IsAFolderError,
    NotAFolderError,
    NotFoundError,
    SecureFileTransferError,
)
from secure_file_transfer.model import (
    BLOCK_SIZE_MAX,
    MIB,
    Conflict,
    Entry,
    SortKey,
    TimeUs,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Draft, Expectation, FileTree, Written
from secure_file_transfer.testing.clock import FakeClock

SECOND = 1_000_000
OLD, NEW = b"what was there", b"what came after it"
ANYTHING = Expectation()
NO_DOOR_TO_FOLDERS = (ExistsError, IsAFolderError, NotAFolderError, ConflictError)
NO_SUCH_PARENT = (NotFoundError, NotAFolderError)

UNUSUAL_NAMES = (
    "two words.txt",
    "  leading spaces",
    "it's 50% off: #1 & more?.txt",
    'say "hello" <b>|*.txt',
    "%41 %zz 100%",
    "semi;colon,comma=equals+plus",
    "-rf",
    "~",
    "$HOME `id` $(id)",
    ".hidden",
    "...three dots",
    "archive.tar.gz",
    "page.html.gz",
    "CON",
    "نامه.txt",
    "می‌خواهم.txt",
    "گزارش ۱۴۰۵ (نهایی).pdf",
    "日本語のファイル.txt",
    "Ünïcödé – ½ №.txt",  # noqa: RUF001
    "👨‍👩‍👧‍👦.jpg",
    "👍🏽 🇮🇷.png",
    "x" * 255,
    "ش" * 127,
)


def at(text: str) -> RemotePath:
    """A path, for short."""
    return RemotePath.parse(text)


def pattern(size: int, seed: int = 1) -> bytes:
    """Bytes that repeat nowhere within a block, so that a piece in the wrong place shows."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


def write(
    tree: FileTree,
    path: str,
    data: bytes = OLD,
    *,
    piece: int = 1 * MIB,
    conflict: Conflict = Conflict.OVERWRITE,
    expect: Expectation = ANYTHING,
    modified_us: int | None = None,
) -> Written:
    """Store a file in one go, declaring its digest and length."""
    draft = fill(tree.draft(at(path)), data, piece)
    try:
        return draft.commit(
            conflict=conflict,
            expect=expect,
            sha256=hashlib.sha256(data).digest(),
            size=len(data),
            modified_us=None if modified_us is None else TimeUs(modified_us),
        )
    finally:
        draft.abort()


def fill(draft: Draft, data: bytes, piece: int = 1 * MIB) -> Draft:
    """Append `data` piece by piece, through one buffer that is overwritten after each."""
    buffer = bytearray(piece)
    for start in range(0, len(data), piece):
        part = data[start : start + piece]
        buffer[: len(part)] = part
        draft.append(memoryview(buffer)[: len(part)])
        buffer[:] = bytes(piece)
    assert draft.size == len(data)
    return draft


def read(tree: FileTree, path: str, offset: int = 0, length: int | None = None) -> bytes:
    """The bytes of a file, or a range of them."""
    content = tree.open(at(path))
    try:
        wanted = content.entry.size - offset if length is None else length
        pieces = [bytes(piece) for piece in content.chunks(offset, wanted)]
    finally:
        content.close()
    assert all(0 < len(piece) <= BLOCK_SIZE_MAX for piece in pieces)
    return b"".join(pieces)


def names(tree: FileTree, path: str = "/") -> list[str]:
    """The names in a folder, in the default order."""
    return [entry.name for entry in listing(tree, path)]


def listing(
    tree: FileTree, path: str = "/", *, sort: SortKey = SortKey.NAME, descending: bool = False, limit: int = 1000
) -> list[Entry]:
    """A whole folder, page by page."""
    entries: list[Entry] = []
    cursor: str | None = None
    while True:
        page = tree.list(at(path), sort=sort, descending=descending, cursor=cursor, limit=limit)
        assert len(page.entries) <= limit
        entries.extend(page.entries)
        cursor = page.cursor
        if cursor is None:
            return entries


def together(count: int, work: Callable[[int], Written]) -> list[Written | SecureFileTransferError]:
    """Run `work(0..count-1)` in threads that start at the same instant; what each returned or raised."""
    gate = threading.Barrier(count)

    def one(number: int) -> Written | SecureFileTransferError:
        gate.wait(timeout=30)
        try:
            return work(number)
        except SecureFileTransferError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


class TreeBase:
    block_size: ClassVar[int] = 1 * MIB

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def tree(self) -> FileTree:
        raise NotImplementedError("name the tree under test in a fixture called 'tree'")
