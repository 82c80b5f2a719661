"""Nobody deletes a block from under somebody else: the rules one by one, then all parties at once."""

import random
import secrets
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import BlockId
from secure_file_transfer.services.block_leases import BlockLeases
from secure_file_transfer.services.sweep import Sweeper
from secure_file_transfer.storage.clock import SystemClock
from secure_file_transfer.testing.contracts.tree_kit import at, listing, pattern, read
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world

ONE, TWO, THREE = (BlockId(bytes([number]) * 32) for number in range(3))


def test_a_leased_block_cannot_be_condemned() -> None:
    leases = BlockLeases()
    first, second = leases.lease(), leases.lease()
    first.add([ONE, ONE, TWO])
    second.add([ONE])
    with leases.condemn([ONE, TWO, THREE, THREE]) as free:
        assert free == [THREE]
    first.release()
    first.release()
    with leases.condemn([ONE, TWO]) as free:
        assert free == [TWO]
    second.release()
    with leases.condemn([ONE]) as free:
        assert free == [ONE]
    assert len(leases) == 0


def test_a_condemned_block_is_not_condemned_twice() -> None:
    leases = BlockLeases()
    with leases.condemn([ONE]) as first, leases.condemn([ONE, TWO]) as second:
        assert (first, second) == ([ONE], [TWO])


def test_a_lease_waits_until_the_deletion_is_over() -> None:
    leases = BlockLeases()
    lease, got = leases.lease(), threading.Event()

    def take() -> None:
        lease.add([TWO, ONE])
        got.set()

    waiting = threading.Thread(target=take)
    with leases.condemn([ONE]):
        waiting.start()
        assert not got.wait(0.05)
        assert len(leases) == 0  # it holds nothing while it waits, so nobody waits for it
    assert got.wait(10)
    waiting.join()
    lease.release()


def test_an_error_while_deleting_frees_the_blocks() -> None:
    leases = BlockLeases()
    with pytest.raises(ValueError, match="disk"), leases.condemn([ONE]):
        raise ValueError("disk")
    lease = leases.lease()
    lease.add([ONE])
    lease.release()


def test_purging_and_building_exclude_each_other() -> None:
    leases = BlockLeases()
    with leases.building(), leases.building(), leases.purging() as may:
        assert not may
    began = threading.Event()

    def build() -> None:
        with leases.building():
            began.set()

    builder = threading.Thread(target=build)
    with leases.purging() as may:
        assert may
        builder.start()
        assert not began.wait(0.05)
    assert began.wait(10)
    builder.join()


# --- all parties at once ----------------------------------------------------------------------------------------

ROUNDS = 40
POOL = [pattern(BLOCK, seed=number) for number in range(6)]
"""Few blocks, so that everybody meets on them."""


class Crowd:
    """Writers, abandoners, removers, readers and a sweep without any grace, over the same few blocks."""

    def __init__(self, world: VaultWorld) -> None:
        self.world = world
        self.errors: list[BaseException] = []
        self.done = threading.Event()

    def write(self, me: int, dice: random.Random) -> None:
        for number in range(ROUNDS):
            data = b"".join(dice.choices(POOL, k=dice.randint(1, 3)))
            draft = self.world.tree.draft(at(f"/{me}-{number % 4}"))
            for start in range(0, len(data), BLOCK):
                draft.append(data[start : start + BLOCK])
            if dice.random() < 0.4:
                draft.abort()
            else:
                path = draft.commit().entry.path
                draft.abort()
                assert read(self.world.tree, path) == data
                if dice.random() < 0.5:
                    self.world.tree.remove(at(path))

    def look(self) -> None:
        whole = set(POOL)
        while not self.done.is_set():
            for entry in listing(self.world.tree):
                try:
                    content = self.world.tree.open(at(entry.path))
                except NotFoundError:
                    continue
                for piece in content.chunks(0, content.entry.size):
                    assert bytes(piece) in whole
                content.close()

    def sweep(self) -> None:
        sweeper = Sweeper(self.world.catalog, self.world.disk, self.world.leases, SystemClock(), -1)
        while not self.done.is_set():
            sweeper.purge_removed()
            sweeper.sweep_blocks()
            sweeper.sweep_orphans()

    def guarded(self, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
                self.errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread


def test_writers_readers_and_the_sweep_never_lose_a_block(tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    print("seed", seed)
    with vault_world(tmp_path) as world:
        crowd = Crowd(world)
        others = [
            crowd.guarded(crowd.sweep),
            crowd.guarded(crowd.sweep),
            crowd.guarded(crowd.look),
        ]
        dice = [random.Random(seed + me) for me in range(4)]  # noqa: S311 - a choice, not a secret
        writers = [crowd.guarded(partial(crowd.write, me, each)) for me, each in enumerate(dice)]
        for writer in writers:
            writer.join()
        crowd.done.set()
        for other in others:
            other.join()
        if crowd.errors:
            raise crowd.errors[0]
        for entry in listing(world.tree):
            read(world.tree, entry.path)
            world.tree.remove(at(entry.path))
        world.sweep_all()
        assert world.counts() == {"nodes": 1, "versions": 0, "blocks": 0, "blobs": 0}
