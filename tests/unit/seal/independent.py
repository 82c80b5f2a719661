"""The seal format once more, written from docs/seal-format.md alone: it shares no line with the product.

Slow and plain on purpose. It opens; the one thing it makes are block ids, keys and MACs.
"""

import base64
import hashlib
import hmac
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class Refused(Exception):  # noqa: N818 - the page says "refuses"
    pass


def extract(secret: bytes) -> bytes:
    return hmac.new(bytes(32), secret, hashlib.sha256).digest()


def expand(prk: bytes, info: bytes, size: int = 32) -> bytes:
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:size]


def label(name: str) -> bytes:
    return b"secure-file-transfer/v1/" + name.encode() + b"\x00"


def gcm_open(key: bytes, nonce: bytes, data: bytes, aad: bytes) -> bytes:
    if len(data) < 16:
        raise Refused("no tag")
    decryptor = Cipher(algorithms.AES256(key), modes.GCM(nonce, data[-16:])).decryptor()
    decryptor.authenticate_additional_data(aad)
    try:
        return decryptor.update(data[:-16]) + decryptor.finalize()
    except InvalidTag:
        raise Refused("tag") from None


def block_id(drive_key: bytes, plain: bytes) -> bytes:
    return blake3(plain, key=expand(extract(drive_key), label("block-id"))).digest()


def block_key(drive_key: bytes, ident: bytes) -> bytes:
    return expand(extract(drive_key), label("block-key") + ident)


def open_block(key: bytes, sealed: bytes) -> bytes:
    header = b"SFTSEAL\x01"
    if sealed[:8] != header:
        raise Refused("header")
    rest, frames = sealed[8:], []
    while rest:
        frames.append(rest[:65552])
        rest = rest[65552:]
    if not frames:
        raise Refused("no frame")
    plain = b""
    for number, frame in enumerate(frames):
        is_last = number == len(frames) - 1
        opened = gcm_open(key, number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00"), frame, header)
        if not opened and len(frames) > 1:
            raise Refused("empty frame in a block that is not")
        plain += opened
    if len(plain) > 16 * 1024 * 1024:
        raise Refused("too large")
    return plain


def decode_manifest(data: bytes) -> list[tuple[bytes, int]]:
    if len(data) % 36:
        raise Refused("size")
    entries = [(data[at : at + 32], int.from_bytes(data[at + 32 : at + 36], "big")) for at in range(0, len(data), 36)]
    if any(not 1 <= length <= 16777216 for _, length in entries):
        raise Refused("length")
    return entries


def manifest_mac(
    drive_key: bytes, *, node_id: int, version_id: int, size: int, sha256: bytes, created_us: int, manifest: bytes
) -> bytes:
    numbers = [number.to_bytes(8, "big", signed=True) for number in (node_id, version_id, size, created_us)]
    said = label("manifest-mac") + b"".join(numbers[:3]) + sha256 + numbers[3] + manifest
    return hmac.new(expand(extract(drive_key), label("manifest-mac")), said, hashlib.sha256).digest()


def key_id(master: bytes) -> str:
    return expand(extract(master), label("master-key-id"), 8).hex()


def unwrap(master: bytes, drive_id: int, wrapped: bytes) -> bytes:
    if len(wrapped) != 76 or wrapped[:8] != b"SFTWRAP\x01":
        raise Refused("form")
    if wrapped[8:16].hex() != key_id(master):
        raise Refused("wrong_key")
    aad = label("drive-key-wrap") + wrapped[:16] + drive_id.to_bytes(8, "big", signed=True)
    return gcm_open(expand(extract(master), label("drive-key-wrap")), wrapped[16:28], wrapped[28:], aad)


def key_from_text(text: str) -> bytes:
    head, digits = text.strip()[:13], text.strip()[13:]
    if head != "sft-master-1-" or len(digits) != 56 or set(digits) - set("abcdefghijklmnopqrstuvwxyz234567"):
        raise Refused("form")
    raw = base64.b32decode(digits.upper())
    if hashlib.sha256(label("master-key-text") + raw[:32]).digest()[:3] != raw[32:]:
        raise Refused("checksum")
    return raw[:32]


def key_from_passphrase(passphrase: str, salt: bytes, memory_kib: int, passes: int, lanes: int) -> bytes:
    said = unicodedata.normalize("NFC", passphrase).encode()
    return hash_secret_raw(said, salt, passes, memory_kib, lanes, 32, Type.ID, version=19)
