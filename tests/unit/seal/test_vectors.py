"""The published vectors, read by the product and by an implementation that was written from the specification."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from tests.unit.seal import independent
from tests.vectors.make_seal_vectors import vectors

from secure_file_transfer.errors import BlockDamagedError, ConfigurationError, WrongKeyError
from secure_file_transfer.model import BlockId, DriveId, NodeId, TimeUs, VersionId
from secure_file_transfer.seal.block import plaintext_size, seal, span, unseal, unseal_span
from secure_file_transfer.seal.keys import DriveKeys, MasterKey, PassphraseParams
from secure_file_transfer.seal.manifest import decode_manifest, encode_manifest

FOLDER = Path(__file__).parents[2] / "vectors" / "seal"
CORPUS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def of_kind(kind: str) -> pytest.MarkDecorator:
    chosen = [pytest.param(vector, id=name) for name, vector in CORPUS.items() if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", chosen)


def test_the_corpus_is_there_and_holds_each_kind_of_success_and_failure() -> None:
    counts = Counter((vector["kind"], vector["expect"]) for vector in CORPUS.values())
    assert counts == {
        ("block", "ok"): 8,
        ("block", "damaged"): 27,
        ("manifest", "ok"): 3,
        ("manifest", "damaged"): 5,
        ("mac", "ok"): 2,
        ("wrap", "ok"): 1,
        ("wrap", "damaged"): 7,
        ("wrap", "wrong_key"): 1,
        ("text", "ok"): 1,
        ("text", "refused"): 10,
        ("passphrase", "ok"): 3,
    }


def test_the_files_are_what_the_generator_makes() -> None:
    assert {path.name: path.read_text() for path in FOLDER.iterdir()} == vectors()


def test_keyed_blake3_is_the_published_one() -> None:
    # The first case of BLAKE3's own test vectors.
    digest = blake3(b"", key=b"whats the Elvish word for friend").hexdigest()
    assert digest == "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"


def plaintext(block: dict[str, Any]) -> bytes:
    return hashlib.shake_128(block["seed"].encode()).digest(block["size"])


def put_together(vector: dict[str, Any]) -> bytes:
    sealed = {name: seal(bytes.fromhex(b["key"]), plaintext(b)) for name, b in vector["blocks"].items()}
    return b"".join(
        bytes.fromhex(piece[1]) if piece[0] == "hex" else sealed[piece[0]][piece[1] : piece[2]]
        for piece in vector["pieces"]
    )


@of_kind("block")
def test_ids_keys_and_sealed_bytes_follow_from_the_drive_key(vector: dict[str, Any]) -> None:
    drive_key = bytes.fromhex(vector["drive_key"])
    keys = DriveKeys(drive_key)
    for block in vector["blocks"].values():
        plain = plaintext(block)
        ident, key = bytes.fromhex(block["id"]), bytes.fromhex(block["key"])
        assert keys.block_id(plain) == independent.block_id(drive_key, plain) == ident
        assert keys.block_key(BlockId(ident)) == independent.block_key(drive_key, ident) == key
        sealed = seal(key, plain)
        assert hashlib.sha256(sealed).hexdigest() == block["sealed_sha256"]
        assert independent.open_block(key, sealed) == plain


@of_kind("block")
def test_a_block_opens_or_gives_nothing(vector: dict[str, Any]) -> None:
    block = vector["blocks"][vector["with"]]
    key, data = bytes.fromhex(block["key"]), put_together(vector)
    if vector["expect"] == "ok":
        assert unseal(key, data) == independent.open_block(key, data) == plaintext(block)
        assert seal(key, plaintext(block)) == data
    else:
        with pytest.raises(BlockDamagedError):
            unseal(key, data)
        with pytest.raises(independent.Refused):
            independent.open_block(key, data)


@of_kind("block")
def test_a_range_over_everything_opens_or_gives_nothing(vector: dict[str, Any]) -> None:
    block = vector["blocks"][vector["with"]]
    key, data = bytes.fromhex(block["key"]), put_together(vector)
    wanted = span(block["size"], 0, block["size"])
    piece = data[wanted.offset : wanted.offset + wanted.length]
    # Damage outside of what a range reads is not the range's: the header's own bytes, and what lies behind the end.
    sealed = seal(key, plaintext(block))
    if piece == sealed[wanted.offset : wanted.offset + wanted.length]:
        assert unseal_span(key, wanted, piece) == plaintext(block)
    else:
        assert vector["expect"] == "damaged"
        with pytest.raises(BlockDamagedError):
            unseal_span(key, wanted, piece)


@of_kind("manifest")
def test_a_manifest_has_one_spelling(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["data"])
    if vector["expect"] == "ok":
        manifest = decode_manifest(data)
        assert [[ref.id.hex(), ref.length] for ref in manifest] == vector["entries"]
        assert [[ident.hex(), length] for ident, length in independent.decode_manifest(data)] == vector["entries"]
        assert encode_manifest(manifest) == data
    else:
        with pytest.raises(BlockDamagedError):
            decode_manifest(data)
        with pytest.raises(independent.Refused):
            independent.decode_manifest(data)


@of_kind("mac")
def test_a_version_has_the_mac_of_the_vector(vector: dict[str, Any]) -> None:
    drive_key, manifest = bytes.fromhex(vector["drive_key"]), bytes.fromhex(vector["manifest"])
    mac = DriveKeys(drive_key).manifest_mac(
        node_id=NodeId(vector["node_id"]),
        version_id=VersionId(vector["version_id"]),
        size=vector["size"],
        sha256=bytes.fromhex(vector["sha256"]),
        created_us=TimeUs(vector["created_us"]),
        manifest=decode_manifest(manifest),
    )
    again = independent.manifest_mac(
        drive_key,
        node_id=vector["node_id"],
        version_id=vector["version_id"],
        size=vector["size"],
        sha256=bytes.fromhex(vector["sha256"]),
        created_us=vector["created_us"],
        manifest=manifest,
    )
    assert mac.hex() == again.hex() == vector["mac"]


@of_kind("wrap")
def test_a_wrapped_key_opens_for_its_drive_and_master_key_only(vector: dict[str, Any]) -> None:
    master, wrapped, drive_id = (
        bytes.fromhex(vector["master_key"]),
        bytes.fromhex(vector["wrapped"]),
        vector["drive_id"],
    )
    key = MasterKey(master)
    assert key.id == independent.key_id(master) == vector["master_id"]
    if vector["expect"] == "ok":
        assert key.unwrap(DriveId(drive_id), wrapped).hex() == vector["secret"]
        assert independent.unwrap(master, drive_id, wrapped).hex() == vector["secret"]
        return
    error = WrongKeyError if vector["expect"] == "wrong_key" else BlockDamagedError
    with pytest.raises(error):
        key.unwrap(DriveId(drive_id), wrapped)
    with pytest.raises(independent.Refused) as refused:
        independent.unwrap(master, drive_id, wrapped)
    assert (str(refused.value) == "wrong_key") == (error is WrongKeyError)


@of_kind("text")
def test_a_key_text_is_read_or_refused(vector: dict[str, Any]) -> None:
    if vector["expect"] == "ok":
        assert independent.key_from_text(vector["text"]).hex() == vector["key"]
        key = MasterKey.from_text(vector["text"])
        assert (key.id, key.to_text()) == (vector["id"], vector["text"])
        return
    with pytest.raises(independent.Refused):
        independent.key_from_text(vector["text"])
    with pytest.raises(ConfigurationError) as refused:
        MasterKey.from_text(vector["text"])
    assert not vector["text"] or vector["text"] not in f"{refused.value} {refused.value.hint}"


@of_kind("passphrase")
def test_a_passphrase_gives_the_key_of_the_vector(vector: dict[str, Any]) -> None:
    salt = bytes.fromhex(vector["salt"])
    costs = {name: vector[name] for name in ("memory_kib", "passes", "lanes")}
    key = MasterKey.from_passphrase(vector["passphrase"], salt, PassphraseParams(**costs))
    assert key.id == vector["id"]
    assert independent.key_id(independent.key_from_passphrase(vector["passphrase"], salt, **costs)) == vector["id"]


def test_every_refused_block_size_is_refused_by_size_alone() -> None:
    assert plaintext_size(len(put_together(CORPUS["block-ok-three-frames"]))) == 3 * 65536
    for name in ("nothing", "header-only", "truncated-to-tag"):
        with pytest.raises(BlockDamagedError, match="which no sealed block has"):
            plaintext_size(len(put_together(CORPUS[f"block-bad-{name}"])))
