"""Where one block ends and the next begins.

Boundaries follow the content (FastCDC, Xia et al., USENIX ATC 2016), so bytes that are inserted in the front of a
file move the later boundaries along with their content, and those blocks keep their ids.

A block is at least `smallest` long and ends, within about `spread` more, where the content says so. The first part is
never looked at, which makes cutting three times as fast as with the usual parameters; a wider `smallest` would be
faster still, but boundaries would take longer to fall into step again after a change.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fastcdc.fastcdc_cy import fastcdc_cy  # type: ignore[import-untyped]

from ..model import GIB, MIB

_FINEST = GIB // 2
"""Files up to this size are cut finest: some 350 blocks, enough to keep many connections busy over a long way."""
_FINE = 4 * GIB
"""Up to this one in blocks twice as large, some 1,300; and larger ones in steps of two."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long blocks are, in bytes. Two files share blocks only when they are cut with the same sizes."""

    smallest: int
    spread: int
    largest: int


def sizes_for(size: int, *, least: int, most: int) -> Sizes:
    """How to cut a file of `size` bytes for a server that takes blocks of `least` to `most` bytes."""
    smallest, grown = max(least, min(MIB, most // 8)), _FINEST
    while size > grown and smallest * 4 < most:
        smallest, grown = smallest * 2, max(_FINE, grown * 2)
    return Sizes(smallest, max(256, smallest // 2), min(most, smallest * 4))


def cut(window: memoryview, sizes: Sizes, *, last: bool) -> Iterator[int]:
    """The lengths of the blocks at the start of `window`; the same bytes give the same lengths in any window.

    What remains at its end belongs to a block that is not complete yet, unless this is the `last` window.
    """
    at = 0
    # The average that the algorithm is told is twice the spread: below its smallest block it looks for the easier
    # of its two patterns only, which comes once in half the average.
    for chunk in fastcdc_cy(window, sizes.smallest, 2 * sizes.spread, sizes.largest):
        length: int = chunk.length
        at += length
        if at == len(window) and length < sizes.largest and not last:
            return  # it ends here only because the window does
        yield length
