from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from secure_file_transfer.errors import InvalidRequestError, NotFoundError, RangeNotSatisfiableError
from secure_file_transfer.model import KIB, Conflict, SortKey
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.seal.block import FRAME_SIZE, TAG_SIZE
from secure_file_transfer.testing.contracts.tree_kit import NEW, OLD, at, pattern, read, write
from secure_file_transfer.testing.faults import RefusingBlobStore, WrappedBlobStore
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world

T = TypeVar("T")
STEP = FRAME_SIZE + TAG_SIZE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        yield world


class RecordingStore(WrappedBlobStore):
    """Notes every piece that is read."""

    def __init__(self, world: VaultWorld) -> None:
        super().__init__(world.disk)
        self.reads: list[tuple[str, int, int]] = []

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        data = super().get(key, offset, length)
        self.reads.append((key, offset, len(data)))
        return data


def test_a_range_reads_only_the_frames_that_hold_it(tmp_path: Path) -> None:
    size = 1024 * KIB
    with vault_world(tmp_path, block_size=size) as world:
        data = pattern(3 * size)
        write(world.tree, "/f", data)
        store = RecordingStore(world)
        tree = world.tree_on(blobs=store)
        for offset, length, fetched in (
            (0, 1, [STEP]),
            (FRAME_SIZE - 1, 2, [2 * STEP]),
            (size + 5 * FRAME_SIZE, FRAME_SIZE, [STEP]),
            (size - 1, 2, [STEP, STEP]),
            (3 * size - 1, 1, [STEP]),
        ):
            store.reads.clear()
            assert read(tree, "/f", offset, length) == data[offset : offset + length]
            assert [got for _, _, got in store.reads] == fetched, (offset, length)


def test_nothing_is_read_before_it_is_asked_for(world: VaultWorld) -> None:
    write(world.tree, "/f", pattern(3 * BLOCK))
    content = world.tree_on(blobs=RefusingBlobStore()).open(at("/f"))
    content.chunks(0, 3 * BLOCK)
    content.close()


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1), (0, 4), (4, 0), (3, 1), (1, 3), (1 << 70, 1)])
def test_a_range_outside_of_the_file_is_refused(world: VaultWorld, offset: int, length: int) -> None:
    write(world.tree, "/f", b"abc")
    content = world.tree.open(at("/f"))
    with pytest.raises(RangeNotSatisfiableError):
        content.chunks(offset, length)
    content.close()


def test_a_closed_content_gives_nothing_more(world: VaultWorld) -> None:
    write(world.tree, "/f", pattern(3 * BLOCK))
    content = world.tree.open(at("/f"))
    pieces = content.chunks(0, 3 * BLOCK)
    next(pieces)
    content.close()
    content.close()
    with pytest.raises(ValueError, match="closed"):
        next(pieces)


@pytest.mark.parametrize("size", [1000, 3 * BLOCK + 1000])
@pytest.mark.parametrize("gone", ["removed", "replaced"])
def test_an_open_content_outlives_the_sweep_and_then_its_space_comes_back(
    world: VaultWorld, gone: str, size: int
) -> None:
    data = pattern(size)
    write(world.tree, "/f", data)
    content = world.tree.open(at("/f"))
    if gone == "removed":
        world.tree.remove(at("/f"))
    else:
        write(world.tree, "/f", b"")
    world.sweep_all()
    assert b"".join(content.chunks(0, size)) == data
    content.close()
    world.sweep_all()
    assert (world.counts()["blocks"], world.counts()["blobs"]) == (0, 0)


def test_removing_and_sweeping_gives_back_everything(world: VaultWorld) -> None:
    empty = world.counts()
    world.tree.make_folder(at("/a/b/c"), parents=True)
    for number in range(5):
        write(world.tree, f"/a/b/{number}", pattern(BLOCK + number * 1000, seed=number))
    write(world.tree, "/a/b/0", NEW)
    world.tree.copy(at("/a"), at("/z"))
    world.tree.remove(at("/a"), recursive=True)
    world.tree.remove(at("/z"), recursive=True)
    world.sweep_all()
    assert world.counts() == empty
    assert (world.tree.usage().bytes, world.tree.usage().files) == (0, 0)


def test_a_file_moved_over_another_takes_its_place_and_its_space_comes_back(world: VaultWorld) -> None:
    write(world.tree, "/f", OLD)
    write(world.tree, "/g", pattern(2 * BLOCK))
    world.tree.move(at("/f"), at("/g"), conflict=Conflict.OVERWRITE)
    world.sweep_all()
    assert world.counts() == {"nodes": 2, "versions": 1, "blocks": 1, "blobs": 0}
    assert (world.tree.usage().bytes, world.tree.usage().files) == (len(OLD), 1)


@pytest.mark.parametrize("limit", [-1, 0, 10_001])
def test_a_page_of_no_sensible_size_is_refused(world: VaultWorld, limit: int) -> None:
    with pytest.raises(InvalidRequestError):
        world.tree.list(at("/"), limit=limit)


def test_a_cursor_of_another_order_is_refused(world: VaultWorld) -> None:
    for name in "abc":
        write(world.tree, f"/{name}")
    for given in SortKey:
        cursor = world.tree.list(at("/"), sort=given, limit=1).cursor
        for asked in SortKey:
            if asked is given:
                assert len(world.tree.list(at("/"), sort=asked, cursor=cursor).entries) == 2
            else:
                with pytest.raises(InvalidRequestError):
                    world.tree.list(at("/"), sort=asked, cursor=cursor)


def test_an_altered_cursor_is_refused_or_means_another_place(world: VaultWorld) -> None:
    for name in "abc":
        write(world.tree, f"/{name}")
    cursor = world.tree.list(at("/"), limit=1).cursor
    assert cursor
    for wrong in (cursor + "=", cursor + "A", " " + cursor, cursor[:-1], cursor[1:], cursor + "\n"):
        with pytest.raises(InvalidRequestError):
            world.tree.list(at("/"), cursor=wrong)


def test_a_folder_is_modified_when_names_in_it_come_go_or_change(world: VaultWorld) -> None:
    tree = world.tree
    tree.make_folder(at("/d"))
    tree.make_folder(at("/e"))

    def touched(path: str) -> bool:
        return tree.stat(at(path)).modified_us == world.clock.now_us()

    world.clock.advance(1)
    write(tree, "/d/f", OLD)
    assert (touched("/d"), touched("/")) == (True, False)
    world.clock.advance(1)
    write(tree, "/d/f", NEW)  # the content is the file's own affair
    assert not touched("/d")
    tree.move(at("/d/f"), at("/e/f"))
    assert (touched("/d"), touched("/e")) == (True, True)
    world.clock.advance(1)
    tree.remove(at("/e/f"))
    assert (touched("/e"), touched("/d")) == (True, False)
    world.clock.advance(1)
    tree.make_folder(at("/d/x/y"), parents=True)
    assert (touched("/d"), touched("/d/x"), touched("/e")) == (True, True, False)


def test_a_drive_that_is_gone_has_no_files(world: VaultWorld) -> None:
    world.catalog.write(lambda tx: tx.drives.delete(world.drive.id))
    for act in (
        lambda: world.tree.stat(at("/")),
        lambda: world.tree.list(at("/")),
        lambda: world.tree.draft(at("/f")),
        world.tree.usage,
    ):
        with pytest.raises(NotFoundError):
            act()


def test_an_unusual_tree_survives_a_reopening(tmp_path: Path) -> None:
    with vault_world(tmp_path) as world:
        write(world.tree, "/می‌خواهم", pattern(2 * BLOCK + 1))
        keys, drive = world.keys, world.drive
    with vault_world(tmp_path) as again:
        again.keys, again.drive = keys, drive
        assert read(again.tree_on(), "/می‌خواهم") == pattern(2 * BLOCK + 1)


@pytest.mark.parametrize("change", ["remove", "replace"])
def test_a_file_that_goes_in_the_instant_of_its_opening_is_gone_or_the_new_one(world: VaultWorld, change: str) -> None:
    """The sweep may run between the look into the catalog and the lease on what was found there."""
    write(world.tree, "/f", pattern(3 * BLOCK))

    class Interrupted:
        def __init__(self) -> None:
            self.reads = 0

        def read(self, work: Callable[[CatalogTx], T]) -> T:
            found = world.catalog.read(work)
            self.reads += 1
            if self.reads == 1:
                world.tree.remove(at("/f"))
                if change == "replace":
                    write(world.tree, "/f", pattern(2 * BLOCK, seed=2))
                world.sweep_all()
            return found

        def write(self, work: Callable[[CatalogTx], T]) -> T:
            raise AssertionError("opening a file changes nothing")

        def close(self) -> None:
            pass

    tree = world.tree_on(catalog=Interrupted())
    if change == "remove":
        with pytest.raises(NotFoundError):
            tree.open(at("/f"))
    else:
        assert read(tree, "/f") == pattern(2 * BLOCK, seed=2)
