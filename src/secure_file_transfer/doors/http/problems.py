"""Errors as `application/problem+json` (RFC 9457): what the error table says, and nothing that it does not."""

import json
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ...errors import (
    InvalidRequestError,
    MissingBlocksError,
    NotFoundError,
    PausedError,
    SecureFileTransferError,
    TooLargeError,
    TooManyRequestsError,
)
from ...logger import get_logger
from ...paths import escaped

Headers = list[tuple[bytes, bytes]]
CONTENT_TYPE = b"application/problem+json"
RETRY_SECONDS = b"5"
PAUSED_SECONDS = 2
_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_DETAIL_MAX = 2000

_log = get_logger()


def described(error: Exception) -> dict[str, object]:
    """What the log says of it: of an error of our table its sentence, of a fault in the program where it happened."""
    if isinstance(error, SecureFileTransferError):
        return {"code": error.code, "detail": str(error)}
    return {"exc_info": error}


def document(error: SecureFileTransferError, *, status: int | None = None, title: str | None = None) -> dict[str, Any]:
    """The problem document of an error."""
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": title or error.row.title,
        "status": status or error.row.status,
        "detail": str(error)[:_DETAIL_MAX],
        "code": error.code,
        "hint": error.hint,
        "retryable": error.retryable,
    }
    if error.reason:
        told["reason"] = error.reason
        told["values"] = {name: _shown(value) for name, value in error.values.items()}
    if isinstance(error, MissingBlocksError) and error.blocks:
        told["missing"] = list(error.blocks)
    return told


def _shown(value: str | int) -> str | int:
    """A name that was refused may hold what turns a line around; here it is as harmless as in the sentence."""
    return escaped(value[:_DETAIL_MAX]) if isinstance(value, str) else value


def body(error: SecureFileTransferError, *, status: int | None = None, title: str | None = None) -> bytes:
    """The same in bytes."""
    return json.dumps(document(error, status=status, title=title), ensure_ascii=False).encode("utf-8", "replace")


def _extra(error: SecureFileTransferError, status: int) -> Headers:
    if status == HTTPStatus.UNAUTHORIZED:
        return [(b"www-authenticate", b"Bearer")]
    if status not in _LATER:
        return []
    seconds = error.seconds if isinstance(error, TooManyRequestsError) else error.retry_after
    if isinstance(error, PausedError):
        seconds = PAUSED_SECONDS
    return [(b"retry-after", RETRY_SECONDS if seconds is None else b"%d" % math.ceil(seconds))]


def _of_framework(error: HTTPException) -> tuple[SecureFileTransferError, str | None]:
    """What the framework refused, in the words of the table; the title is the standard phrase where none fits."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFoundError("There is nothing at this address", hint="See docs/protocol.md."), None
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLargeError("The body is larger than this request may have"), None
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return InvalidRequestError("This address does not take that method"), "Method not allowed"
    return InvalidRequestError("The request cannot be read", hint="Send JSON in UTF-8, as application/json."), None


def _of_validation(error: RequestValidationError) -> InvalidRequestError:
    """Which member is wrong, and how. What was sent is not repeated: it may be a password."""
    faults: Sequence[Any] = error.errors()
    told = "; ".join(f"{'.'.join(str(part) for part in f['loc'])}: {f['msg']}" for f in faults[:5])
    return InvalidRequestError(told.encode("utf-8", "replace").decode(), hint="See docs/protocol.md.")


def answer(error: Exception, *, extra: Headers | None = None, status: int | None = None) -> tuple[int, Headers, bytes]:
    """Status, headers and body for any exception. One that is not ours is logged, and not shown.

    `extra` are headers that only the place of the error knows, such as `Content-Range`; `status` is what a protocol
    demands there instead of the table's own.
    """
    title: str | None = None
    headers: Headers = []
    if isinstance(error, HTTPException):
        known, title = _of_framework(error)
        status = error.status_code if title else status
        headers = [(name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()]
    elif isinstance(error, RequestValidationError):
        known = _of_validation(error)
    elif isinstance(error, SecureFileTransferError):
        known = error
        if known.row.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("request failed", **described(error))
    else:
        known = SecureFileTransferError(hint="The operator finds the reason in the server's log.")
        _log.error("request failed", **described(error))
    status = status or known.row.status
    content = body(known, status=status, title=title)
    headers += _extra(known, status) + (extra or [])
    headers += [
        (b"content-type", CONTENT_TYPE),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
    ]
    return status, headers, content
