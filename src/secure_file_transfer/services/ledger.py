"""Wrong guesses, and what they cost: pure bookkeeping, told the time, without I/O. For `guard`.

A key (a source, an account) has a budget: so many wrong guesses within a window. Guesses under way count as wrong
until they are settled, so a thousand at once gain nothing over one after the other. Whoever spends the budget waits,
twice as long each time.

Memory is bounded. Once it is full, a newcomer takes the place of the least guilty of a few; one that is blocked
never gives way. Where only the guilty are left, newcomers share records by hash: a flood then slows other newcomers
at worst, and helps nobody who is blocked.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

DELAY_FIRST = 60.0
DELAY_MAX = 3600.0
FORGET_SECONDS = 24 * 3600.0
"""After so long without a wrong guess, nothing is held against anybody."""
RECORDS_MAX = 32_768
"""Of some 400 bytes each. At twenty hashes a second it takes half an hour of wrong guesses to fill."""
SHARED = 1024
_SAMPLE = 16


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `guesses` wrong ones within `seconds`."""

    guesses: int
    seconds: float


@dataclass(slots=True)
class Record:
    """What is held against one key.

    `wrong` are times within the window, the newest last; `last` is the time of the newest of all.
    """

    key: str
    wrong: list[float] = field(default_factory=list)
    pending: int = 0
    strikes: int = 0
    until: float = 0.0
    last: float = 0.0


class Ledger:
    """Records by key. Not safe for threads: the guard has a lock."""

    def __init__(self, budget: Budget, records_max: int = RECORDS_MAX) -> None:
        self._budget = budget
        self._max = records_max
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._shared: dict[str, Record] = {}

    def __len__(self) -> int:
        """How many records there are."""
        return len(self._records) + len(self._shared)

    def record(self, key: str, now: float) -> Record:
        """The record of a key; made when it is new. It lasts only if something is reserved on it."""
        found = self._records.get(key)
        if found is None and len(self._records) >= self._max and not self._make_room(now):
            # The hash of a text has a secret of the process in it, so nobody can aim at somebody else's record.
            key = f"shared {hash(key) % SHARED}"
            found = self._shared.setdefault(key, Record(key))
        if found is None:
            found = self._records[key] = Record(key)
        self._age(found, now)
        return found

    def wait(self, record: Record, now: float) -> float:
        """Seconds until the next guess may be made; 0 means now."""
        wait = max(0.0, record.until - now)
        if len(record.wrong) >= self._budget.guesses:
            wait = max(wait, record.wrong[-self._budget.guesses] + self._budget.seconds - now)
        # Those under way will soon be over, and most of them may turn out right.
        under_way = len(record.wrong) + record.pending >= self._budget.guesses
        return max(wait, 1.0) if under_way else wait

    def reserve(self, record: Record) -> None:
        """A guess begins."""
        record.pending += 1

    def settle(self, record: Record, now: float, *, wrong: bool) -> float:
        """A guess has ended; returns for how many seconds that blocks the key, usually 0."""
        record.pending -= 1
        self._age(record, now)
        if wrong:
            record.wrong.append(now)
            record.last = now
            if len(record.wrong) >= self._budget.guesses:
                record.strikes += 1
                record.until = now + min(DELAY_FIRST * 2.0 ** min(record.strikes - 1, 16), DELAY_MAX)
                return self.wait(record, now)
        self.let_go(record)
        return 0.0

    def blocked(self, now: float) -> Iterator[tuple[Record, float]]:
        """Those that have to wait, and for how many seconds."""
        for record in [*self._records.values(), *self._shared.values()]:
            self._age(record, now)
            wait = self.wait(record, now)
            if wait and (record.until > now or len(record.wrong) >= self._budget.guesses):
                yield record, wait

    def forgive(self, record: Record) -> None:
        """Nothing is held against it any more."""
        record.wrong, record.strikes, record.until = [], 0, 0.0
        self.let_go(record)

    def _age(self, record: Record, now: float) -> None:
        record.wrong = [at for at in record.wrong if now - at < self._budget.seconds]
        if now - record.last >= FORGET_SECONDS:
            record.strikes = 0

    def let_go(self, record: Record) -> None:
        """Forget it if there is nothing to remember."""
        if not (record.wrong or record.pending or record.strikes) and self._records.get(record.key) is record:
            del self._records[record.key]

    def _make_room(self, now: float) -> bool:
        """Let go of the least guilty of the next few in turn; False where all of them are blocked or at work."""
        least: Record | None = None
        for _ in range(min(_SAMPLE, len(self._records))):
            key, record = next(iter(self._records.items()))
            self._records.move_to_end(key)
            self._age(record, now)
            if not record.pending and self.wait(record, now) == 0 and (least is None or _guilt(record) < _guilt(least)):
                least = record
        if least is None:
            return False
        del self._records[least.key]
        return True


def _guilt(record: Record) -> tuple[int, int]:
    return record.strikes, len(record.wrong)
