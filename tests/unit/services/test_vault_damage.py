"""What somebody who can write to the disk cannot do: have altered content delivered (attacks 54 and 56)."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import BlockDamagedError, SecureFileTransferError
from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.seal.block import FRAME_SIZE, HEADER, TAG_SIZE
from secure_file_transfer.testing.contracts.tree_kit import at, pattern, read, write
from secure_file_transfer.testing.vault_world import VaultWorld, vault_world

BLOCK = 200 * KIB
"""Four frames, the last one shorter."""
DATA = pattern(2 * BLOCK + 5000)
"""Two large blocks, and a small one that is kept in the catalog."""
STEP = FRAME_SIZE + TAG_SIZE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path, block_size=BLOCK) as world:
        write(world.tree, "/f", DATA)
        yield world


def delivered(world: VaultWorld, path: str = "/f") -> tuple[bytes, SecureFileTransferError | None]:
    """All that a reader gets, piece by piece, and how it ends."""
    got = b""
    try:
        content = world.tree.open(at(path))
    except SecureFileTransferError as error:
        return got, error
    try:
        for piece in content.chunks(0, content.entry.size):
            got += piece
    except SecureFileTransferError as error:
        return got, error
    finally:
        content.close()
    return got, None


def flip(path: Path, offset: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


def refused(world: VaultWorld, path: str = "/f") -> bytes:
    """That the file ends in a report of damage; the true bytes that came before it."""
    got, error = delivered(world, path)
    assert isinstance(error, BlockDamagedError), error
    assert "/f" in str(error)
    assert error.hint
    assert DATA.startswith(got)
    assert len(got) < len(DATA)
    return got


SEALED = len(HEADER) + BLOCK + 4 * TAG_SIZE
PLACES = {
    "first byte of the header": 0,
    "version in the header": len(HEADER) - 1,
    "first byte of the content": len(HEADER),
    "last byte of the first frame": len(HEADER) + FRAME_SIZE - 1,
    "first tag": len(HEADER) + FRAME_SIZE,
    "second frame": len(HEADER) + STEP,
    "last frame": len(HEADER) + 3 * STEP,
    "last byte of the last tag": SEALED - 1,
}


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("number", [0, 1])
def test_one_flipped_bit_in_any_stored_block_is_reported_and_never_delivered(
    world: VaultWorld, place: str, number: int
) -> None:
    blobs = world.blobs()
    assert [blob.stat().st_size for blob in blobs] == [SEALED, SEALED]
    bit = secrets.randbelow(8)
    print("bit", bit)
    flip(blobs[number], PLACES[place], bit)
    assert len(refused(world)) in {0, BLOCK}


@pytest.mark.parametrize("offset", [0, 8, 2000, 5023])
def test_one_flipped_bit_in_a_small_block_is_reported_and_never_delivered(world: VaultWorld, offset: int) -> None:
    ((num, data),) = world.sql("SELECT num, data FROM inline_blocks")
    assert len(data) == len(HEADER) + 5000 + TAG_SIZE
    changed = bytearray(data)
    changed[offset] ^= 16
    world.sql("UPDATE inline_blocks SET data = ? WHERE num = ?", bytes(changed), num)
    assert refused(world) == DATA[: 2 * BLOCK]


DAMAGE: dict[str, Callable[[Path, Path], object]] = {
    "cut by a byte": lambda a, b: a.write_bytes(a.read_bytes()[:-1]),
    "cut at a frame": lambda a, b: a.write_bytes(a.read_bytes()[: len(HEADER) + 3 * STEP]),
    "empty": lambda a, b: a.write_bytes(b""),
    "a byte longer": lambda a, b: a.write_bytes(a.read_bytes() + b"\0"),
    "frames of another block": lambda a, b: a.write_bytes(
        a.read_bytes()[: len(HEADER) + STEP] + b.read_bytes()[len(HEADER) + STEP :]
    ),
    "frames in another order": lambda a, b: a.write_bytes(
        (d := a.read_bytes())[: len(HEADER)]
        + d[len(HEADER) + STEP : len(HEADER) + 2 * STEP]
        + d[len(HEADER) : len(HEADER) + STEP]
        + d[len(HEADER) + 2 * STEP :]
    ),
    "the other block": lambda a, b: a.write_bytes(b.read_bytes()),
    "gone": lambda a, b: a.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
@pytest.mark.parametrize("number", [0, 1])
def test_a_block_that_was_cut_grown_spliced_swapped_or_lost_is_refused(
    world: VaultWorld, damage: str, number: int
) -> None:
    blobs = world.blobs()
    DAMAGE[damage](blobs[number], blobs[1 - number])
    assert len(refused(world)) in {0, BLOCK}


def test_a_range_is_refused_only_if_it_needs_a_damaged_frame(world: VaultWorld) -> None:
    first = next(path for path in world.blobs() if path.name == world.keys.block_id(DATA[:BLOCK]).hex())
    flip(first, len(HEADER) + STEP + 10)  # the second frame
    assert read(world.tree, "/f", 0, FRAME_SIZE) == DATA[:FRAME_SIZE]
    assert read(world.tree, "/f", 2 * FRAME_SIZE, 5000) == DATA[2 * FRAME_SIZE :][:5000]
    for offset, length in ((FRAME_SIZE, 1), (FRAME_SIZE - 1, 2), (2 * FRAME_SIZE - 1, 1), (0, BLOCK)):
        with pytest.raises(BlockDamagedError):
            read(world.tree, "/f", offset, length)


def test_sending_a_damaged_file_again_repairs_it(world: VaultWorld) -> None:
    one, two = world.blobs()
    flip(one, 1000)
    two.unlink()
    refused(world)
    write(world.tree, "/again", DATA)
    assert read(world.tree, "/f") == read(world.tree, "/again") == DATA


# --- rows of the catalog ----------------------------------------------------------------------------------------


ROWS = {
    "size": "UPDATE versions SET size = size - 1",
    "size in both rows": "UPDATE versions SET size = size - 1; UPDATE nodes SET size = size - 1 WHERE kind = 1",
    "digest": "UPDATE versions SET sha256 = zeroblob(32)",
    "digest in both rows": "UPDATE versions SET sha256 = zeroblob(32); UPDATE nodes SET sha256 = zeroblob(32)",
    "time of creation": "UPDATE versions SET created_us = created_us - 1",
    "mac": "UPDATE versions SET mac = zeroblob(32)",
    "empty mac": "UPDATE versions SET mac = x''",
    "manifest without its last entry": "UPDATE versions SET manifest = substr(manifest, 1, length(manifest) - 36)",
    "manifest in another order": (
        "UPDATE versions SET manifest ="
        " CAST(substr(manifest, 37, 36) || substr(manifest, 1, 36) || substr(manifest, 73) AS BLOB)"
    ),
    "manifest with half an entry": "UPDATE versions SET manifest = substr(manifest, 1, length(manifest) - 18)",
    "empty manifest": "UPDATE versions SET manifest = x''",
    "size of the node": "UPDATE nodes SET size = size + 1 WHERE kind = 1",
    "digest of the node": "UPDATE nodes SET sha256 = zeroblob(32) WHERE kind = 1",
    "no version": "UPDATE nodes SET version_id = NULL WHERE kind = 1",
    "a version that is not there": "UPDATE nodes SET version_id = 4711 WHERE kind = 1",
    "number of the version": "UPDATE versions SET id = 99; UPDATE nodes SET version_id = 99 WHERE kind = 1",
}


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize("verb", ["read", "copy"])
def test_an_altered_row_is_refused(world: VaultWorld, row: str, verb: str) -> None:
    for statement in ROWS[row].split(";"):
        world.sql(statement)
    if verb == "read":
        assert refused(world) == b""
    else:  # a copy must not sign anew what was altered
        with pytest.raises(BlockDamagedError):
            world.tree.copy(at("/f"), at("/copy"))


def test_another_files_content_put_under_a_name_is_refused(world: VaultWorld) -> None:
    write(world.tree, "/salary", pattern(len(DATA), seed=7))
    ((version, sha256),) = world.sql("SELECT version_id, sha256 FROM nodes WHERE name = 'salary'")
    world.sql("UPDATE nodes SET version_id = ?, sha256 = ? WHERE name = 'f'", version, sha256)
    assert refused(world) == b""
    # Nor does it help to make the version believe that it belongs there.
    world.sql("UPDATE versions SET node_id = (SELECT id FROM nodes WHERE name = 'f') WHERE id = ?", version)
    assert refused(world) == b""


def test_a_version_rolled_back_to_what_it_replaced_is_refused(world: VaultWorld) -> None:
    columns = "node_id, size, sha256, created_us, manifest, mac"
    ((_, *old),) = world.sql(f"SELECT id, {columns} FROM versions")  # noqa: S608 - names of ours
    write(world.tree, "/f", pattern(len(DATA), seed=3))
    names = [name.strip() for name in columns.split(",")]
    world.sql(f"UPDATE versions SET {', '.join(name + ' = ?' for name in names)}", *old)  # noqa: S608
    world.sql("UPDATE nodes SET sha256 = ?, size = ? WHERE name = 'f'", old[2], old[1])
    assert refused(world) == b""


def test_the_block_of_another_drive_does_not_open(world: VaultWorld, tmp_path: Path) -> None:
    with vault_world(tmp_path / "other", block_size=BLOCK) as other:
        write(other.tree, "/f", DATA)
        ours, theirs = world.keys.block_id(DATA[:BLOCK]), other.keys.block_id(DATA[:BLOCK])
        assert ours != theirs  # equal content does not show across drives
        world.disk.put(ours.hex(), other.disk.get(theirs.hex()))
    assert refused(world) == b""


def test_damage_that_shows_in_the_middle_ends_the_content_there(world: VaultWorld) -> None:
    content = world.tree.open(at("/f"))
    pieces = content.chunks(0, len(DATA))
    assert next(pieces) == DATA[:BLOCK]
    for blob in world.blobs():
        flip(blob, SEALED // 2)
    with pytest.raises(BlockDamagedError, match="Block 2 of '/f'"):
        next(pieces)
    assert list(pieces) == []
    content.close()


@pytest.mark.parametrize(("frame", "whole_parts"), [(0, 0), (17, 1), (47, 2)])
def test_a_large_block_is_opened_in_parts_and_none_of_a_damaged_part_is_given(
    tmp_path: Path, frame: int, whole_parts: int
) -> None:
    data = pattern(3 * MIB)
    with vault_world(tmp_path, block_size=3 * MIB) as world:
        write(world.tree, "/f", data)
        content = world.tree.open(at("/f"))
        assert {len(piece) for piece in content.chunks(0, len(data))} == {MIB}
        assert b"".join(content.chunks(MIB - 1, MIB + 2)) == data[MIB - 1 : 2 * MIB + 1]
        content.close()
        [blob] = world.blobs()
        flip(blob, len(HEADER) + frame * STEP + 1)
        got, error = delivered(world)
        assert isinstance(error, BlockDamagedError)
        assert got == data[: whole_parts * MIB]
