"""The SHA-256 of a whole file, computed while its blocks arrive in any order.

A hasher is only ever a head start: whatever it has not seen by the time of the commit is read from the store, and
what it has seen counts only as far as it is the beginning of the manifest.

Memory is bounded by the requests that run: a block's bytes are borrowed from its request, which waits until they
were hashed when their turn is near, and takes them back when it is not; those are read from the store later.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import AccountId, BlockRef, Manifest
from secure_file_transfer.ports import Buffer, Clock

HASHERS_MAX = 256
"""Files whose digests grow at the same time; beyond that the one that rested longest gives way."""
IDLE_SECONDS = 900.0
INDEX_MAX = 65_536
"""Blocks of one file that a hasher follows: 256 GiB of the default size."""
EARLY_MAX = 64
"""Blocks that may wait for their turn; those that come earlier still are read at the commit."""

_HASHING = ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="hash")


@dataclass(frozen=True, slots=True)
class Hint:
    """Which file a block is for, in the client's own words, and its place there, from 0."""

    token: str
    index: int


@dataclass(frozen=True, slots=True)
class HeadStart:
    """The state of SHA-256 after the first `blocks` of a manifest."""

    sha256: "hashlib._Hash"
    blocks: int


class Hashers:
    """All hashers of a server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hashers: dict[tuple[AccountId, str], tuple[_Hasher, float]] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._hashers)

    def of(self, account_id: AccountId, token: str) -> "_Hasher":
        """The hasher of one file of an account; made when it is new."""
        key, now = (account_id, token), self._clock.monotonic()
        with self._lock:
            known = self._hashers.pop(key, None)
            self._drop_idle(now)
            hasher = known[0] if known else _Hasher()
            self._hashers[key] = (hasher, now)  # at the end: the first is the one that rested longest
            return hasher

    def head_start(self, account_id: AccountId, token: str, manifest: Manifest) -> HeadStart:
        """What a hasher knows of the file with this manifest. That hasher is over."""
        with self._lock:
            known = self._hashers.pop((account_id, token), None)
            self._drop_idle(self._clock.monotonic())
        return known[0].head_start(manifest) if known else HeadStart(hashlib.sha256(), 0)

    def _drop_idle(self, now: float) -> None:
        for key, (_, used) in list(self._hashers.items()):
            if now - used < IDLE_SECONDS and len(self._hashers) < HASHERS_MAX:
                return
            del self._hashers[key]


class _Hasher:
    """One file's. `offer` when a block is here, `settle` when it is durable, `withdraw` when it will not be."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sha256 = hashlib.sha256()
        self._order = hashlib.sha256()
        self._next = 0
        self._waiting: dict[int, tuple[BlockRef, Buffer | None]] = {}
        self._running = False
        self._read: Callable[[BlockRef], bytes] | None = None

    def offer(self, index: int, ref: BlockRef, data: Buffer, read: Callable[[BlockRef], bytes]) -> None:
        """A block is here; `data` stays as it is until `settle` or `withdraw` returns. `read` gets a durable one."""
        with self._changed:
            if index < self._next or index in self._waiting or index - self._next >= EARLY_MAX or index >= INDEX_MAX:
                return
            self._read = read
            self._waiting[index] = (ref, data)
            self._run()

    def settle(self, index: int, ref: BlockRef) -> None:
        """It is durable. Waits until it was hashed if all before it are here too."""
        self._leave(index, ref, durable=True)

    def withdraw(self, index: int, ref: BlockRef) -> None:
        """It will not be durable."""
        self._leave(index, ref, durable=False)

    def _leave(self, index: int, ref: BlockRef, *, durable: bool) -> None:
        with self._changed:
            if self._waiting.get(index, (None, None))[0] != ref:
                return
            while index in self._waiting and self._running and (durable or index == self._next):
                if index != self._next and not all(n in self._waiting for n in range(self._next, index)):
                    break
                self._changed.wait()
            if index in self._waiting:
                if durable:
                    self._waiting[index] = (ref, None)
                else:
                    del self._waiting[index]

    def _run(self) -> None:
        if not self._running and self._next in self._waiting:
            self._running = True
            _HASHING.submit(self._hash_what_waits)

    def _hash_what_waits(self) -> None:
        """Walk on for as long as the next block is at hand. Whoever lent its bytes waits for us."""
        while True:
            with self._changed:
                found = self._waiting.get(self._next)
                if found is None:
                    self._running = False
                    self._changed.notify_all()
                    return
            ref, data = found
            try:
                if data is None:
                    assert self._read is not None  # noqa: S101 - set before anything waits
                    data = self._read(ref)
                self._sha256.update(data)
                self._order.update(ref.id)
            except SecureFileTransferError:
                # It cannot be read now; the commit will read it again, and say so.
                with self._changed:
                    self._next = INDEX_MAX
                    self._waiting.clear()
                    self._running = False
                    self._changed.notify_all()
                return
            finally:
                del data, found
            with self._changed:
                self._waiting.pop(self._next, None)
                self._next += 1
                self._changed.notify_all()

    def head_start(self, manifest: Manifest) -> HeadStart:
        """What counts of this hasher's work for a file with this manifest: all of it or nothing."""
        with self._changed:
            while self._running:
                self._changed.wait()
            done, sha256 = self._next, self._sha256.copy()
            order = self._order.digest()
        if done <= len(manifest) and hashlib.sha256(b"".join(ref.id for ref in manifest[:done])).digest() == order:
            return HeadStart(sha256, done)
        return HeadStart(hashlib.sha256(), 0)
