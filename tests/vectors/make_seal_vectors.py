"""Write the test vectors of the seal format: `python -m tests.vectors.make_seal_vectors`. Deterministic.

A file is one JSON object. `kind` says what it tries, `expect` what has to come out:

- `block`: `blocks` names sealed blocks: their plaintext is the first `size` bytes of SHAKE-128 over `seed`; `id`,
  `key` and `sealed_sha256` follow from the drive key. What to open is put together from `pieces`: slices `[block, from,
  to]` of those sealed blocks, or `["hex", digits]`. It is opened with the key of block `with`: `ok` gives that block's
  plaintext, `damaged` gives nothing.
- `manifest`: `data` decodes to `entries`, or is `damaged`.
- `mac`: the fields of a version and their `mac`.
- `wrap`: `wrapped` opens to `secret` with the master key and drive given; or it is the `wrong_key`, or `damaged`.
- `text`: a master key as text, the key and id it gives; or `refused`.
- `passphrase`: a passphrase, its salt and costs, and the id of the key they give.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from secure_file_transfer.model import BlockId, BlockRef, DriveId, NodeId, TimeUs, VersionId
from secure_file_transfer.seal.block import FRAME_SIZE, HEADER, TAG_SIZE, seal
from secure_file_transfer.seal.keys import DriveKeys, MasterKey, PassphraseParams
from secure_file_transfer.seal.manifest import encode_manifest

HERE = Path(__file__).parent / "seal"
STEP = FRAME_SIZE + TAG_SIZE
HEAD = len(HEADER)
Vector = dict[str, Any]
Piece = list[str | int]


def some(seed: str, size: int) -> bytes:
    """Bytes that anyone can make again."""
    return hashlib.shake_128(seed.encode()).digest(size)


DRIVE = some("drive key", 32)
SIZES = {
    "empty": 0,
    "one-byte": 1,
    "one-frame-less-one": FRAME_SIZE - 1,
    "one-frame": FRAME_SIZE,
    "one-frame-and-one": FRAME_SIZE + 1,
    "two-frames": 2 * FRAME_SIZE,
    "three-frames": 3 * FRAME_SIZE,
    "three-frames-and-some": 3 * FRAME_SIZE + 1234,
}


def _block(seed: str, size: int) -> tuple[bytes, Vector]:
    keys, plain = DriveKeys(DRIVE), some(seed, size)
    block_id = keys.block_id(plain)
    key = keys.block_key(block_id)
    sealed = seal(key, plain)
    row = {"seed": seed, "size": size, "id": block_id.hex(), "key": key.hex()}
    return sealed, row | {"sealed_sha256": hashlib.sha256(sealed).hexdigest()}


def _trial(expect: str, says: str, blocks: dict[str, tuple[str, int]], pieces: list[Piece]) -> Vector:
    return {
        "kind": "block",
        "expect": expect,
        "says": says,
        "drive_key": DRIVE.hex(),
        "blocks": {name: _block(*made_from)[1] for name, made_from in blocks.items()},
        "with": "a",
        "pieces": pieces,
    }


def _frames(name: str, *numbers: int) -> list[Piece]:
    return [[name, HEAD + number * STEP, HEAD + (number + 1) * STEP] for number in numbers]


def _good_blocks() -> dict[str, Vector]:
    made = {}
    for name, size in SIZES.items():
        sealed, _ = _block(name, size)
        vector = _trial("ok", f"{size} bytes", {"a": (name, size)}, [["a", 0, len(sealed)]])
        if len(sealed) < 100:
            vector["pieces"] = [["hex", sealed.hex()]]
        made[f"block-ok-{name}"] = vector
    return made


def _bad_blocks() -> dict[str, Vector]:
    three, twin = ("three-frames", 3 * FRAME_SIZE), ("another three", 3 * FRAME_SIZE)
    small, empty = ("small", 1000), ("empty", 0)
    head: Piece = ["a", 0, HEAD]
    mixed = [head, *_frames("a", 0), *_frames("b", 1), *_frames("a", 2)]
    end, to_tag, small_end = HEAD + 3 * STEP, HEAD + 2 * STEP + TAG_SIZE, HEAD + 1000 + TAG_SIZE

    def flipped(at: int) -> list[Piece]:
        byte = _block(*small)[0][at] ^ 1
        return [["a", 0, at], ["hex", f"{byte:02x}"], ["a", at + 1, small_end]]

    cases: dict[str, tuple[str, dict[str, tuple[str, int]], list[Piece]]] = {
        "nothing": ("no bytes at all", {"a": small}, []),
        "header-only": ("a header without a frame", {"a": empty}, [head]),
        "headless": ("frames without their header", {"a": small}, [["a", HEAD, small_end]]),
        "truncated-by-one": ("the last byte is missing", {"a": small}, [["a", 0, small_end - 1]]),
        "truncated-in-tag": ("cut in the middle of the last tag", {"a": small}, [["a", 0, small_end - 8]]),
        "truncated-at-frame": ("the last frame is missing", {"a": three}, [head, *_frames("a", 0, 1)]),
        "truncated-in-frame": ("cut within the second frame", {"a": three}, [["a", 0, HEAD + STEP + 5000]]),
        "truncated-to-tag": ("of the last frame only a tag is left", {"a": three}, [["a", 0, to_tag]]),
        "extended-by-one": ("a byte too many", {"a": small}, [["a", 0, small_end], ["hex", "00"]]),
        "extended-by-frame": ("the last frame again", {"a": three}, [["a", 0, end], *_frames("a", 2)]),
        "extended-by-empty-frame": ("a tag's worth of zeros behind", {"a": three}, [["a", 0, end], ["hex", "00" * 16]]),
        "reordered": ("the first two frames have changed places", {"a": three}, [head, *_frames("a", 1, 0, 2)]),
        "repeated": ("the first frame twice", {"a": three}, [head, *_frames("a", 0, 0, 2)]),
        "dropped": ("the middle frame is missing", {"a": three}, [head, *_frames("a", 0, 2)]),
        "first-dropped": ("the first frame is missing", {"a": three}, [head, *_frames("a", 1, 2)]),
        "last-first": ("a last frame in the middle", {"a": three}, [head, *_frames("a", 2, 1, 0)]),
        "spliced": ("the middle frame of another block", {"a": three, "b": twin}, mixed),
        "swapped": ("another block of the same drive", {"a": three, "b": twin}, [["b", 0, end]]),
        "flipped-magic": ("a bit of the magic", {"a": small}, flipped(0)),
        "flipped-version": ("another version", {"a": small}, flipped(HEAD - 1)),
        "flipped-first-byte": ("a bit of the first frame", {"a": small}, flipped(HEAD)),
        "flipped-last-byte": ("the last bit of the content", {"a": small}, flipped(HEAD + 999)),
        "flipped-tag": ("a bit of the tag", {"a": small}, flipped(small_end - 1)),
    }  # fmt: skip
    return {f"block-bad-{name}": _trial("damaged", *case) for name, case in cases.items()} | _own_nonces()


def _own_nonces() -> dict[str, Vector]:
    """Blocks sealed with the right key by somebody who does not follow the rules."""
    plain = some("small", 1000)
    _, row = _block("small", 1000)
    cipher = AESGCM(bytes.fromhex(row["key"]))
    one = b"\x00" * 10 + b"\x01"
    cases = {
        "no-last-flag": ("the only frame is not marked as the last", b"\x00" * 12, HEADER),
        "counter-from-one": ("counts from one", one + b"\x01", HEADER),
        "flag-not-one": ("marked as the last with another bit", b"\x00" * 11 + b"\x80", HEADER),
        "header-not-bound": ("the header is not authenticated", b"\x00" * 11 + b"\x01", b""),
    }
    return {
        f"block-bad-{name}": _trial(
            "damaged",
            says,
            {"a": ("small", 1000)},
            [["hex", (HEADER + cipher.encrypt(nonce, plain, aad)).hex()]],
        )
        for name, (says, nonce, aad) in cases.items()
    }


def _manifests() -> dict[str, Vector]:
    ids = [some(f"id {number}", 32).hex() for number in range(3)]
    good = {"empty": [], "one": [[ids[0], 1]], "three": [[ids[0], 4 << 20], [ids[1], 16 << 20], [ids[2], 77]]}
    made: dict[str, Vector] = {
        f"manifest-ok-{name}": {"kind": "manifest", "expect": "ok", "data": _encode(entries).hex(), "entries": entries}
        for name, entries in good.items()
    }
    one = _encode([[ids[0], 1]])
    bad = {
        "truncated": one[:-1],
        "extended": one + b"\x00",
        "zero-length": one[:32] + bytes(4),
        "too-long": one[:32] + ((16 << 20) + 1).to_bytes(4, "big"),
        "little-endian": one[:32] + (77).to_bytes(4, "little"),
    }
    return made | {
        f"manifest-bad-{name}": {"kind": "manifest", "expect": "damaged", "data": data.hex()}
        for name, data in bad.items()
    }


def _encode(entries: list[Any]) -> bytes:
    return encode_manifest(tuple(BlockRef(BlockId(bytes.fromhex(block_id)), length) for block_id, length in entries))


def _macs() -> dict[str, Vector]:
    made: dict[str, Vector] = {}
    for name, count in (("empty", 0), ("two-blocks", 2)):
        refs = tuple(BlockRef(BlockId(some(f"id {number}", 32)), 1000 + number) for number in range(count))
        size = sum(ref.length for ref in refs)
        digest = some("digest", 32)
        mac = DriveKeys(DRIVE).manifest_mac(
            node_id=NodeId(7),
            version_id=VersionId(1 << 40),
            size=size,
            sha256=digest,
            created_us=TimeUs(1_795_251_600_123_456),
            manifest=refs,
        )
        made[f"mac-ok-{name}"] = {
            "kind": "mac",
            "expect": "ok",
            "drive_key": DRIVE.hex(),
            "node_id": 7,
            "version_id": 1 << 40,
            "size": size,
            "sha256": digest.hex(),
            "created_us": 1_795_251_600_123_456,
            "manifest": encode_manifest(refs).hex(),
            "mac": mac.hex(),
        }
    return made


def _wraps() -> dict[str, Vector]:
    master, drive_id = some("master key", 32), DriveId(42)
    key = MasterKey(master)
    wrapped = _wrap_by_hand(key, drive_id, some("nonce", 12))
    assert key.unwrap(drive_id, wrapped) == DRIVE
    row: Vector = {"kind": "wrap", "master_key": master.hex(), "master_id": key.id, "drive_id": drive_id}
    stranger = MasterKey(some("other master key", 32))
    other_key = {"master_key": some("other master key", 32).hex(), "master_id": stranger.id}
    bad: dict[str, tuple[str, Vector]] = {
        "other-drive": ("damaged", {"drive_id": 43, "wrapped": wrapped.hex()}),
        "flipped-tag": ("damaged", {"wrapped": (wrapped[:-1] + bytes([wrapped[-1] ^ 1])).hex()}),
        "flipped-nonce": ("damaged", {"wrapped": (wrapped[:16] + bytes([wrapped[16] ^ 1]) + wrapped[17:]).hex()}),
        "flipped-magic": ("damaged", {"wrapped": (b"t" + wrapped[1:]).hex()}),
        "truncated": ("damaged", {"wrapped": wrapped[:-1].hex()}),
        "extended": ("damaged", {"wrapped": (wrapped + b"\x00").hex()}),
        "empty": ("damaged", {"wrapped": ""}),
        "other-key": ("wrong_key", {"wrapped": wrapped.hex(), **other_key}),
    }
    return {"wrap-ok": row | {"expect": "ok", "wrapped": wrapped.hex(), "secret": DRIVE.hex()}} | {
        f"wrap-bad-{name}": row | {"expect": expect} | change for name, (expect, change) in bad.items()
    }


def _wrap_by_hand(key: MasterKey, drive_id: int, nonce: bytes) -> bytes:
    """`MasterKey.wrap` with a nonce that is the same every time."""
    label = b"secure-file-transfer/v1/drive-key-wrap\x00"
    head = b"SFTWRAP\x01" + bytes.fromhex(key.id)
    cipher = AESGCM(key._wrap_key)  # the public way takes a random nonce
    return head + nonce + cipher.encrypt(nonce, DRIVE, label + head + drive_id.to_bytes(8, "big"))


def _texts() -> dict[str, Vector]:
    secret = some("master key", 32)
    text = MasterKey(secret).to_text()
    typo = text[:20] + ("a" if text[20] != "a" else "b") + text[21:]
    bad = {
        "typo": typo,
        "two-swapped": text[:30] + text[31] + text[30] + text[32:],
        "truncated": text[:-1],
        "extended": text + "a",
        "upper-case": text.upper(),
        "no-prefix": text.removeprefix("sft-master-1-"),
        "other-version": text.replace("-1-", "-2-"),
        "padded": text + "========",
        "not-base32": text[:-1] + "1",
        "empty": "",
    }
    row = {"kind": "text", "key": secret.hex(), "id": MasterKey(secret).id}
    return {"text-ok": row | {"expect": "ok", "text": text}} | {
        f"text-bad-{name}": {"kind": "text", "expect": "refused", "text": wrong} for name, wrong in bad.items()
    }


def _passphrases() -> dict[str, Vector]:
    salt, params = some("salt", 16), PassphraseParams(memory_kib=1024, passes=2, lanes=4)
    row = {"kind": "passphrase", "expect": "ok", "salt": salt.hex(), "memory_kib": 1024, "passes": 2, "lanes": 4}
    words = {
        "ascii": "correct horse battery staple",
        "composed": "caf\u00e9 گذرواژه",
        "decomposed": "cafe\u0301 گذرواژه",
    }
    return {
        f"passphrase-ok-{name}": row | {"passphrase": text, "id": MasterKey.from_passphrase(text, salt, params).id}
        for name, text in words.items()
    }


def vectors() -> dict[str, str]:
    """Every vector: file name and content."""
    made = _good_blocks() | _bad_blocks() | _manifests() | _macs() | _wraps() | _texts() | _passphrases()
    return {f"{name}.json": json.dumps(vector, indent=1, ensure_ascii=True) + "\n" for name, vector in made.items()}


def main() -> None:
    """Write them, and remove what no longer belongs there."""
    HERE.mkdir(exist_ok=True)
    made = vectors()
    for stale in HERE.glob("*.json"):
        if stale.name not in made:
            stale.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text)


if __name__ == "__main__":
    main()
