import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.errors import BlockDamagedError
from secure_file_transfer.model import BLOCK_SIZE_MAX, BlockId, BlockRef, Manifest
from secure_file_transfer.seal.manifest import ENTRY_SIZE, decode_manifest, encode_manifest

ID = BlockId(bytes(range(32)))
refs = st.builds(
    BlockRef, st.binary(min_size=32, max_size=32).map(BlockId), st.integers(min_value=1, max_value=BLOCK_SIZE_MAX)
)


@given(st.lists(refs, max_size=50).map(tuple))
def test_what_was_encoded_decodes_to_the_same(manifest: Manifest) -> None:
    data = encode_manifest(manifest)
    assert len(data) == ENTRY_SIZE * len(manifest) == 36 * len(manifest)
    assert decode_manifest(data) == manifest


@given(st.lists(st.binary(min_size=33, max_size=33), max_size=8), st.binary(max_size=40))
def test_every_accepted_manifest_encodes_back_to_the_same_bytes(entries: list[bytes], rest: bytes) -> None:
    # A zero in front of three bytes: lengths that are in bounds often enough for both sides to be tried.
    data = b"".join(entry[:30] + b"\x00\x01" + b"\x00" + entry[30:] for entry in entries) + rest
    try:
        manifest = decode_manifest(data)
    except BlockDamagedError:
        assert len(data) % 36 or any(
            not 1 <= int.from_bytes(data[at + 32 : at + 36], "big") <= BLOCK_SIZE_MAX for at in range(0, len(data), 36)
        )
    else:
        assert encode_manifest(manifest) == data


def test_an_empty_file_has_an_empty_manifest() -> None:
    assert encode_manifest(()) == b""
    assert decode_manifest(b"") == ()


@pytest.mark.parametrize("size", [1, 35, 37, 71, 73])
def test_a_piece_of_an_entry_is_damage(size: int) -> None:
    with pytest.raises(BlockDamagedError, match=str(size)):
        decode_manifest(bytes(size))


@pytest.mark.parametrize("length", [0, BLOCK_SIZE_MAX + 1, 0xFFFFFFFF])
def test_a_length_that_no_block_has_is_damage(length: int) -> None:
    good = encode_manifest((BlockRef(ID, 1),))
    with pytest.raises(BlockDamagedError, match=str(length)):
        decode_manifest(good + ID + length.to_bytes(4, "big"))


@pytest.mark.parametrize(
    "ref",
    [
        BlockRef(BlockId(ID[:31]), 1),
        BlockRef(BlockId(ID + b"\x00"), 1),
        BlockRef(ID, 0),
        BlockRef(ID, -1),
        BlockRef(ID, BLOCK_SIZE_MAX + 1),
    ],
)
def test_what_cannot_be_decoded_is_not_encoded(ref: BlockRef) -> None:
    with pytest.raises(ValueError, match="not a manifest entry"):
        encode_manifest((BlockRef(ID, 1), ref))
