"""Whether to compress what goes out: only what shrinks, and only where that is faster than sending it as it is.

Compressing in advance of a slow line is a gift, before a fast one a loss: one core compresses text at some 300 MB/s,
and a loopback or a good local network carries more than that. So the decision is made from measurements alone: how
much a sample shrank, how fast, and how fast content leaves.
"""

from dataclasses import dataclass

from ..model import KIB

WORTH = 0.9
"""What does not become smaller than this is sent as it is."""
_GAIN = 2.0
"""Compressing has to beat the line by so much: the cores have other work to do, too."""
_PAUSE_MAX = 64
_SAMPLE_EVERY = 16
"""Blocks after which a ratio is measured anew."""
_SLICE = 64 * KIB
_SLICES = 4

_PACKED = (
    b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh", b"7z\xbc\xaf\x27\x1c", b"Rar!",
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"OggS", b"fLaC", b"ID3", b"\x1a\x45\xdf\xa3", b"wOF2", b"\x04\x22\x4d\x18",
)  # fmt: skip
"""How files begin that are compressed already: archives, pictures, sound and film."""


def is_packed(start: bytes | bytearray | memoryview) -> bool:
    """Whether a file that begins like this is compressed already."""
    head = bytes(start[:12])
    return head.startswith(_PACKED) or head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:] == b"WEBP")


def sample(data: memoryview) -> bytes:
    """A few slices from all over a block, enough to see whether it shrinks."""
    if len(data) <= _SLICE * _SLICES:
        return bytes(data)
    starts = [(len(data) - _SLICE) * number // (_SLICES - 1) for number in range(_SLICES)]
    return b"".join(data[at : at + _SLICE] for at in starts)


@dataclass(frozen=True, slots=True)
class Yield:
    """What compressing gave: the part that is left of a byte, and bytes taken in a second."""

    ratio: float
    speed: float

    @property
    def limit(self) -> float:
        """Bytes a second of a line from which on compressing is of no use."""
        return max((1 - self.ratio) * self.speed / _GAIN, 1.0)


class Habit:
    """What the blocks of one file are like. After some that did not shrink, the next ones are not tried at all."""

    def __init__(self) -> None:
        self._skip = 0
        self._pause = 1
        self._left = 0
        self._known: Yield | None = None

    def begins(self, start: bytes | bytearray | memoryview) -> None:
        """The file begins like this."""
        if is_packed(start):
            self._skip = self._pause = _PAUSE_MAX

    @property
    def tried(self) -> bool:
        """Whether to try the next block. Ask once for each."""
        if self._skip:
            self._skip -= 1
            return False
        return True

    @property
    def known(self) -> Yield | None:
        """What the next block will give, as far as those before tell; None: take a sample."""
        self._left -= 1
        return self._known if self._left > 0 else None

    def learned(self, what: Yield) -> None:
        """A sample, or a block, gave this."""
        if what.ratio <= WORTH:
            self._known, self._pause = what, 1
            if self._left <= 0:
                self._left = _SAMPLE_EVERY
        else:
            self._known, self._left = None, 0
            self._skip = self._pause
            self._pause = min(self._pause * 2, _PAUSE_MAX)


_WINDOW = 0.5
"""Seconds of traffic in one measurement."""
_PROBES = 2
"""Blocks that go as they are to see how fast the line is."""
_BUSY = 0.25
"""A line that carries less than this part of what one compressor gives is slow without doubt."""
_TRUST = 4.0
"""Seconds of traffic after which another one is measured anew, doubled each time."""
_TRUST_MAX = 120.0
_MOMENT = 0.001


class Line:
    """How fast content leaves, over the time in which any of it is on its way. Seconds of any one clock.

    Until that is known a few blocks go as they are; the others need not wait for them to arrive: after a while even
    their arrival would show a line too slow to matter. Compressed content tells little of a line that carries it about
    as fast as it is made; so once in a while such a line is tried again with a few blocks as they are.
    """

    def __init__(self) -> None:
        self._active = self._ended = 0
        self._since = self._busy = 0.0
        self._sent = self._on_the_way = 0
        self._rate: float | None = None
        self._probes = _PROBES
        self._trust, self._age = _TRUST, 0.0

    def begin(self, size: int, now: float) -> None:
        """So many bytes go now."""
        self._pass(now)
        self._active += 1
        self._on_the_way += size

    def end(self, size: int, now: float, *, arrived: bool = True) -> None:
        """They have arrived, or never will."""
        self._pass(now)
        self._active -= 1
        self._ended += 1
        self._on_the_way -= size
        self._sent += size if arrived else 0
        probed = self._rate is None and not self._probes and (self._ended >= _PROBES or not self._active)
        if (probed and self._sent) or self._busy >= _WINDOW:
            self._rate = self._sent / self._busy if self._busy else float("inf")
            self._age += self._busy
            self._sent, self._busy = 0, 0.0

    def _pass(self, now: float) -> None:
        if self._active:
            self._busy += now - self._since
        self._since = now

    def patience(self, what: Yield, now: float) -> float:
        """Seconds to wait before `pays` is asked: until then the line may still turn out too fast."""
        if self._rate is not None or self._probes or not self._active:
            return 0.0
        self._pass(now)
        left = (self._sent + self._on_the_way) / what.limit - self._busy
        return left + _MOMENT if left > 0 else 0.0

    def pays(self, what: Yield, now: float) -> bool:
        """Whether the next block should be compressed. Ask once for each."""
        if self._rate is None and self._probes:
            self._probes -= 1
            return False
        if self._most(now) > what.limit:
            return False
        compressor = what.speed * what.ratio * _BUSY
        if self._rate is not None and self._rate >= compressor and self._age >= self._trust:
            self._rate, self._age, self._probes = None, 0.0, _PROBES - 1
            self._trust = min(self._trust * 2, _TRUST_MAX)
            self._ended, self._sent, self._busy = 0, 0, 0.0
            return False
        return True

    def _most(self, now: float) -> float:
        """Bytes a second; while they are not known, the most that they can still turn out to be."""
        if self._rate is not None:
            return self._rate
        self._pass(now)
        return (self._sent + self._on_the_way) / self._busy if self._busy else float("inf")
