"""Proofs about what happens to blocks on the way: connections that are cut, bytes that are changed.

Run by `benchmarks.proofs`. A man in the middle, whose certificate the client trusts here, sees which block goes where.
"""

import asyncio
import random
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from secure_file_transfer import AsyncClient
from secure_file_transfer.client.local import SourceFile
from secure_file_transfer.client.uploading import BlockReader
from secure_file_transfer.testing.middleman import Body, Middleman
from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.transfer.cutting import sizes_for

from .engine_proofs import digest_of
from .proofs import MIB, Caller, say, started

_FINE = 64 << 10
"""The least length of a block where there have to be many."""


@dataclass(frozen=True)
class Placed:
    """A block of the file: where it begins and ends."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Bytes."""
        return self.end - self.start


class Wire:
    """What passes through the middleman, block by block, in both directions."""

    def __init__(self) -> None:
        """Sees nothing until `places` is known."""
        self.places: dict[str, Placed] = {}
        """The file's blocks by their ids in hexadecimal."""
        self.sent: Counter[str] = Counter()
        """How often each block was begun to be sent."""
        self.refused = 0
        self.delivered = 0
        """Bytes of the file that went down."""
        self.asked: list[tuple[int, int]] = []
        """The ranges that went down."""

    def reset(self) -> None:
        """Count anew."""
        self.sent, self.refused, self.delivered, self.asked = Counter(), 0, 0, []

    def __call__(self, body: Body, piece: memoryview) -> int | None:
        """For `Middleman`."""
        if body.direction == "up" and (block := self.places.get(body.target.rpartition("/blocks/")[2])):
            if not body.passed:
                self.sent[body.target.rpartition("/")[2]] += 1
            return self.passing(block.start + body.passed, piece)
        self.refused += body.direction == "down" and body.status == 422 and not body.passed
        if body.direction == "down" and (
            found := re.match(r"bytes (\d+)-(\d+)/", body.headers.get("content-range", ""))
        ):
            if not body.passed:
                self.asked.append((int(found[1]), int(found[2]) + 1))
            until = self.passing(int(found[1]) + body.passed, piece)
            self.delivered += len(piece) if until is None else until
            return until
        return None

    def passing(self, start: int, piece: memoryview) -> int | None:
        """A piece of the file that begins at `start` goes by: the place to do harm. The number is that of `Tamper`."""
        raise NotImplementedError

    def block_at(self, position: int) -> Placed:
        """The block to which the byte before this position belongs."""
        return next(block for block in self.places.values() if block.start < position <= block.end)


class Cutter(Wire):
    """Resets the connection that brings the file to one of the positions; each once."""

    def __init__(self) -> None:
        """Without a position it only counts."""
        super().__init__()
        self.cuts: set[int] = set()

    def passing(self, start: int, piece: memoryview) -> int | None:
        """See `Wire`."""
        at = min((cut for cut in self.cuts if start < cut <= start + len(piece)), default=None)
        if at is None:
            return None
        self.cuts.discard(at)
        return at - start


class Corrupter(Wire):
    """Changes one byte at each of the positions; each once."""

    def __init__(self) -> None:
        """Without a position it only counts."""
        super().__init__()
        self.positions: set[int] = set()

    def passing(self, start: int, piece: memoryview) -> int | None:
        """See `Wire`."""
        for at in [at for at in self.positions if start <= at < start + len(piece)]:
            piece[at - start] ^= 0x40
            self.positions.discard(at)
        return None


async def _client(port: int, cafile: Path, token: str, block: int | None = None) -> AsyncClient:
    """A client; `block` makes it cut finer than it would, so that a small file has many blocks."""
    client = AsyncClient("127.0.0.1", port, cafile=cafile, token=token, timeout=30)
    service = await client.block_service()
    if service is None:
        raise AssertionError("the server takes no blocks")
    if block is not None:
        service.terms = replace(service.terms, block_min=block, block_max=4 * block)
    return client


async def _places(client: AsyncClient, path: Path) -> dict[str, Placed]:
    """The blocks that the client will make of a file."""
    service = await client.block_service()
    assert service is not None
    terms, source = service.terms, SourceFile(path)
    reader = BlockReader(source, sizes_for(source.size, least=terms.block_min, most=terms.block_max), terms.naming_key)
    found = []
    while not reader.at_end:
        found += [(block.name.hex(), len(block.data)) for block in reader.next()]
    source.close()
    ends = accumulate(length for _, length in found)
    return {name: Placed(end - length, end) for (name, length), end in zip(found, ends, strict=True)}


class Journey:
    """One file up and down through a middleman, again and again."""

    def __init__(
        self, server: ServerProcess, folder: Path, wire: Wire, chance: random.Random, *, block: int | None = None
    ) -> None:
        """`block` is the least length of a block, where the client's own choice is too large."""
        self.caller, self.wire, self._chance, self._block = Caller(server), wire, chance, block
        self.file, self.back = folder / "file", folder / "back"

    async def prepare(self, total: int) -> None:
        """A new random file, with its places on the wire."""
        self.file.write_bytes(self._chance.randbytes(total))
        server, token = self.caller.server, self.caller.token
        async with await _client(server.port, server.cafile, token, self._block) as client:
            self.wire.places = await _places(client, self.file)

    async def up(self, port: int, cafile: Path) -> None:
        """Send it, and look at what the server then has, past the middleman."""
        async with await _client(port, cafile, self.caller.token, self._block) as client:
            await client.send_file(self.file, "/file")
        if self.caller.digest("file") != digest_of(self.file):
            raise AssertionError("what is on the server is different")

    async def down(self, port: int, cafile: Path) -> None:
        """Fetch it."""
        async with await _client(port, cafile, self.caller.token, self._block) as client:
            await client.receive_file("/file", self.back)
        if digest_of(self.back) != digest_of(self.file):
            raise AssertionError("what arrived is different")
        self.back.unlink()


def _some_positions(places: dict[str, Placed], chance: random.Random) -> list[int]:
    """One to four: how much of the file has passed when the connection is cut. Half are at a block's edge."""
    total = max(block.end for block in places.values())
    edges = sorted({0, *(block.end for block in places.values())})

    def one() -> int:
        at = chance.choice(edges) + chance.choice((-1, 0, 1)) if chance.random() < 0.5 else chance.randrange(total)
        return min(max(at, 1), total)

    return list({one() for _ in range(chance.randrange(1, 5))})


def _again(wire: Wire, direction: str, cuts: list[int], total: int) -> float:
    """How much went again, in blocks for each connection that was cut.

    Raises:
        AssertionError: a block went again that no cut has hit.
    """
    hit = Counter(wire.block_at(at) for at in cuts)
    if direction == "up":
        for name, count in wire.sent.items():
            if count > 1 + hit[wire.places[name]]:
                raise AssertionError(f"a block went {count} times, and was cut {hit[wire.places[name]]} times")
        again = sum((count - 1) * wire.places[name].length for name, count in wire.sent.items())
    else:
        again = wire.delivered - total
    return again / sum(block.length * count for block, count in hit.items())


async def _cut_all(server: ServerProcess, folder: Path, cuts: int, chance: random.Random, total: int) -> str:
    """So many cuts each way; returns what to say of them."""
    wire, said = Cutter(), []
    journey = Journey(server, folder, wire, chance)
    with Middleman(server.port, server.cafile, folder / "middle", wire) as middle:
        for direction in ("up", "down"):
            done, worst, transfers = 0, 0.0, 0
            while done < cuts:
                if direction == "up":  # what the server has would not be sent again
                    await journey.prepare(total)
                wire.reset()
                wire.cuts = set(positions := _some_positions(wire.places, chance)[: cuts - done])
                await getattr(journey, direction)(middle.port, middle.files.cafile)
                if wire.cuts:
                    raise AssertionError(f"no cut at {sorted(wire.cuts)}: this proved nothing")
                worst = max(worst, _again(wire, direction, positions, total))
                done, transfers = done + len(positions), transfers + 1
                say(f"{direction}: {done} cuts")
            if worst > 1:
                raise AssertionError(f"{direction}: {worst:.2f} blocks went again for a connection")
            said.append(f"{direction}: {done} cuts in {transfers} transfers, {worst:.2f} of a block again at most")
    return "; ".join(said)


def prove_cuts(folder: Path, *, cuts: int, seed: int, total: int) -> str:
    """Connections that are cut, at blocks' edges and anywhere: all is whole, and a cut costs a block at most."""
    server = started(folder)
    try:
        said = asyncio.run(_cut_all(server, folder, cuts, random.Random(seed), total))  # noqa: S311 - repeatable
    finally:
        server.kill()
    return f"{total / MIB:.0f} MiB, seed {seed}: digests equal; {said}"


async def _corrupt_all(server: ServerProcess, folder: Path, blocks: int, chance: random.Random) -> str:
    wire = Corrupter()
    journey = Journey(server, folder, wire, chance, block=_FINE)
    total = blocks * _FINE * 2  # blocks are half as long again as the least, or longer: see which there are
    with Middleman(server.port, server.cafile, folder / "middle", wire) as middle:
        way = (middle.port, middle.files.cafile)
        await journey.prepare(total)
        places = list(wire.places.values())
        if len(places) < blocks:
            raise AssertionError(f"{len(places)} blocks are too few")
        hit = chance.sample(places, blocks)
        wire.positions = set(at := [chance.randrange(block.start, block.end) for block in hit])
        await journey.up(*way)
        went = sum(wire.sent.values())
        if (wire.refused, went, max(wire.sent.values())) != (blocks, len(places) + blocks, 2):
            raise AssertionError(f"up: {wire.refused} refused, {went} sent of {len(places)}")
        say(f"up: {blocks} of {len(places)} blocks refused, {went} sent")
        wire.reset()
        wire.positions = set(at)
        await journey.down(*way)
        again = sum(block.length for block in hit)
        alone = {(block.start, block.end) for block in hit} - set(wire.asked)
        if wire.positions or wire.delivered != total + again or alone:
            raise AssertionError(f"down: {wire.delivered - total} bytes again for {again}; not alone: {len(alone)}")
    return f"{blocks} of {len(places)} blocks, changed by a byte: up and down each was refused and went again alone"


def prove_corrupt(folder: Path, *, blocks: int, seed: int) -> str:
    """A byte changes in so many blocks on the way, up and down: each is refused, and only it goes again."""
    server = started(folder)
    try:
        said = asyncio.run(_corrupt_all(server, folder, blocks, random.Random(seed)))  # noqa: S311 - repeatable
    finally:
        server.kill()
    return f"{said} (seed {seed})"
