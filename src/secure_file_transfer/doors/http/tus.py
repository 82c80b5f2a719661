"""`/api/v1/uploads`: resumable uploads by tus 1.0 (https://tus.io/protocols/resumable-upload).

With the extensions creation, creation-with-upload, creation-defer-length, checksum, expiration, termination and
concatenation.
"""

import asyncio
import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus

from starlette.exceptions import HTTPException

from ...errors import (
    DigestMismatchError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    SecureFileTransferError,
    TooLargeError,
)
from ...model import Principal, TimeUs, Upload, UploadId
from ...paths import RemotePath
from ...services.traffic import Direction
from ...services.upload_writer import CHECKSUMS, LENGTH_MAX, UploadWriter
from ...services.uploads import Uploads, Wanted
from . import digests, problems, schemas
from .context import Caller, Context, joined_fields
from .exchange import Exchange
from .passage import Passage
from .problems import Headers
from .query import read_query
from .uploads import CONFLICTS, Buffers, Intake

VERSION = b"1.0.0"
EXTENSIONS = b"creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation"
CHECKSUM_MISMATCH = 460
METADATA_MAX = 16 * 1024
PARTS_MAX = 1000

_BASE = "/api/v1/uploads"
_CONTENT = b"application/offset+octet-stream"
_NUMBER = re.compile(rb"[0-9]+")
_DIGITS_MAX = 19
_ID = re.compile(rb"[A-Za-z0-9_-]{32}")
_PART = re.compile(rb"(?:https?://[!-.0-~]+)?" + _BASE.encode() + rb"/([A-Za-z0-9_-]{32})")
_PAIR = re.compile(rb"([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?")
_OVERRIDES = {"PATCH", "DELETE", "HEAD"}
_Fields = dict[bytes, bytes]


class Tus:
    """The routes. `Uploads` decides everything but the form."""

    def __init__(self, context: Context, buffers: Buffers) -> None:
        self._context = context
        self._buffers = buffers

    async def serve(self, exchange: Exchange, name: bytes) -> None:
        """One request to the collection (`name` is empty) or to an upload."""
        try:
            await self._route(exchange, name)
        except Exception as error:  # every answer here carries the protocol's version
            if exchange.status:
                raise
            extra: Headers = [(b"tus-resumable", VERSION)]
            status = None
            if isinstance(error, _VersionError):
                extra.append((b"tus-version", VERSION))
            elif isinstance(error, _ContentTypeError):
                status = int(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            elif isinstance(error, DigestMismatchError):
                status = CHECKSUM_MISMATCH
            await exchange.answer(*problems.answer(error, extra=extra, status=status))

    async def _route(self, exchange: Exchange, name: bytes) -> None:
        fields = joined_fields(exchange.scope["headers"])
        method = _method(exchange.scope["method"], fields)
        if method == "OPTIONS":
            await _answer(exchange, HTTPStatus.NO_CONTENT, self._abilities())
            return
        if fields.get(b"tus-resumable") != VERSION:
            raise _VersionError(
                "This server speaks version 1.0.0 of the tus protocol", hint="Send Tus-Resumable: 1.0.0."
            )
        uploads = self._context.services.uploads
        caller = self._context.caller(exchange.scope)
        if uploads is None:
            raise NotFoundError("This server keeps no unfinished uploads", hint="Send the file whole, by PUT.")
        if not name and method == "HEAD":
            await self._find(exchange, uploads, caller)
            return
        if not name:
            _only(method, "OPTIONS", "HEAD", "POST")
            await self._create(exchange, uploads, caller, fields)
            return
        if not _ID.fullmatch(name):
            raise NotFoundError("There is no such upload", hint="Begin a new one.")
        upload_id = UploadId(name.decode())
        _only(method, "OPTIONS", "HEAD", "PATCH", "DELETE")
        if method == "HEAD":
            upload = await caller.run(lambda who: uploads.status(who, upload_id))
            await _answer(exchange, HTTPStatus.OK, [*_described(upload), (b"content-length", b"0")])
        elif method == "DELETE":
            await caller.run(lambda who: uploads.remove(who, upload_id))
            await _answer(exchange, HTTPStatus.NO_CONTENT, [])
        else:
            await self._patch(exchange, uploads, caller, fields, upload_id)

    async def _find(self, exchange: Exchange, uploads: Uploads, caller: Caller) -> None:
        """Where the asker's newest unfinished upload to `path` is, whichever door it was begun through."""

        def look(who: Principal) -> Upload:
            path = RemotePath.parse(read_query(exchange.scope["query_string"], {"path"}).get("path", "/"))
            found = uploads.unfinished(who, path)
            if found is None:
                raise NotFoundError("There is no unfinished upload to that place", hint="Begin a new one.")
            return found

        upload = await caller.run(look)
        headers = [(b"location", f"{_BASE}/{upload.id}".encode()), *_described(upload), (b"content-length", b"0")]
        await _answer(exchange, HTTPStatus.OK, headers)

    def _abilities(self) -> Headers:
        headers: Headers = [(b"tus-version", VERSION)]
        if self._context.services.uploads is not None:
            headers += [
                (b"tus-extension", EXTENSIONS),
                (b"tus-max-size", b"%d" % LENGTH_MAX),
                (b"tus-checksum-algorithm", ",".join(CHECKSUMS).encode()),
            ]
        return headers

    async def _create(self, exchange: Exchange, uploads: Uploads, caller: Caller, fields: _Fields) -> None:
        wanted, parts = read_wanted(fields)
        body = _has_body(fields)
        if body:
            if parts is not None:
                raise InvalidRequestError("A final upload has no body of its own")
            _check_content(fields)
        checksum = read_checksum(fields)

        def begin(who: Principal) -> Upload:
            return uploads.create(who, wanted) if parts is None else uploads.join(who, wanted, parts)

        upload = await caller.run(begin)
        if body:
            coming = _number(fields, b"content-length")

            def write(who: Principal) -> UploadWriter:
                return uploads.write(who, upload.id, 0, coming=coming, checksum=checksum)

            upload = await self._take(exchange, caller, write, coming)
        headers = [(b"location", f"{_BASE}/{upload.id}".encode()), *_described(upload, brief=True)]
        await _answer(exchange, HTTPStatus.CREATED, [*headers, (b"content-length", b"0")])

    async def _patch(
        self, exchange: Exchange, uploads: Uploads, caller: Caller, fields: _Fields, upload_id: UploadId
    ) -> None:
        _check_content(fields)
        offset = _number(fields, b"upload-offset")
        if offset is None:
            raise InvalidRequestError("Upload-Offset is missing", hint="Say where this piece begins.")
        length, coming = _number(fields, b"upload-length"), _number(fields, b"content-length")
        checksum = read_checksum(fields)

        def write(who: Principal) -> UploadWriter:
            return uploads.write(who, upload_id, offset, length=length, coming=coming, checksum=checksum)

        upload = await self._take(exchange, caller, write, coming)
        await _answer(exchange, HTTPStatus.NO_CONTENT, _described(upload, brief=True))

    async def _take(
        self, exchange: Exchange, caller: Caller, write: Callable[[Principal], UploadWriter], length: int | None
    ) -> Upload:
        """Take the body as a piece of an upload. However it ends, what arrived is kept, unless it has a checksum."""
        workers = self._context.workers
        writer = await workers.run(lambda: write(caller.principal()), undo=UploadWriter.leave)
        intake = Intake(self._context, self._buffers, writer.append)

        def leave() -> None:
            try:
                if intake.intact and len(intake.rest):
                    writer.append(intake.rest)
            except SecureFileTransferError:
                pass  # whatever it is, the first error is the one to tell
            finally:
                writer.leave()

        try:
            async with Passage(self._context, exchange, Direction.UP) as passage:
                await passage.enter(caller.who, length, writer.about)
                rest = await intake.read(exchange, length)
            return await intake.finish(rest, writer.finish)
        except asyncio.CancelledError:
            intake.abandon(leave)
            raise
        except Exception:
            # The answer may say where the upload stands; by then it is so.
            await asyncio.wrap_future(intake.abandon(leave))
            raise


class _VersionError(PreconditionFailedError):
    row = PreconditionFailedError.row


class _ContentTypeError(InvalidRequestError):
    row = InvalidRequestError.row


# --- reading ----------------------------------------------------------------------------------------------------


def read_wanted(fields: _Fields) -> tuple[Wanted, list[UploadId] | None]:
    """What a creation asks for, and the parts that it is to be put together from.

    Raises:
        InvalidRequestError, InvalidNameError, TooLargeError
    """
    concat = fields.get(b"upload-concat", b"")
    parts = _read_parts(concat)
    length = _number(fields, b"upload-length")
    deferred = fields.get(b"upload-defer-length")
    if deferred not in {None, b"1"} or (parts is None) == ((length is None) == (deferred is None)):
        raise InvalidRequestError(
            "The length of the upload is not clear",
            hint="Send Upload-Length, or Upload-Defer-Length: 1; neither of them for a final upload.",
        )
    text = fields.get(b"upload-metadata", b"")
    known = read_metadata(text)
    conflict = known.get("conflict", "overwrite")
    if conflict not in CONFLICTS:
        raise InvalidRequestError("There is no such conflict choice", hint=f"Choose one of {', '.join(CONFLICTS)}.")
    if known.get("parents", "false") not in {"true", "false"}:
        raise InvalidRequestError("parents is true or false")
    modified = known.get("modified")
    wanted = Wanted(
        path=None if concat == b"partial" else _target(known),
        length=length,
        conflict=CONFLICTS[conflict],
        modified_us=None if modified is None else schemas.read_time(modified),
        parents=known.get("parents") == "true",
        concat=concat.decode("ascii"),
        metadata=text.decode("ascii"),
    )
    return wanted, parts


def _target(known: dict[str, str]) -> RemotePath:
    """`filename` in the folder `path`, or the file `path` itself."""
    path = RemotePath.parse(known.get("path", ""))
    if "filename" in known:
        return path / known["filename"]
    if path.is_root:
        raise InvalidRequestError("The upload has no name", hint="Send filename, path or both in Upload-Metadata.")
    return path


def read_metadata(value: bytes) -> dict[str, str]:
    """The members of `Upload-Metadata` that mean something here; others are the client's own.

    Raises:
        InvalidRequestError: not comma-separated pairs of a key and canonical base64, a key given twice, or text that is
            not UTF-8.
    """
    if len(value) > METADATA_MAX:
        raise TooLargeError(f"Upload-Metadata may have {METADATA_MAX} bytes")
    found: dict[str, str] = {}
    seen: set[bytes] = set()
    for item in value.split(b",") if value else ():
        pair = _PAIR.fullmatch(item.removeprefix(b" "))
        if pair is None or pair[1] in seen:
            raise InvalidRequestError("Upload-Metadata cannot be read", hint="Send: key base64,key base64")
        seen.add(pair[1])
        data = _base64(pair[2] or b"", "Upload-Metadata")
        if (key := pair[1].decode()) in {"filename", "path", "modified", "conflict", "parents"}:
            try:
                found[key] = data.decode()
            except UnicodeDecodeError:
                raise InvalidRequestError(f"{key} in Upload-Metadata is not UTF-8") from None
    return found


def read_checksum(fields: _Fields) -> tuple[str, bytes] | None:
    """Algorithm and digest of `Upload-Checksum`. Raises InvalidRequestError."""
    value = fields.get(b"upload-checksum")
    if value is None:
        return None
    name, _, digest = value.partition(b" ")
    algorithm = name.decode("latin-1")
    if algorithm not in CHECKSUMS:
        raise InvalidRequestError("The checksum algorithm is not known", hint=f"Use {', '.join(CHECKSUMS)}.")
    data = _base64(digest, "Upload-Checksum")
    if len(data) != len(CHECKSUMS[algorithm]().digest()):
        raise InvalidRequestError(f"That is no {algorithm} digest", hint="Send its bytes in base64.")
    return algorithm, data


def _read_parts(concat: bytes) -> list[UploadId] | None:
    """The parts of a final upload; None for any other."""
    if concat in {b"", b"partial"}:
        return None
    kind, _, listed = concat.partition(b";")
    found = [_PART.fullmatch(each) for each in listed.split(b" ")]
    if kind != b"final" or len(found) > PARTS_MAX or not all(found):
        raise InvalidRequestError(
            "Upload-Concat cannot be read", hint="Send partial, or final; and the addresses of the parts."
        )
    return [UploadId(each[1].decode()) for each in found if each]


def _base64(value: bytes, where: str) -> bytes:
    try:
        data = b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or b64encode(data) != value:
        raise InvalidRequestError(f"{where} holds something that is not base64")
    return data


def _number(fields: _Fields, name: bytes) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value):
        raise InvalidRequestError(f"{name.decode().title()} is not a whole number of bytes")
    if len(value) > _DIGITS_MAX:
        raise TooLargeError(f"{name.decode().title()} is more than {LENGTH_MAX} bytes")
    return int(value)


def _method(method: str, fields: _Fields) -> str:
    """The method that is meant: what some networks do not let through travels inside a POST."""
    override = fields.get(b"x-http-method-override")
    if override is None:
        return method
    meant = override.decode("latin-1")
    if method != "POST" or meant not in _OVERRIDES:
        raise InvalidRequestError("X-HTTP-Method-Override turns a POST into PATCH, DELETE or HEAD")
    return meant


def _has_body(fields: _Fields) -> bool:
    return b"transfer-encoding" in fields or fields.get(b"content-length", b"0").strip() != b"0"


def _check_content(fields: _Fields) -> None:
    if fields.get(b"content-type") != _CONTENT:
        raise _ContentTypeError("A piece of an upload is not of that type", hint=f"Send {_CONTENT.decode()}.")
    if fields.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise InvalidRequestError("Content codings are not taken", hint="Send the bytes as they are.")


def _only(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})


# --- answering --------------------------------------------------------------------------------------------------


async def _answer(exchange: Exchange, status: int, headers: Headers) -> None:
    await exchange.answer(int(status), [(b"tus-resumable", VERSION), (b"cache-control", b"no-store"), *headers], b"")


def _described(upload: Upload, *, brief: bool = False) -> Headers:
    """What the headers of an answer say of an upload; `brief` leaves out what the client has just said itself."""
    headers: Headers = [(b"upload-offset", b"%d" % upload.offset), (b"upload-expires", _date(upload.expires_us))]
    if not brief:
        length = (b"upload-defer-length", b"1")
        headers.append(length if upload.length is None else (b"upload-length", b"%d" % upload.length))
        if upload.metadata:
            headers.append((b"upload-metadata", upload.metadata.encode()))
        if upload.concat:
            headers.append((b"upload-concat", upload.concat.encode()))
    if upload.published is not None:
        headers.append((b"content-location", f"/api/v1/files{RemotePath.parse(upload.published).to_url()}".encode()))
        if upload.sha256:
            headers.append((b"repr-digest", digests.field_value(upload.sha256)))
    return headers


def _date(when: TimeUs) -> bytes:
    return format_datetime(datetime.fromtimestamp(when // 1_000_000, UTC), usegmt=True).encode()
