"""What the server says, checked before anything else sees it. Every reader raises ProtocolViolationError.

Here is what it says of files and blocks; what it says of people, in `wire_identity`, is offered here as well.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import (
    InvalidNameError,
    MissingBlocksError,
    SecureFileTransferError,
    from_code,
)
from ..model import BLOCK_SIZE_MAX, KIB, MIB, Entry, Kind, Page, TimeUs, Usage
from ..paths import RemotePath, display
from .wire_identity import (
    AccountInfo,
    ApiTokenInfo,
    DeviceCode,
    DeviceInfo,
    Enrolment,
    GuardBlock,
    ServerInfo,
    SessionInfo,
    ShareInfo,
    SignIn,
    UsedToken,
    Whoami,
    api_token,
    api_tokens,
    check_token,
    device,
    device_code,
    devices,
    enrolment,
    guard_blocks,
    new_token,
    recovery,
    scopes,
    server_info,
    sessions,
    sign_in,
    totp,
    totp_key,
    whoami,
)
from .wire_values import (
    EPOCH,
    HEX_DIGEST,
    PRINTABLE,
    hex_digest,
    members,
    plain,
    text_of,
    time_text,
    time_us,
    violation,
    whole,
)

_SHA256_FIELD = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]{1,64}):")
_OUTCOMES = frozenset({"created", "replaced", "skipped"})

__all__ = [
    "AccountInfo",
    "ApiTokenInfo",
    "BlockTerms",
    "DeviceCode",
    "DeviceInfo",
    "Enrolment",
    "FileBlocks",
    "GuardBlock",
    "ServerInfo",
    "SessionInfo",
    "ShareInfo",
    "SignIn",
    "UsedToken",
    "Whoami",
    "Written",
    "api_token",
    "api_tokens",
    "block_terms",
    "check_token",
    "count",
    "device",
    "device_code",
    "devices",
    "digest_field",
    "enrolment",
    "entry",
    "file_blocks",
    "guard_blocks",
    "http_date_us",
    "missing",
    "new_token",
    "page",
    "problem",
    "problem_error",
    "read_digest_field",
    "recovery",
    "results",
    "scopes",
    "server_info",
    "sessions",
    "sign_in",
    "time_text",
    "time_us",
    "totp",
    "totp_key",
    "usage",
    "whoami",
    "written",
]


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


def http_date_us(text: str | None) -> TimeUs | None:
    """Read a `Last-Modified` header (whole seconds); None when it is missing or makes no sense."""
    try:
        return TimeUs((parsedate_to_datetime(text or "") - EPOCH) // timedelta(microseconds=1))
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
        raise violation("a digest header is malformed") from None
    if len(digest) != 32:
        raise violation("a digest has the wrong length")
    return digest


def entry(value: object, *, folder: RemotePath | None = None) -> Entry:
    """Read an Entry. With `folder`, it must lie directly in it: a hostile server names no file outside."""
    values = members(value, "an entry")
    kind = {"file": Kind.FILE, "folder": Kind.FOLDER}.get(text_of(values, "kind"))
    if kind is None:
        raise violation("an entry is neither a file nor a folder")
    text, name = text_of(values, "path"), text_of(values, "name")
    try:
        path = RemotePath.parse(text)
    except InvalidNameError as error:
        raise violation(f"it holds a forbidden name, {error}") from None
    if str(path) != text or path.name != name or (folder is not None and (path.is_root or path.parent != folder)):
        raise violation(f"the entry {display(text)} is not where it should be")
    sha256, etag = values.get("sha256"), text_of(values, "etag")
    if sha256 is not None and not (isinstance(sha256, str) and HEX_DIGEST.fullmatch(sha256)):
        raise violation("'sha256' is not a digest")
    if kind is Kind.FILE and not PRINTABLE.fullmatch(etag):
        raise violation("'etag' is not an entity tag")
    return Entry(
        path=text,
        name=name,
        kind=kind,
        size=whole(values, "size"),
        modified_us=time_us(values.get("modified")),
        created_us=time_us(values.get("created")),
        sha256=bytes.fromhex(sha256) if sha256 is not None else None,
        etag=etag,
    )


def page(value: object, folder: RemotePath) -> Page:
    """Read one page of the listing of `folder`."""
    values = members(value, "a listing")
    entries, cursor = values.get("entries"), values.get("cursor")
    if not isinstance(entries, list) or not (cursor is None or isinstance(cursor, str)):
        raise violation("a listing has no entries or a bad cursor")
    if cursor is not None and not entries:
        raise violation("an empty page claims that more follows")
    return Page([entry(item, folder=folder) for item in entries], cursor)


def found(value: object, folder: RemotePath) -> Page:
    """Read one step of a search below `folder`: it may have found nothing yet."""
    values = members(value, "a search")
    entries, cursor = values.get("entries"), values.get("cursor")
    if not isinstance(entries, list) or not (cursor is None or isinstance(cursor, str)):
        raise violation("a search has no entries or a bad cursor")
    read = [entry(item) for item in entries]
    if any(each.path == str(folder) or not RemotePath.parse(each.path).is_within(folder) for each in read):
        raise violation("a search found something elsewhere")
    return Page(read, cursor)


def written(value: object) -> Written:
    """Read the answer to an upload."""
    values = members(value, "the answer to an upload")
    outcome = text_of(values, "outcome")
    if outcome not in _OUTCOMES:
        raise violation(f"the outcome {display(outcome)} is unknown")
    return Written(entry(values.get("entry")), outcome)


def usage(value: object) -> Usage:
    """Read what a drive holds."""
    values = members(value, "the usage")
    quota = None if values.get("quota") is None else whole(values, "quota")
    files = None if values.get("quota_files") is None else whole(values, "quota_files")
    return Usage(whole(values, "bytes"), whole(values, "files"), whole(values, "free"), quota, files)


def count(value: object, name: str) -> int:
    """Read how many there were."""
    return whole(members(value, "the answer"), name)


def problem_error(problem: Mapping[str, Any]) -> SecureFileTransferError:
    """The typed error for the members of a problem (RFC 9457)."""
    told, advice = problem.get("detail") or problem.get("title"), problem.get("hint")
    detail, hint = (plain(text) if isinstance(text, str) else "" for text in (told, advice))
    code = text_of(problem, "code")
    if code == MissingBlocksError.row.code:
        ids = problem.get("missing")
        blocks = [hex_digest(block).hex() for block in ids] if isinstance(ids, list) else []
        return MissingBlocksError(detail, hint=hint, blocks=blocks)
    return from_code(code, detail, hint=hint)


def problem(value: object) -> SecureFileTransferError:
    """Read a problem within an answer."""
    return problem_error(members(value, "a problem"))


def block_terms(value: object) -> BlockTerms:
    """Read how the server takes blocks. Limits that no client could work with are refused."""
    values = members(value, "the terms of transfer")
    names = ("block_min", "block_max", "missing_max", "batch_bytes_max", "batch_files_max", "connections")
    limits = {name: whole(values, name) for name in names}
    if min(limits.values()) < 1 or not 64 * KIB <= limits["block_max"] <= 64 * MIB:
        raise violation("the limits of transfer make no sense")
    codings = values.get("codings", [])
    if not isinstance(codings, list) or not all(isinstance(coding, str) for coding in codings):
        raise violation("'codings' is not a list of words")
    return BlockTerms(hex_digest(values.get("naming_key")), **limits, codings=frozenset(codings))


def missing(value: object, asked: Sequence[bytes]) -> set[bytes]:
    """Read which of the blocks asked about are missing."""
    ids = members(value, "the answer about blocks").get("missing")
    if not isinstance(ids, list):
        raise violation("'missing' is not a list")
    found = {hex_digest(item) for item in ids}
    if not found <= set(asked):
        raise violation("it misses a block that nobody mentioned")
    return found


def file_blocks(value: object) -> FileBlocks:
    """Read a manifest. Its lengths add up to the file's size, so whoever follows it fills exactly that."""
    values = members(value, "a manifest")
    found, blocks, total = entry(values.get("entry")), values.get("blocks"), 0
    if not isinstance(blocks, list):
        raise violation("a manifest has no blocks")
    read: list[tuple[bytes, int]] = []
    for item in blocks:
        if not (isinstance(item, list) and len(item) == 2 and type(item[1]) is int and 1 <= item[1] <= BLOCK_SIZE_MAX):
            raise violation("a manifest holds something that is not a block")
        read.append((hex_digest(item[0]), item[1]))
        total += item[1]
    if total != found.size:
        raise violation("the blocks of a file are not as long as the file")
    return FileBlocks(found, hex_digest(values.get("naming_key")), read)


def results(value: object, count: int) -> list[Written | SecureFileTransferError]:
    """Read what became of each of `count` files."""
    items = members(value, "the answer to a commit").get("results")
    if not isinstance(items, list) or len(items) != count:
        raise violation("it does not answer for each file")
    return [_result(members(item, "a result")) for item in items]


def _result(item: Mapping[str, Any]) -> Written | SecureFileTransferError:
    return problem(item["error"]) if "error" in item else written(item)
