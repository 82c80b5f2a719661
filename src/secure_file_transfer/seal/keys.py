"""The keys of encryption at rest: the master key wraps the drives' keys, and a drive's key makes every other one.

    master key ─ wraps ─▶ drive key ─▶ block ids   (keyed BLAKE3: names on disk reveal nothing)
                                    ├▶ block keys  (one for each content, see `block`)
                                    ├▶ manifest MAC (one for each drive)
                                    └▶ the secret of its owner's second factor

Sub keys come from HKDF-SHA256 (RFC 5869) under labels of their own, so none of them says anything about another.
Specified in docs/seal-format.md.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
import unicodedata
from dataclasses import dataclass
from typing import Self

from argon2.low_level import Type, hash_secret_raw
from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from secure_file_transfer.errors import BlockDamagedError, ConfigurationError, WrongKeyError
from secure_file_transfer.model import GIB, KIB, BlockId, DriveId, Manifest, NodeId, TimeUs, VersionId

from .manifest import encode_manifest

Buffer = bytes | bytearray | memoryview

KEY_SIZE = 32
"""Bytes of every key here."""
TOTP_SECRET_SIZE = 20
SALT_SIZE = 16
"""Bytes of a passphrase's salt (RFC 9106, 3.1)."""

# Each label ends in NUL and none is a prefix of another, so a label followed by data cannot be mistaken.
_LABEL_BLOCK_ID = b"secure-file-transfer/v1/block-id\x00"
_LABEL_BLOCK_KEY = b"secure-file-transfer/v1/block-key\x00"
_LABEL_MANIFEST = b"secure-file-transfer/v1/manifest-mac\x00"
_LABEL_TOTP = b"secure-file-transfer/v1/totp-secret\x00"
_LABEL_LINK = b"secure-file-transfer/v1/link-secret\x00"
_LABEL_KEY_ID = b"secure-file-transfer/v1/master-key-id\x00"
_LABEL_WRAP = b"secure-file-transfer/v1/drive-key-wrap\x00"
_LABEL_TEXT = b"secure-file-transfer/v1/master-key-text\x00"

_VERSION_FIELDS = struct.Struct(">qqq32sq")
_DRIVE = struct.Struct(">q")

_TEXT_PREFIX = "sft-master-1-"
_CHECKSUM_SIZE = 3  # 32 + 3 bytes are exactly 56 characters of base 32, so there is one spelling
_TEXT_SIZE = 56

_WRAP_MAGIC = b"SFTWRAP\x01"
_ID_SIZE, _NONCE_SIZE, _TAG_SIZE = 8, 12, 16
WRAPPED_SIZE = len(_WRAP_MAGIC) + _ID_SIZE + _NONCE_SIZE + KEY_SIZE + _TAG_SIZE
"""Bytes of a wrapped drive key."""
_HINT = "The catalog is damaged: restore it from a backup."


def _check_size(what: str, secret: bytes) -> bytes:
    if len(secret) != KEY_SIZE:
        raise ValueError(f"{what} has {KEY_SIZE} bytes, not {len(secret)}")
    return bytes(secret)


class DriveKeys:
    """All keys of one drive, from its 32 secret bytes. Safe for many threads; holds no state that changes."""

    __slots__ = ("_block_root", "_id_key", "_mac_key")

    def __init__(self, secret: bytes) -> None:
        root = HKDF.extract(SHA256(), None, _check_size("a drive key", secret))
        self._block_root = root
        self._id_key = HKDFExpand(SHA256(), KEY_SIZE, _LABEL_BLOCK_ID).derive(root)
        self._mac_key = HKDFExpand(SHA256(), KEY_SIZE, _LABEL_MANIFEST).derive(root)

    @classmethod
    def generate(cls) -> Self:
        """Keys of a new drive that nobody will open again, as for a server without accounts."""
        return cls(new_secret())

    def __repr__(self) -> str:
        return "DriveKeys(…)"

    def __reduce__(self) -> str:
        raise TypeError("keys are not for pickling")

    def block_id(self, data: Buffer) -> BlockId:
        """The id of a block with this content: BLAKE3 keyed for this drive, 32 bytes. Releases the GIL when large."""
        return BlockId(blake3(data, key=self._id_key).digest())

    @property
    def naming_key(self) -> bytes:
        """The key of `block_id`, 32 bytes: for those who may read the whole drive, so that they can name blocks too.

        It opens nothing. Whoever has it can tell which block id belongs to a content that they already have.
        """
        return self._id_key

    def block_key(self, block_id: BlockId) -> bytes:
        """The key that seals the block of this id, and no other: 32 bytes."""
        if len(block_id) != KEY_SIZE:
            raise ValueError(f"a block id has {KEY_SIZE} bytes, not {len(block_id)}")
        return HKDFExpand(SHA256(), KEY_SIZE, _LABEL_BLOCK_KEY + block_id).derive(self._block_root)

    def totp_secret(self, salt: bytes) -> bytes:
        """The secret of the owner's second factor that belongs to a random salt: 20 bytes (RFC 4226, 4)."""
        return HKDFExpand(SHA256(), TOTP_SECRET_SIZE, _LABEL_TOTP + salt).derive(self._block_root)

    def link_secret(self, salt: bytes) -> bytes:
        """The secret of a link that belongs to a random salt: 32 bytes."""
        return HKDFExpand(SHA256(), KEY_SIZE, _LABEL_LINK + salt).derive(self._block_root)

    def manifest_mac(
        self,
        *,
        node_id: NodeId,
        version_id: VersionId,
        size: int,
        sha256: bytes,
        created_us: TimeUs,
        manifest: Manifest,
    ) -> bytes:
        """The MAC over everything a version says, 32 bytes. Compare with `hmac.compare_digest`.

        The fields before the manifest have fixed sizes, and a manifest has one encoding, so no two versions are the
        same bytes. A row that was altered, moved to another file, or replaced by an older one fails.

        Raises:
            BlockDamagedError: these are not a version's fields, so it has no MAC: a row that was tampered with.
            ValueError: the manifest cannot be encoded.
        """
        try:
            fields = _VERSION_FIELDS.pack(node_id, version_id, size, sha256, created_us)
        except struct.error:
            fields = b""
        if not fields or len(sha256) != KEY_SIZE:  # struct would pad or cut a digest of another size
            raise BlockDamagedError(
                f"The row of version {version_id} does not have the form of a version",
                hint=_HINT,
            )
        return hmac.digest(self._mac_key, _LABEL_MANIFEST + fields + encode_manifest(manifest), "sha256")


def new_secret() -> bytes:
    """32 random bytes from the operating system."""
    return secrets.token_bytes(KEY_SIZE)


@dataclass(frozen=True, slots=True)
class PassphraseParams:
    """What Argon2id costs (RFC 9106; the defaults are its second recommended choice: 64 MiB, 3 passes, 4 lanes)."""

    memory_kib: int = 64 * KIB
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        # Bounded, because they are read from a file: nobody must make a start take hours or all the memory.
        sane = 1 <= self.lanes <= 64 and 1 <= self.passes <= 100 and 8 * self.lanes <= self.memory_kib <= 4 * GIB // KIB
        if not sane:
            raise ConfigurationError(
                f"Argon2id cannot use {self.memory_kib} KiB, {self.passes} passes and {self.lanes} lanes",
                hint="Restore keys/master.json from a backup.",
            )


class MasterKey:
    """The key that wraps the drives' keys. `id` names it in public without saying anything about it."""

    __slots__ = ("_secret", "_wrap_key", "id")

    def __init__(self, secret: bytes) -> None:
        root = HKDF.extract(SHA256(), None, _check_size("a master key", secret))
        self._secret = bytes(secret)
        self._wrap_key = HKDFExpand(SHA256(), KEY_SIZE, _LABEL_WRAP).derive(root)
        self.id = HKDFExpand(SHA256(), _ID_SIZE, _LABEL_KEY_ID).derive(root).hex()
        """16 hexadecimal digits."""

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(new_secret())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote; blanks around it do not matter.

        Raises:
            ConfigurationError: that is not a master key, or it was mistyped. The text itself is not repeated.
        """
        digits = text.strip().removeprefix(_TEXT_PREFIX)
        if not text.strip().startswith(_TEXT_PREFIX):
            raise ConfigurationError(
                f"That is not a master key: it does not begin with {_TEXT_PREFIX}",
                hint="Give the whole line of a master.key file.",
            )
        try:
            raw = base64.b32decode(digits.upper()) if len(digits) == _TEXT_SIZE and digits.islower() else b""
        except (binascii.Error, ValueError):
            raw = b""
        secret, checksum = raw[:KEY_SIZE], raw[KEY_SIZE:]
        if len(raw) != KEY_SIZE + _CHECKSUM_SIZE or not hmac.compare_digest(checksum, _checksum(secret)):
            raise ConfigurationError(
                "The master key is mistyped or incomplete: its checksum does not match",
                hint=f"It is {_TEXT_PREFIX} and {_TEXT_SIZE} lower-case letters and digits. Compare it with your copy.",
            )
        return cls(secret)

    def to_text(self) -> str:
        """The secret as one line that `from_text` reads, with a checksum: a typing error is told from a wrong key."""
        return _TEXT_PREFIX + base64.b32encode(self._secret + _checksum(self._secret)).decode().lower()

    @classmethod
    def from_passphrase(cls, passphrase: str, salt: bytes, params: PassphraseParams) -> Self:
        """The key that belongs to a passphrase, by Argon2id. Takes the time and memory that `params` says.

        The passphrase is put in Unicode form C first (as RFC 8265 does), so that every keyboard gives the same key.

        Raises:
            ConfigurationError: the salt is not `SALT_SIZE` bytes.
        """
        if len(salt) != SALT_SIZE:
            raise ConfigurationError(f"A passphrase's salt has {SALT_SIZE} bytes, not {len(salt)}")
        return cls(
            hash_secret_raw(
                unicodedata.normalize("NFC", passphrase).encode(),
                salt,
                time_cost=params.passes,
                memory_cost=params.memory_kib,
                parallelism=params.lanes,
                hash_len=KEY_SIZE,
                type=Type.ID,
            )
        )

    def __repr__(self) -> str:
        return f"MasterKey(id={self.id})"

    def __reduce__(self) -> str:
        raise TypeError("keys are not for pickling")

    def wrap(self, drive_id: DriveId, secret: bytes) -> bytes:
        """The drive's key, sealed for the catalog: `WRAPPED_SIZE` bytes that only this key and this drive open."""
        _check_size("a drive key", secret)
        head = _WRAP_MAGIC + bytes.fromhex(self.id)
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return head + nonce + AESGCM(self._wrap_key).encrypt(nonce, secret, _wrap_context(head, drive_id))

    def unwrap(self, drive_id: DriveId, wrapped: bytes) -> bytes:
        """The drive's key, 32 bytes.

        Raises:
            WrongKeyError: it was wrapped with another master key; the message names both.
            BlockDamagedError: it was altered, or belongs to another drive.
        """
        if (made_with := wrapped_with(wrapped)) != self.id:
            raise WrongKeyError(
                f"The key of drive {drive_id} was wrapped with master key {made_with}; the key given is {self.id}",
                hint=f"Start with master key {made_with}.",
            )
        head, nonce, sealed = wrapped[:16], wrapped[16:28], wrapped[28:]
        try:
            return AESGCM(self._wrap_key).decrypt(nonce, sealed, _wrap_context(head, drive_id))
        except InvalidTag:
            raise BlockDamagedError(f"The stored key of drive {drive_id} fails its seal", hint=_HINT) from None


def wrapped_with(wrapped: bytes) -> str:
    """The id of the master key that a drive's key was wrapped with.

    Raises:
        BlockDamagedError: that is not a wrapped key.
    """
    if len(wrapped) != WRAPPED_SIZE or not wrapped.startswith(_WRAP_MAGIC):
        raise BlockDamagedError(f"A stored drive key of {len(wrapped)} bytes is not a wrapped key", hint=_HINT)
    return wrapped[len(_WRAP_MAGIC) : len(_WRAP_MAGIC) + _ID_SIZE].hex()


def _checksum(secret: bytes) -> bytes:
    return hashlib.sha256(_LABEL_TEXT + secret).digest()[:_CHECKSUM_SIZE]


def _wrap_context(head: bytes, drive_id: DriveId) -> bytes:
    """What a wrapped key is bound to besides its content: the purpose, the form, the master key and the drive."""
    return _LABEL_WRAP + head + _DRIVE.pack(drive_id)
