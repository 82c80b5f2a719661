"""How many bytes went by, and how fast they do."""

from collections import Counter, deque
from collections.abc import Hashable, Iterable
from typing import Generic, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
K_co = TypeVar("K_co", bound=Hashable, covariant=True)
WINDOW_SECONDS = 3.0
"""A speed is that of so long: long enough to be calm, short enough to be of now."""
_SAMPLE_SECONDS = 0.2
STEP_SECONDS = 2.0
STEPS = 300
"""Of the past that is remembered: ten minutes, whatever goes on."""


class Counted(Protocol[K_co]):
    """Something that moves bytes; `kind` is what they are counted under."""

    count: int

    @property
    def kind(self) -> K_co:
        """What its bytes are counted under."""


class Meter(Generic[K]):
    """Counts what has ended, and adds what still runs. It has no lock of its own."""

    def __init__(self) -> None:
        self._ended: Counter[K] = Counter()
        self._samples: deque[tuple[float, dict[K, int]]] = deque()
        self._steps: deque[tuple[int, Counter[K]]] = deque(maxlen=STEPS + 1)
        self._noted: dict[K, int] = {}

    def add(self, ended: Counted[K]) -> None:
        """It moves nothing any more."""
        self._ended[ended.kind] += ended.count

    def totals(self, running: Iterable[Counted[K]]) -> dict[K, int]:
        """Bytes of each kind, with those that are under way."""
        found = Counter(self._ended)
        for each in running:
            found[each.kind] += each.count
        return dict(found)

    def speeds(self, totals: dict[K, int], now: float) -> dict[K, float]:
        """Bytes in a second of each kind over the last `WINDOW_SECONDS`, if somebody asks now and then."""
        self._note(totals, now)
        samples = self._samples
        while len(samples) > 1 and now - samples[1][0] >= WINDOW_SECONDS:
            samples.popleft()
        if not samples or now - samples[-1][0] >= _SAMPLE_SECONDS:
            samples.append((now, totals))
        since, before = samples[0]
        seconds = now - since
        return {kind: (count - before.get(kind, 0)) / seconds if seconds else 0.0 for kind, count in totals.items()}

    def steps(self, now: float) -> list[Counter[K]]:
        """Bytes of each kind in each of the last `STEPS` steps that are over, the oldest first, as `speeds` saw it."""
        present = int(now // STEP_SECONDS)
        noted = dict(self._steps)
        return [noted.get(step, Counter()) for step in range(present - STEPS, present)]

    def _note(self, totals: dict[K, int], now: float) -> None:
        """Steps in which nothing moved are not kept."""
        moved = Counter({kind: count - self._noted.get(kind, 0) for kind, count in totals.items()})
        self._noted = totals
        if not any(moved.values()):
            return
        step = int(now // STEP_SECONDS)
        if self._steps and self._steps[-1][0] == step:
            self._steps[-1][1].update(moved)
        else:
            self._steps.append((step, moved))
