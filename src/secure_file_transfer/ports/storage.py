"""What keeps bytes and keys, and tells the time."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from ..model import (
    TimeUs,
)
from ..seal.keys import MasterKey

T = TypeVar("T")
Buffer = bytes | bytearray | memoryview


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now_us(self) -> TimeUs:
        """Wall clock."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


# --- blobs ------------------------------------------------------------------------------------------------------


class BlobStore(Protocol):
    """Where large sealed blocks lie, under keys of 64 lower-case hexadecimal digits."""

    def put(self, key: str, data: Buffer) -> None:
        """Store whole or not at all; durable once it returns. Storing the same key again is fine.

        Raises:
            NoSpaceError, StorageError
        """

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes from `offset`, at most `length` of them (fewer where the blob ends).

        Raises:
            BlockDamagedError: there is no such blob, though somebody expected one.
            StorageError
        """

    def delete(self, key: str) -> None:
        """Remove it; one that is not there is fine."""

    def scan(self) -> Iterator[tuple[str, float]]:
        """Every key with the Unix time (seconds) when it was stored. Leftovers of a crash are removed on the way."""

    def free_bytes(self) -> int:
        """How much more it takes."""


# --- keys -------------------------------------------------------------------------------------------------------


class KeySource(Protocol):
    """Where the master key comes from: a file, a passphrase, or the environment."""

    @property
    def describes(self) -> str:
        """What a person would call it, such as the path of the key file; for messages."""

    def candidates(self) -> Sequence[MasterKey]:
        """The key in use first, then the one that an interrupted rotation had staged. Empty on a first start.

        Raises:
            ConfigurationError: the source is there and cannot be used (unreadable, readable by others, malformed).
        """

    def create(self) -> MasterKey:
        """Make and keep the first key."""

    def rotation(self) -> AbstractContextManager[None]:
        """The right to stage and promote: one rotation at a time, whichever processes share these keys.

        Raises:
            ConflictError: on entering, somebody else has it.
        """

    def stage(self) -> MasterKey:
        """Make the next key and keep it durably beside the one in use, in place of one staged before."""

    def promote(self) -> None:
        """The staged key becomes the one in use; the old one is gone. Nothing staged, nothing done."""
