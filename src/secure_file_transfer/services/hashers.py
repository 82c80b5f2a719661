"""The SHA-256 of a whole file, computed while its blocks arrive in any order.

A hasher is only ever a head start: whatever it has not seen by the time of the commit is read from the store, and
what it has seen counts only as far as it is the beginning of the manifest.

Memory is bounded: a block's bytes are borrowed from its request. When they are durable and were not hashed yet, they
are kept as long as all that is kept fits (`KEPT_MAX`), at the cost of files that rested longer. Otherwise the request
waits until they were hashed if their turn is near, and takes them back if it is not; those are read from the store.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import MIB, AccountId, BlockRef, Manifest
from secure_file_transfer.ports import Buffer, Clock

HASHERS_MAX = 256
"""Files whose digests grow at the same time; beyond that the one that rested longest gives way."""
IDLE_SECONDS = 900.0
INDEX_MAX = 65_536
"""Blocks of one file that a hasher follows: 256 GiB of the default size."""
EARLY_MAX = 64
"""Blocks that may wait for their turn; those that come earlier still are read at the commit."""
KEPT_MAX = 64 * MIB
"""Bytes of durable blocks that wait in memory to be hashed, of all files."""
KEPT_EACH = 12 * MIB
"""The same for one file."""

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


Release = Callable[[], None]
"""Tells whoever lent a block's bytes that they are needed no more. Quick, and fit for any thread."""


def hashing_waits() -> int:
    """How many blocks wait for a thread that hashes."""
    return _HASHING._work_queue.qsize()  # noqa: SLF001 - the executor does not tell it otherwise


class Hashers:
    """All hashers of a server."""

    def __init__(self, clock: Clock, *, kept_max: int = KEPT_MAX, kept_each: int = KEPT_EACH) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # of all hashers too: what happens under it is short
        self._hashers: dict[tuple[AccountId, str], tuple[_Hasher, float]] = {}
        self._kept_max, self._kept_each = kept_max, kept_each

    def __len__(self) -> int:
        """How many there are."""
        return len(self._hashers)

    @property
    def kept(self) -> int:
        """Bytes of durable blocks that wait here to be hashed."""
        return sum(hasher.kept for hasher, _ in list(self._hashers.values()))

    def of(self, account_id: AccountId, token: str) -> "_Hasher":
        """The hasher of one file of an account; made when it is new."""
        key, now = (account_id, token), self._clock.monotonic()
        with self._lock:
            known = self._hashers.pop(key, None)
            self._drop_idle(now)
            hasher = known[0] if known else _Hasher(self._lock, self._make_room)
            self._hashers[key] = (hasher, now)  # at the end: the first is the one that rested longest
            return hasher

    def head_start(self, account_id: AccountId, token: str, manifest: Manifest) -> HeadStart:
        """What a hasher knows of the file with this manifest. That hasher is over."""
        with self._lock:
            known = self._hashers.pop((account_id, token), None)
            if known:
                known[0].over = True
            self._drop_idle(self._clock.monotonic())
        return known[0].head_start(manifest) if known else HeadStart(hashlib.sha256(), 0)

    def _drop_idle(self, now: float) -> None:
        for key, (hasher, used) in list(self._hashers.items()):
            if now - used < IDLE_SECONDS and len(self._hashers) < HASHERS_MAX:
                return
            del self._hashers[key]
            hasher.over = True
            hasher.shed()

    def _make_room(self, wanting: "_Hasher", size: int) -> bool:
        """Whether a hasher may keep so much more; under the lock. Those that rested longest give way."""
        if wanting.over or wanting.kept + size > self._kept_each:
            return False
        total = self.kept
        for hasher, _ in list(self._hashers.values()):
            if total + size <= self._kept_max:
                break
            if hasher is not wanting:
                total -= hasher.kept
                hasher.shed()
        return total + size <= self._kept_max


@dataclass(slots=True)
class _Waiting:
    """A block on its way into the digest. `data` is None when it has to be read; `kept` once its request has gone."""

    ref: BlockRef
    data: Buffer | None
    release: Release
    kept: bool = False


class _Hasher:
    """One file's. `offer` when a block is here, `settle` when it is durable, `withdraw` when it will not be."""

    def __init__(self, lock: threading.Lock, make_room: "Callable[[_Hasher, int], bool]") -> None:
        self._changed = threading.Condition(lock)
        self._make_room = make_room
        self._sha256 = hashlib.sha256()
        self._order = hashlib.sha256()
        self._next = 0
        self._waiting: dict[int, _Waiting] = {}
        self._running = False
        self._read: Callable[[BlockRef], bytes] | None = None
        self.kept = 0
        self.over = False

    def offer(
        self, index: int, ref: BlockRef, data: Buffer, read: Callable[[BlockRef], bytes], release: Release
    ) -> bool:
        """A block is here; `data` stays as it is until `release` is called. `read` gets a durable one.

        False: nobody needs it here, and `release` will not be called. Else `settle` or `withdraw` must follow.
        """
        with self._changed:
            if index < self._next or index in self._waiting or index - self._next >= EARLY_MAX or index >= INDEX_MAX:
                return False
            self._read = read
            self._waiting[index] = _Waiting(ref, data, release)
            self._run()
            return True

    def settle(self, index: int, ref: BlockRef) -> None:
        """It is durable. `release` was called when this returns, or will be once it is hashed."""
        with self._changed:
            waiting = self._mine(index, ref)
            if waiting is not None and self._make_room(self, ref.length):
                waiting.kept = True
                self.kept += ref.length
                return
            while waiting is not None and self._running and self._is_near(index):
                self._changed.wait()
                waiting = self._mine(index, ref)
            if waiting is not None:
                self._give_back(waiting)

    def withdraw(self, index: int, ref: BlockRef) -> None:
        """It will not be durable. `release` was called when this returns."""
        with self._changed:
            while (waiting := self._mine(index, ref)) is not None and self._running and index == self._next:
                self._changed.wait()
            if waiting is not None:
                del self._waiting[index]
                self._give_back(waiting)

    def shed(self) -> None:
        """Give back what is kept; under the lock. It will be read from the store."""
        for index, waiting in self._waiting.items():
            if waiting.kept and not (self._running and index == self._next):
                self._give_back(waiting)

    def _mine(self, index: int, ref: BlockRef) -> _Waiting | None:
        waiting = self._waiting.get(index)
        return waiting if waiting is not None and waiting.ref == ref and waiting.data is not None else None

    def _is_near(self, index: int) -> bool:
        return all(before in self._waiting for before in range(self._next, index))

    def _give_back(self, waiting: _Waiting) -> None:
        if waiting.data is None:
            return
        if waiting.kept:
            self.kept -= waiting.ref.length
        waiting.data, waiting.kept = None, False
        waiting.release()

    def _run(self) -> None:
        if not self._running and self._next in self._waiting:
            self._running = True
            _HASHING.submit(self._hash_what_waits)

    def _hash_what_waits(self) -> None:
        """Walk on for as long as the next block is at hand."""
        while True:
            with self._changed:
                waiting = self._waiting.get(self._next)
                if waiting is None:
                    self._running = False
                    self._changed.notify_all()
                    return
                ref, data = waiting.ref, waiting.data
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
                    for each in self._waiting.values():
                        self._give_back(each)
                    self._waiting.clear()
                    self._running = False
                    self._changed.notify_all()
                return
            finally:
                del data
            with self._changed:
                del self._waiting[self._next]
                self._give_back(waiting)
                self._next += 1
                self._changed.notify_all()

    def head_start(self, manifest: Manifest) -> HeadStart:
        """What counts of this hasher's work for a file with this manifest: all of it or nothing."""
        with self._changed:
            while self._running:
                self._changed.wait()
            self.shed()
            done, sha256 = self._next, self._sha256.copy()
            order = self._order.digest()
        if done <= len(manifest) and hashlib.sha256(b"".join(ref.id for ref in manifest[:done])).digest() == order:
            return HeadStart(sha256, done)
        return HeadStart(hashlib.sha256(), 0)
