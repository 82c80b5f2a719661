"""What the server says, checked before anything else sees it. Every reader here raises ProtocolViolationError."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import (
    InvalidNameError,
    InvalidRequestError,
    MissingBlocksError,
    ProtocolViolationError,
    SecureFileTransferError,
    from_code,
)
from ..model import BLOCK_SIZE_MAX, KIB, MIB, Entry, Kind, Page, Role, TimeUs, Usage
from ..paths import RemotePath, display

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHA256_FIELD = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]{1,64}):")
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,1024}")
_OUTCOMES = frozenset({"created", "replaced", "skipped"})


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server says of itself. `setup`: it still waits for its first administrator."""

    name: str
    version: str
    api: int
    anonymous: bool
    setup: bool
    block_size: int
    client_certificates: str = "off"
    """Whether devices may show certificates: off, optional or required."""
    certificate_sign_in: bool = False
    """Whether a certificate signs in without a password."""


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """An account as the server shows it to its owner."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class SignIn:
    """A fresh session. The token is a secret and stays out of `repr`."""

    token: str = field(repr=False)
    expires_us: TimeUs
    account: AccountInfo


@dataclass(frozen=True, slots=True)
class Whoami:
    """Who the server takes us for; `account` is None for an anonymous guest, whose times may be unknown."""

    account: AccountInfo | None
    since_us: TimeUs | None
    expires_us: TimeUs | None
    address: str
    device: str | None = None
    """The device whose certificate the session was begun with."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device that signs in by a certificate, and whose it is. `fingerprint` is that of its newest certificate."""

    id: int
    account: str
    name: str
    address: str
    created_us: TimeUs
    seen_us: TimeUs | None
    revoked_us: TimeUs | None
    fingerprint: bytes
    expires_us: TimeUs


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What came back for a certificate request: PEM, both."""

    device: DeviceInfo
    certificate: str
    chain: str
    expires_us: TimeUs


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A one-time code that enrols a device of an account. It is a secret and stays out of `repr`."""

    code: str = field(repr=False)
    account: str
    expires_us: TimeUs


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """Somebody who is signed in. `current`: it is the session that asks.

    With `link`, the number of a link, it is a visitor's, and the account is the one that made the link.
    """

    number: int
    account: AccountInfo
    door: str
    address: str
    agent: str
    since_us: TimeUs
    seen_us: TimeUs
    expires_us: TimeUs
    current: bool
    link: int | None = None


@dataclass(frozen=True, slots=True)
class GuardBlock:
    """Somebody who has to wait after too many wrong guesses.

    `kind` is source, account, or pair: an account at a source from which it has signed in before.
    """

    kind: str
    subject: str
    guesses: int
    until_us: TimeUs


@dataclass(frozen=True, slots=True)
class Written:
    """What an upload did. `outcome` is created, replaced or skipped; `entry` says under which name it lies.

    `read_back`: the server gave the stored content back, and it was compared with what was sent.
    """

    entry: Entry
    outcome: str
    read_back: bool = False


@dataclass(frozen=True, slots=True)
class BlockTerms:
    """How a server takes blocks and batches: the limits it states, and the key that names blocks."""

    naming_key: bytes = field(repr=False)
    block_min: int
    block_max: int
    missing_max: int
    batch_bytes_max: int
    batch_files_max: int
    connections: int
    codings: frozenset[str] = frozenset()
    """Content codings of blocks and batches that it takes."""


@dataclass(frozen=True, slots=True)
class FileBlocks:
    """A stored file and the blocks it is made of, in order: (id, length)."""

    entry: Entry
    naming_key: bytes = field(repr=False)
    blocks: Sequence[tuple[bytes, int]]


def _violation(what: str) -> ProtocolViolationError:
    return ProtocolViolationError(
        f"The server's answer is not valid: {what}",
        hint="Check the address; another program may be answering there.",
    )


def _members(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _violation(f"{what} is not an object")
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise _violation(f"'{name}' is not a text")
    return value


def _whole(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise _violation(f"'{name}' is not a whole number")
    return value


def _flag(values: Mapping[str, Any], name: str) -> bool:
    value = values.get(name)
    if not isinstance(value, bool):
        raise _violation(f"'{name}' is not true or false")
    return value


def time_us(text: object) -> TimeUs:
    """Read an RFC 3339 time with its offset."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return TimeUs((moment - _EPOCH) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        pass
    raise _violation("a time is not in the form of RFC 3339")


def time_text(moment: TimeUs) -> str:
    """Write a time as the protocol does: RFC 3339, UTC, microseconds.

    Raises:
        InvalidRequestError: it lies outside the years 1 to 9999.
    """
    try:
        moment_utc = _EPOCH + timedelta(microseconds=moment)
        return moment_utc.isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        raise InvalidRequestError("The modification time lies outside the calendar") from None


def http_date_us(text: str | None) -> TimeUs | None:
    """Read a `Last-Modified` header (whole seconds); None when it is missing or makes no sense."""
    try:
        return TimeUs((parsedate_to_datetime(text or "") - _EPOCH) // timedelta(microseconds=1))
    except (ValueError, OverflowError, TypeError):
        return None


def digest_field(sha256: bytes) -> str:
    """The value of `Repr-Digest` for a SHA-256 (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def read_digest_field(text: str | None) -> bytes | None:
    """The SHA-256 in a `Repr-Digest` header, or None when there is none."""
    found = _SHA256_FIELD.search(text or "")
    if not found:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        raise _violation("a digest header is malformed") from None
    if len(digest) != 32:
        raise _violation("a digest has the wrong length")
    return digest


def entry(value: object, *, folder: RemotePath | None = None) -> Entry:
    """Read an Entry. With `folder`, it must lie directly in it: a hostile server names no file outside."""
    values = _members(value, "an entry")
    kind = {"file": Kind.FILE, "folder": Kind.FOLDER}.get(_text(values, "kind"))
    if kind is None:
        raise _violation("an entry is neither a file nor a folder")
    text, name = _text(values, "path"), _text(values, "name")
    try:
        path = RemotePath.parse(text)
    except InvalidNameError as error:
        raise _violation(f"it holds a forbidden name, {error}") from None
    if str(path) != text or path.name != name or (folder is not None and (path.is_root or path.parent != folder)):
        raise _violation(f"the entry {display(text)} is not where it should be")
    sha256, etag = values.get("sha256"), _text(values, "etag")
    if sha256 is not None and not (isinstance(sha256, str) and _HEX_DIGEST.fullmatch(sha256)):
        raise _violation("'sha256' is not a digest")
    if kind is Kind.FILE and not _PRINTABLE.fullmatch(etag):
        raise _violation("'etag' is not an entity tag")
    return Entry(
        path=text,
        name=name,
        kind=kind,
        size=_whole(values, "size"),
        modified_us=time_us(values.get("modified")),
        created_us=time_us(values.get("created")),
        sha256=bytes.fromhex(sha256) if sha256 is not None else None,
        etag=etag,
    )


def page(value: object, folder: RemotePath) -> Page:
    """Read one page of the listing of `folder`."""
    values = _members(value, "a listing")
    entries, cursor = values.get("entries"), values.get("cursor")
    if not isinstance(entries, list) or not (cursor is None or isinstance(cursor, str)):
        raise _violation("a listing has no entries or a bad cursor")
    if cursor is not None and not entries:
        raise _violation("an empty page claims that more follows")
    return Page([entry(item, folder=folder) for item in entries], cursor)


def written(value: object) -> Written:
    """Read the answer to an upload."""
    values = _members(value, "the answer to an upload")
    outcome = _text(values, "outcome")
    if outcome not in _OUTCOMES:
        raise _violation(f"the outcome {display(outcome)} is unknown")
    return Written(entry(values.get("entry")), outcome)


def usage(value: object) -> Usage:
    """Read what a drive holds."""
    values = _members(value, "the usage")
    quota = None if values.get("quota") is None else _whole(values, "quota")
    return Usage(_whole(values, "bytes"), _whole(values, "files"), _whole(values, "free"), quota)


def server_info(value: object) -> ServerInfo:
    """Read what the server says of itself."""
    values = _members(value, "the server's description")
    return ServerInfo(
        name=_text(values, "name"),
        version=_text(values, "version"),
        api=_whole(values, "api"),
        anonymous=_flag(values, "anonymous"),
        setup=_flag(values, "setup"),
        block_size=_whole(values, "block_size"),
        client_certificates=_text(values, "client_certificates") if "client_certificates" in values else "off",
        certificate_sign_in="certificate_sign_in" in values and _flag(values, "certificate_sign_in"),
    )


def sessions(value: object) -> list[SessionInfo]:
    """Read a list of sessions."""
    return [
        SessionInfo(
            number=_whole(each, "id"),
            account=_account(each.get("account")),
            door=_text(each, "door"),
            address=_text(each, "address"),
            agent=_text(each, "agent"),
            since_us=time_us(each.get("since")),
            seen_us=time_us(each.get("seen")),
            expires_us=time_us(each.get("expires")),
            current=_flag(each, "current"),
            link=None if each.get("link") is None else _whole(each, "link"),
        )
        for each in _listed(value, "sessions")
    ]


def guard_blocks(value: object) -> list[GuardBlock]:
    """Read who has to wait."""
    return [
        GuardBlock(_text(each, "kind"), _text(each, "subject"), _whole(each, "guesses"), time_us(each.get("until")))
        for each in _listed(value, "blocks")
    ]


def totp(value: object) -> tuple[bool, int]:
    """Read whether a code is needed, and how many recovery codes are left."""
    values = _members(value, "the second factor")
    return _flag(values, "enabled"), _whole(values, "recovery_left")


def totp_key(value: object) -> tuple[str, str]:
    """Read the key for an authenticator app, and its address. Both go to a terminal."""
    values = _members(value, "the second factor")
    secret, uri = _text(values, "secret"), _text(values, "uri")
    if not (_PRINTABLE.fullmatch(secret) and _PRINTABLE.fullmatch(uri)):
        raise _violation("the key of the second factor is malformed")
    return secret, uri


def recovery(value: object) -> list[str]:
    """Read recovery codes, which go to a terminal."""
    codes = _members(value, "the answer").get("recovery")
    if not isinstance(codes, list) or not all(isinstance(each, str) and _PRINTABLE.fullmatch(each) for each in codes):
        raise _violation("the recovery codes are malformed")
    return codes


def count(value: object, name: str) -> int:
    """Read how many there were."""
    return _whole(_members(value, "the answer"), name)


def _listed(value: object, name: str) -> list[Mapping[str, Any]]:
    items = _members(value, "the answer").get(name)
    if not isinstance(items, list):
        raise _violation(f"'{name}' is not a list")
    return [_members(item, "an item of a list") for item in items]


def device(value: object) -> DeviceInfo:
    """Read a device."""
    values = _members(value, "a device")
    seen, revoked = values.get("seen"), values.get("revoked")
    return DeviceInfo(
        id=_whole(values, "id"),
        account=_text(values, "account"),
        name=_text(values, "name"),
        address=_text(values, "address"),
        created_us=time_us(values.get("created")),
        seen_us=None if seen is None else time_us(seen),
        revoked_us=None if revoked is None else time_us(revoked),
        fingerprint=_hex_digest(values.get("fingerprint")),
        expires_us=time_us(values.get("expires")),
    )


def devices(value: object) -> list[DeviceInfo]:
    """Read a list of devices."""
    return [device(item) for item in _listed(value, "devices")]


def enrolment(value: object) -> Enrolment:
    """Read the answer to a certificate request."""
    values = _members(value, "the enrolment")
    return Enrolment(
        device(values.get("device")),
        _text(values, "certificate"),
        _text(values, "chain"),
        time_us(values.get("expires")),
    )


def device_code(value: object) -> DeviceCode:
    """Read an enrolment code."""
    values = _members(value, "the code")
    code = _text(values, "code")
    if not _PRINTABLE.fullmatch(code):
        raise _violation("the code cannot be used")
    return DeviceCode(code, _text(values, "account"), time_us(values.get("expires")))


def problem_error(problem: Mapping[str, Any]) -> SecureFileTransferError:
    """The typed error for the members of a problem (RFC 9457)."""
    told, advice = problem.get("detail") or problem.get("title"), problem.get("hint")
    detail, hint = (_plain(text) if isinstance(text, str) else "" for text in (told, advice))
    code = _text(problem, "code")
    if code == MissingBlocksError.row.code:
        ids = problem.get("missing")
        blocks = [_hex_digest(block).hex() for block in ids] if isinstance(ids, list) else []
        return MissingBlocksError(detail, hint=hint, blocks=blocks)
    return from_code(code, detail, hint=hint)


def problem(value: object) -> SecureFileTransferError:
    """Read a problem within an answer."""
    return problem_error(_members(value, "a problem"))


def _plain(text: str) -> str:
    """A sentence of the server, without what could move a cursor or turn the direction of reading."""
    return display(text[:1000]).removesuffix("…")[1:-1]


def _hex_digest(value: object) -> bytes:
    if not isinstance(value, str) or not _HEX_DIGEST.fullmatch(value):
        raise _violation("a block id or key is not 64 hexadecimal digits")
    return bytes.fromhex(value)


def block_terms(value: object) -> BlockTerms:
    """Read how the server takes blocks. Limits that no client could work with are refused."""
    values = _members(value, "the terms of transfer")
    names = ("block_min", "block_max", "missing_max", "batch_bytes_max", "batch_files_max", "connections")
    limits = {name: _whole(values, name) for name in names}
    if min(limits.values()) < 1 or not 64 * KIB <= limits["block_max"] <= 64 * MIB:
        raise _violation("the limits of transfer make no sense")
    codings = values.get("codings", [])
    if not isinstance(codings, list) or not all(isinstance(coding, str) for coding in codings):
        raise _violation("'codings' is not a list of words")
    return BlockTerms(_hex_digest(values.get("naming_key")), **limits, codings=frozenset(codings))


def missing(value: object, asked: Sequence[bytes]) -> set[bytes]:
    """Read which of the blocks asked about are missing."""
    ids = _members(value, "the answer about blocks").get("missing")
    if not isinstance(ids, list):
        raise _violation("'missing' is not a list")
    found = {_hex_digest(item) for item in ids}
    if not found <= set(asked):
        raise _violation("it misses a block that nobody mentioned")
    return found


def file_blocks(value: object) -> FileBlocks:
    """Read a manifest. Its lengths add up to the file's size, so whoever follows it fills exactly that."""
    values = _members(value, "a manifest")
    found, blocks, total = entry(values.get("entry")), values.get("blocks"), 0
    if not isinstance(blocks, list):
        raise _violation("a manifest has no blocks")
    read: list[tuple[bytes, int]] = []
    for item in blocks:
        if not (isinstance(item, list) and len(item) == 2 and type(item[1]) is int and 1 <= item[1] <= BLOCK_SIZE_MAX):
            raise _violation("a manifest holds something that is not a block")
        read.append((_hex_digest(item[0]), item[1]))
        total += item[1]
    if total != found.size:
        raise _violation("the blocks of a file are not as long as the file")
    return FileBlocks(found, _hex_digest(values.get("naming_key")), read)


def results(value: object, count: int) -> list[Written | SecureFileTransferError]:
    """Read what became of each of `count` files."""
    items = _members(value, "the answer to a commit").get("results")
    if not isinstance(items, list) or len(items) != count:
        raise _violation("it does not answer for each file")
    return [_result(_members(item, "a result")) for item in items]


def _result(item: Mapping[str, Any]) -> Written | SecureFileTransferError:
    return problem(item["error"]) if "error" in item else written(item)


def _account(value: object) -> AccountInfo:
    values = _members(value, "the account")
    role = _text(values, "role")
    if role not in set(Role):
        raise _violation(f"the role {display(role)} is unknown")
    return AccountInfo(_text(values, "name"), Role(role))


def check_token(token: str) -> str:
    """Return `token` unchanged, or refuse what could not stand in a header.

    Raises:
        InvalidRequestError: without repeating the token.
    """
    if not _PRINTABLE.fullmatch(token):
        raise InvalidRequestError("The token is empty, too long, or holds characters that no token has")
    return token


def sign_in(value: object) -> SignIn:
    """Read a fresh session."""
    values = _members(value, "the sign-in")
    token = _text(values, "token")
    if not _PRINTABLE.fullmatch(token):
        raise _violation("the token cannot be used")
    return SignIn(token, time_us(values.get("expires")), _account(values.get("account")))


def whoami(value: object) -> Whoami:
    """Read who we are."""
    values = _members(value, "the session")
    account, since, expires = values.get("account"), values.get("since"), values.get("expires")
    return Whoami(
        account=None if account is None else _account(account),
        since_us=None if since is None else time_us(since),
        expires_us=None if expires is None else time_us(expires),
        address=_text(values, "address"),
        device=None if values.get("device") is None else _text(values, "device"),
    )
