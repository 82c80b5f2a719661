"""The form of one sealed block, version 1: a header, then frames of AES-256-GCM. Specified in docs/seal-format.md.

The frames follow STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", 2015): each nonce is the frame's number and whether it is the last one, so a block that was cut,
lengthened or shuffled fails. The key belongs to one content alone (see `keys.DriveKeys.block_key`), so a frame of
another block fails, and a key never meets a nonce twice with different content, whatever crashed or was restored.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from secure_file_transfer.errors import BlockDamagedError
from secure_file_transfer.model import BLOCK_SIZE_MAX, KIB

Buffer = bytes | bytearray | memoryview

FRAME_SIZE = 64 * KIB
"""Plaintext bytes per frame; only the last one may have fewer."""
TAG_SIZE = 16
"""What sealing adds to each frame."""
HEADER = b"SFTSEAL\x01"
"""Magic and version. Every frame authenticates it."""

_STEP = FRAME_SIZE + TAG_SIZE
_COUNTER_SIZE = 11
_MIDDLE, _LAST = b"\x00", b"\x01"
_HINT = "Restore this file from a backup, and check the disk."


@dataclass(frozen=True, slots=True)
class Span:
    """Which sealed bytes hold a range of plaintext: fetch `length` bytes from `offset`, give them to `unseal_span`."""

    offset: int
    length: int
    first: int
    """Number of the first frame fetched."""
    last: bool
    """Whether the last frame fetched is the last one of the block."""
    skip: int
    """Plaintext bytes of the first frame that lie before the range."""
    take: int
    """Plaintext bytes of the range."""


def frame_count(plain: int) -> int:
    """How many frames seal `plain` bytes; an empty block is one empty frame."""
    return max(1, -(-plain // FRAME_SIZE))


def sealed_size(plain: int) -> int:
    """The size of a block once sealed."""
    return len(HEADER) + plain + frame_count(plain) * TAG_SIZE


def plaintext_size(sealed: int) -> int:
    """The size of a sealed block's content.

    Raises:
        BlockDamagedError: no block has this sealed size.
    """
    frames, rest = divmod(sealed - len(HEADER), _STEP)
    plain = frames * FRAME_SIZE + (rest - TAG_SIZE if rest else 0)
    if not 0 <= plain <= BLOCK_SIZE_MAX or sealed_size(plain) != sealed:
        raise BlockDamagedError(f"A stored block has {sealed} bytes, which no sealed block has", hint=_HINT)
    return plain


def seal(key: bytes, plaintext: Buffer) -> bytes:
    """The sealed block. `key` must belong to this content alone: `keys.block_key(keys.block_id(plaintext))`.

    Raises:
        ValueError: the content is larger than `BLOCK_SIZE_MAX`, or the key is not 32 bytes.
    """
    source = memoryview(plaintext).cast("B")
    if len(source) > BLOCK_SIZE_MAX:
        raise ValueError(f"a block holds at most {BLOCK_SIZE_MAX} bytes, not {len(source)}")
    sealed, encrypt = _Output(sealed_size(len(source))), _cipher(key).encrypt_into
    with sealed.room as room:
        room[: len(HEADER)] = HEADER
        at = len(HEADER)
        for nonce, start in _frames(0, frame_count(len(source)), last=True):
            with source[start : start + FRAME_SIZE] as plain, room[at : at + len(plain) + TAG_SIZE] as frame:
                at += encrypt(nonce, plain, HEADER, frame)
    return sealed.getvalue()


def unseal(key: bytes, sealed: Buffer) -> bytes:
    """The content of a sealed block, all of it authenticated before any of it is returned.

    Raises:
        BlockDamagedError: it is not what `seal` made with this key.
    """
    source = memoryview(sealed).cast("B")
    plain = plaintext_size(len(source))
    if source[: len(HEADER)] != HEADER:
        raise BlockDamagedError("A stored block does not begin like a sealed block", hint=_HINT)
    return _open(key, source[len(HEADER) :], plain, first=0, last=True)


def span(plain_size: int, offset: int, length: int) -> Span:
    """Where the plaintext bytes [offset, offset + length) of a block of `plain_size` bytes lie in its sealed form.

    Whole frames only, without the header: each frame authenticates it by itself. An empty range needs no bytes.

    Raises:
        ValueError: the range does not lie within the block.
    """
    if not 0 <= offset <= offset + length <= plain_size <= BLOCK_SIZE_MAX:
        raise ValueError(f"{length} bytes at {offset} do not lie within a block of {plain_size}")
    first, skip = divmod(offset, FRAME_SIZE)
    if not length:
        return Span(len(HEADER) + first * _STEP, 0, first, last=False, skip=skip, take=0)
    end = min(plain_size, -(-(offset + length) // FRAME_SIZE) * FRAME_SIZE)
    frames = frame_count(end) - first
    return Span(
        offset=len(HEADER) + first * _STEP,
        length=end - first * FRAME_SIZE + frames * TAG_SIZE,
        first=first,
        last=end == plain_size,
        skip=skip,
        take=length,
    )


def unseal_span(key: bytes, wanted: Span, piece: Buffer) -> bytes:
    """Exactly the plaintext bytes that `wanted` was asked for, from the sealed bytes it names.

    Raises:
        BlockDamagedError: `piece` is not that part of what `seal` made with this key.
    """
    source = memoryview(piece).cast("B")
    if len(source) != wanted.length:
        raise BlockDamagedError(
            f"A stored block gives {len(source)} bytes where {wanted.length} were sealed", hint=_HINT
        )
    if not wanted.length:
        return b""
    plain = len(source) - -(-len(source) // _STEP) * TAG_SIZE
    opened = _open(key, source, plain, first=wanted.first, last=wanted.last)
    return opened if wanted.take == plain else opened[wanted.skip : wanted.skip + wanted.take]


class _Output(BytesIO):
    """A `bytes` object of known size that is written in place: several times faster than a bytearray copied at the end.

    `getvalue` of a BytesIO hands out the buffer itself; the frames are ciphered straight into it.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if size:
            self.seek(size - 1)
            self.write(b"\x00")

    @property
    def room(self) -> memoryview:
        """All of it, to be released before `getvalue`."""
        return self.getbuffer()


def _cipher(key: bytes) -> AESGCM:
    if len(key) != 32:  # the library would take 16 for AES-128
        raise ValueError(f"a block key has 32 bytes, not {len(key)}")
    return AESGCM(key)


def _frames(first: int, count: int, *, last: bool) -> Iterator[tuple[bytes, int]]:
    """The nonce of each of `count` frames from `first` on, and where its plaintext begins relative to the first."""
    for number in range(count):
        flag = _LAST if last and number == count - 1 else _MIDDLE
        yield (first + number).to_bytes(_COUNTER_SIZE, "big") + flag, number * FRAME_SIZE


def _open(key: bytes, source: memoryview, plain: int, *, first: int, last: bool) -> bytes:
    """Decrypt whole frames that hold `plain` bytes together."""
    opened = _Output(plain)
    decrypt: Callable[[bytes, memoryview, bytes, memoryview], int] = _cipher(key).decrypt_into
    with opened.room as room:
        for nonce, start in _frames(first, frame_count(plain), last=last):
            at = start // FRAME_SIZE * _STEP
            with source[at : at + _STEP] as frame, room[start : start + FRAME_SIZE] as content:
                try:
                    decrypt(nonce, frame, HEADER, content)
                except InvalidTag:
                    raise BlockDamagedError(
                        f"A stored block fails its seal in frame {int.from_bytes(nonce[:-1], 'big')}", hint=_HINT
                    ) from None
    return opened.getvalue()
