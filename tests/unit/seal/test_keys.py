import copy
import hashlib
import hmac
import pickle
from typing import Any

import pytest

from secure_file_transfer.errors import BlockDamagedError, ConfigurationError, WrongKeyError
from secure_file_transfer.model import BlockId, BlockRef, DriveId, NodeId, TimeUs, VersionId
from secure_file_transfer.seal.keys import (
    SALT_SIZE,
    WRAPPED_SIZE,
    DriveKeys,
    MasterKey,
    PassphraseParams,
    new_secret,
    wrapped_with,
)

SECRET = hashlib.sha256(b"secret").digest()
OTHER = hashlib.sha256(b"other").digest()
ONE, TWO = BlockRef(BlockId(SECRET), 1000), BlockRef(BlockId(OTHER), 2000)
CHEAP = PassphraseParams(memory_kib=64, passes=1, lanes=1)
VERSION: dict[str, Any] = {
    "node_id": NodeId(1),
    "version_id": VersionId(2),
    "size": 3000,
    "sha256": hashlib.sha256(b"content").digest(),
    "created_us": TimeUs(4),
    "manifest": (ONE, TWO),
}


# --- drive keys -------------------------------------------------------------------------------------------------


def test_an_id_depends_on_the_content_and_on_the_drive() -> None:
    keys, others = DriveKeys(SECRET), DriveKeys(OTHER)
    assert len(keys.block_id(b"x")) == 32
    assert keys.block_id(b"x") == DriveKeys(SECRET).block_id(bytearray(b"x")) == keys.block_id(memoryview(b"x"))
    assert len({keys.block_id(b"x"), keys.block_id(b"y"), keys.block_id(b""), others.block_id(b"x")}) == 4


def test_a_block_key_depends_on_the_id_and_on_the_drive() -> None:
    keys, others = DriveKeys(SECRET), DriveKeys(OTHER)
    made = {keys.block_key(ONE.id), keys.block_key(TWO.id), others.block_key(ONE.id)}
    assert len(made) == 3
    assert {len(key) for key in made} == {32}
    with pytest.raises(ValueError, match="32 bytes"):
        keys.block_key(BlockId(b"short"))


def test_a_totp_secret_depends_on_the_salt_and_on_the_drive() -> None:
    made = {keys.totp_secret(salt) for keys in (DriveKeys(SECRET), DriveKeys(OTHER)) for salt in (b"a" * 16, b"b" * 16)}
    assert len(made) == 4
    assert {len(each) for each in made} == {20}
    # By hand, from RFC 5869.
    root = hmac.digest(bytes(32), SECRET, "sha256")
    info = b"secure-file-transfer/v1/totp-secret\x00" + b"a" * 16
    assert DriveKeys(SECRET).totp_secret(b"a" * 16) == hmac.digest(root, info + b"\x01", "sha256")[:20]


def test_generated_keys_differ() -> None:
    assert DriveKeys.generate().block_id(b"x") != DriveKeys.generate().block_id(b"x")
    assert len({new_secret() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("node_id", NodeId(9)),
        ("version_id", VersionId(9)),
        ("size", 2999),
        ("sha256", bytes(32)),
        ("created_us", TimeUs(5)),
        ("manifest", (TWO, ONE)),
        ("manifest", (ONE,)),
        ("manifest", (ONE, TWO, TWO)),
        ("manifest", ()),
        ("manifest", (ONE, BlockRef(TWO.id, 2001))),
        ("manifest", (ONE, BlockRef(ONE.id, 2000))),
    ],
)
def test_a_version_row_that_was_changed_has_another_mac(field: str, value: object) -> None:
    # Attack 56: a row is rolled back, or pointed to other blocks.
    keys = DriveKeys(SECRET)
    mac = keys.manifest_mac(**VERSION)
    assert len(mac) == 32
    assert mac == DriveKeys(SECRET).manifest_mac(**VERSION)
    assert mac != keys.manifest_mac(**{**VERSION, field: value})


def test_a_mac_of_another_drive_differs() -> None:
    assert DriveKeys(SECRET).manifest_mac(**VERSION) != DriveKeys(OTHER).manifest_mac(**VERSION)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sha256", bytes(31)),
        ("sha256", bytes(33)),
        ("sha256", "0" * 32),
        ("size", 1 << 63),
        ("node_id", "1"),
        ("created_us", None),
    ],
)
def test_a_row_without_the_form_of_a_version_is_damage(field: str, value: object) -> None:
    with pytest.raises(BlockDamagedError, match="version 2"):
        DriveKeys(SECRET).manifest_mac(**{**VERSION, field: value})


# --- the master key ---------------------------------------------------------------------------------------------


def test_the_id_of_a_key_is_public_and_stable() -> None:
    key = MasterKey(SECRET)
    assert key.id == MasterKey(SECRET).id != MasterKey(OTHER).id
    assert len(key.id) == 16
    assert key.id not in SECRET.hex()
    assert MasterKey.generate().id != MasterKey.generate().id


def test_a_wrapped_key_opens_again_and_never_looks_the_same() -> None:
    key = MasterKey(SECRET)
    wrapped = [key.wrap(DriveId(7), OTHER) for _ in range(50)]
    assert len(set(wrapped)) == 50
    assert {len(w) for w in wrapped} == {WRAPPED_SIZE}
    assert all(key.unwrap(DriveId(7), w) == OTHER and wrapped_with(w) == key.id for w in wrapped)
    assert not any(OTHER[:8] in w for w in wrapped)


def test_a_wrapped_key_is_bound_to_its_drive() -> None:
    key = MasterKey(SECRET)
    with pytest.raises(BlockDamagedError, match="drive 8"):
        key.unwrap(DriveId(8), key.wrap(DriveId(7), OTHER))


def test_the_wrong_master_key_is_told_from_damage_and_both_are_named() -> None:
    right, wrong = MasterKey(SECRET), MasterKey(OTHER)
    with pytest.raises(WrongKeyError) as caught:
        wrong.unwrap(DriveId(7), right.wrap(DriveId(7), OTHER))
    assert right.id in str(caught.value)
    assert wrong.id in str(caught.value)


def test_any_flipped_bit_of_a_wrapped_key_is_noticed() -> None:
    key = MasterKey(SECRET)
    wrapped = key.wrap(DriveId(7), OTHER)
    for at in range(len(wrapped)):
        for bit in range(8):
            broken = wrapped[:at] + bytes([wrapped[at] ^ 1 << bit]) + wrapped[at + 1 :]
            with pytest.raises(WrongKeyError if 8 <= at < 16 else BlockDamagedError):
                key.unwrap(DriveId(7), broken)


@pytest.mark.parametrize("wrapped", [b"", b"x", bytes(WRAPPED_SIZE)])
def test_what_was_never_wrapped_is_damage(wrapped: bytes) -> None:
    with pytest.raises(BlockDamagedError):
        wrapped_with(wrapped)


def test_a_key_survives_being_written_down() -> None:
    key = MasterKey(SECRET)
    text = key.to_text()
    assert text.startswith("sft-master-1-")
    assert MasterKey.from_text(f"  {text}\r\n").id == key.id
    assert MasterKey.from_text(text).to_text() == text


def test_every_single_typing_error_is_a_typing_error_and_not_another_key() -> None:
    text = MasterKey(SECRET).to_text()
    for at in range(len(text)):
        for char in "a7-A ":
            if text[at] == char:
                continue
            with pytest.raises(ConfigurationError) as caught:
                MasterKey.from_text(text[:at] + char + text[at + 1 :])
            assert text[20:40] not in f"{caught.value}{caught.value.hint}"


def test_a_passphrase_gives_one_key_however_it_was_typed() -> None:
    salt = bytes(SALT_SIZE)
    composed = MasterKey.from_passphrase("caf\u00e9 au lait", salt, CHEAP)
    assert composed.id == MasterKey.from_passphrase("cafe\u0301 au lait", salt, CHEAP).id
    assert composed.id != MasterKey.from_passphrase("cafe au lait", salt, CHEAP).id
    assert composed.id != MasterKey.from_passphrase("caf\u00e9 au lait", b"\x01" * SALT_SIZE, CHEAP).id
    assert composed.id != MasterKey.from_passphrase("caf\u00e9 au lait", salt, PassphraseParams(64, 2, 1)).id


def test_the_default_costs_are_those_of_the_rfc() -> None:
    assert PassphraseParams() == PassphraseParams(memory_kib=65536, passes=3, lanes=4)


@pytest.mark.parametrize(
    "costs",
    [(0, 1, 1), (7, 1, 1), (64, 0, 1), (64, 101, 1), (64, 1, 0), (64, 1, 65), (63, 1, 8), ((4 << 20) + 1, 1, 1)],
)
def test_costs_beyond_reason_are_refused(costs: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigurationError, match="Argon2id"):
        PassphraseParams(*costs)


def test_a_salt_of_another_size_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="salt"):
        MasterKey.from_passphrase("x", b"short", CHEAP)


# --- both -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_secret_of_another_size_is_refused(size: int) -> None:
    for make in (DriveKeys, MasterKey):
        with pytest.raises(ValueError, match="32 bytes"):
            make(bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(SECRET).wrap(DriveId(1), bytes(size))


@pytest.mark.parametrize("key", [DriveKeys(SECRET), MasterKey(SECRET)], ids=["drive", "master"])
def test_no_key_shows_its_secrets_or_lets_itself_be_written_by_accident(key: DriveKeys | MasterKey) -> None:
    slots = [getattr(key, name) for name in type(key).__slots__ if name != "id"]
    assert SECRET in slots or isinstance(key, DriveKeys)
    for shown in (repr(key), str(key), f"{key}", f"{[key]}"):
        for secret in [SECRET, *slots]:
            assert secret.hex() not in shown
            assert repr(secret)[2:12] not in shown
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not for pickling"):
            write(key)
    assert not hasattr(key, "__dict__")
