"""The one error table: every failure a user can meet, on every door, with what each door says of it.

A row is: code, HTTP status, FTP reply, CLI exit code, retryable or not. The code is stable; messages are not.
Exit codes 0 (done), 1 (some items failed) and 2 (usage) are not in the table: they belong to the command line.

Who erred shows in the row: `retryable` is the weather (worth another try), the rest is the peer's or the user's;
`internal` and `block_damaged` are ours.
"""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    code: str
    status: int
    ftp: int
    exit: int
    retryable: bool
    title: str


class SecureFileTransferError(Exception):
    """The root of every error this package raises on purpose.

    `str(error)` says what happened and to what; `hint` says what to do next, and may be empty.
    """

    row: Row = Row("internal", 500, 451, 70, retryable=False, title="Something went wrong inside")

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message or self.row.title)
        self.hint = hint
        self.retry_after: float | None = None
        """Seconds to wait before trying again: what the other side has said, or what a server's answer shall say."""
        self.reason = ""
        self.values: dict[str, str | int] = {}

    def because(self, reason: str, **values: str | int) -> Self:
        """Say for programs what the sentence says for people: which case of its code it is, and what it is about.

        Whoever speaks another language makes their own sentence of it. `bytes` and `seconds` are amounts of those;
        `path` and `name` are as they are, not quoted. A reason is stable, and lives beside its code only.
        """
        self.reason = reason
        self.values = values
        return self

    @property
    def code(self) -> str:
        """The stable code, the same on every door."""
        return self.row.code

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without anyone changing anything."""
        return self.row.retryable


def _row(code: str, status: int, ftp: int, exit_code: int, title: str, *, retryable: bool = False) -> Row:
    return Row(code, status, ftp, exit_code, retryable, title)


# --- what was asked for -----------------------------------------------------------------------------------------


class InvalidRequestError(SecureFileTransferError):
    """The request does not have the form that the protocol asks for."""

    row = _row("invalid_request", 400, 501, 64, "The request is not valid")


class InvalidNameError(SecureFileTransferError):
    """A file name or path that is refused before anything is touched."""

    row = _row("invalid_name", 400, 553, 65, "The name is not allowed")


class NotFoundError(SecureFileTransferError):
    """There is no such file, folder, account or thing; or it is not yours, which looks the same."""

    row = _row("not_found", 404, 550, 3, "Not found")


class ExistsError(SecureFileTransferError):
    """The name is taken."""

    row = _row("exists", 409, 553, 4, "The name is taken")


class NotAFolderError(SecureFileTransferError):
    """A folder was needed, a file is there."""

    row = _row("not_a_folder", 409, 550, 4, "Not a folder")


class IsAFolderError(SecureFileTransferError):
    """A file was needed, a folder is there."""

    row = _row("is_a_folder", 409, 550, 4, "That is a folder")


class NotEmptyError(SecureFileTransferError):
    """A folder that still holds something was to be removed without `recursive`."""

    row = _row("not_empty", 409, 550, 4, "The folder is not empty")


class ConflictError(SecureFileTransferError):
    """The request contradicts the present state, such as moving a folder into itself."""

    row = _row("conflict", 409, 553, 4, "The request conflicts with what is there")


class LockedError(SecureFileTransferError):
    """Somebody else is writing to it at this moment."""

    row = _row("locked", 423, 450, 4, "Somebody else is writing to it", retryable=True)


class PreconditionFailedError(SecureFileTransferError):
    """`If-Match` or `If-None-Match` did not hold."""

    row = _row("precondition_failed", 412, 550, 4, "The file is not the one you expected")


class RangeNotSatisfiableError(SecureFileTransferError):
    """The byte range lies outside the file, is malformed, or overlaps another."""

    row = _row("range_not_satisfiable", 416, 554, 64, "The byte range cannot be served")


class TooLargeError(SecureFileTransferError):
    """The body, header or item is over a stated limit."""

    row = _row("too_large", 413, 552, 12, "Too large")


class UnsupportedContentError(SecureFileTransferError):
    """The content is of a kind, or in a state, in which this cannot be done with it."""

    row = _row("unsupported_content", 415, 504, 65, "That cannot be done with this content")


class DigestMismatchError(SecureFileTransferError):
    """The bytes that arrived are not the bytes that were declared; nothing was published."""

    row = _row("digest_mismatch", 422, 550, 10, "The content does not match its digest", retryable=True)


class LengthMismatchError(SecureFileTransferError):
    """Fewer or more bytes arrived than were declared; nothing was published."""

    row = _row("length_mismatch", 400, 426, 10, "The content is not as long as declared", retryable=True)


class MissingBlocksError(SecureFileTransferError):
    """A manifest names blocks that are not here, or not yours to name; `blocks` lists their ids in hexadecimal.

    Send them, then commit again.
    """

    row = _row("missing_blocks", 409, 450, 10, "Some blocks have to be sent", retryable=True)

    def __init__(self, message: str = "", *, hint: str = "", blocks: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.blocks = tuple(blocks)


class SourceChangedError(SecureFileTransferError):
    """A file changed while it was being read."""

    row = _row("source_changed", 409, 451, 10, "The file changed while it was read", retryable=True)


class CancelledTransferError(SecureFileTransferError):
    """Somebody here asked for it to end. Nothing was published; what is done already is not done again."""

    row = _row("cancelled", 499, 426, 13, "The transfer was cancelled")


# --- who asks ---------------------------------------------------------------------------------------------------


class SignInRequiredError(SecureFileTransferError):
    """No session, or one that has ended."""

    row = _row("sign_in_required", 401, 530, 6, "Sign in first")


class SessionEndedError(SignInRequiredError):
    """An operator ended the session; `str(error)` is the reason given. Signing in again by itself would be rude."""

    row = _row("session_ended", 401, 421, 14, "An operator has ended your session")


class SignInFailedError(SecureFileTransferError):
    """Wrong name or password, or an account that may not sign in: one answer for all of them."""

    row = _row("sign_in_failed", 401, 530, 6, "Wrong name or password")


class TotpRequiredError(SecureFileTransferError):
    """The password is right; the account also needs a code of its second factor."""

    row = _row("totp_required", 401, 530, 6, "A code is needed")


class ClientCertificateError(SecureFileTransferError):
    """A client certificate is needed and there is none, or there is one that is not good (any more)."""

    row = _row("client_certificate", 403, 530, 6, "A client certificate is missing, or not good")


class ForbiddenError(SecureFileTransferError):
    """You may see it but not do that to it."""

    row = _row("forbidden", 403, 550, 5, "Not allowed")


class WeakPasswordError(SecureFileTransferError):
    """The password does not meet the rules."""

    row = _row("weak_password", 422, 550, 65, "The password is too weak")


class TooManyRequestsError(SecureFileTransferError):
    """A budget is used up; try again later."""

    row = _row("too_many_requests", 429, 421, 75, "Too many requests", retryable=True)

    def __init__(self, message: str = "", *, hint: str = "", seconds: int | None = None) -> None:
        """`seconds` is when to come again, where that is known."""
        super().__init__(message, hint=hint)
        self.seconds = seconds


# --- space ------------------------------------------------------------------------------------------------------


class NoSpaceError(SecureFileTransferError):
    """The disk is full. The old version is intact."""

    row = _row("no_space", 507, 452, 11, "No space left")


class QuotaExceededError(SecureFileTransferError):
    """The account's quota is used up."""

    row = _row("quota_exceeded", 507, 552, 11, "Quota exceeded")


# --- the path between us ----------------------------------------------------------------------------------------


class UnreachableError(SecureFileTransferError):
    """Nobody answers at that address."""

    row = _row("unreachable", 503, 421, 7, "The server cannot be reached", retryable=True)


class InterruptedTransferError(SecureFileTransferError):
    """The connection ended in the middle."""

    row = _row("interrupted", 400, 426, 7, "The connection was cut", retryable=True)


class TimedOutError(SecureFileTransferError):
    """The other side said nothing for too long."""

    row = _row("timed_out", 408, 421, 7, "Timed out", retryable=True)


class CertificateError(SecureFileTransferError):
    """The server's certificate is not one we trust."""

    row = _row("certificate", 495, 534, 8, "The certificate is not trusted")


class ProtocolViolationError(SecureFileTransferError):
    """The peer answers something that this protocol does not contain."""

    row = _row("protocol_violation", 502, 500, 76, "The other side does not speak this protocol")


class ShuttingDownError(SecureFileTransferError):
    """The server is about to stop."""

    row = _row("shutting_down", 503, 421, 7, "The server is shutting down", retryable=True)


class BusyError(SecureFileTransferError):
    """As many transfers run as may, and as many wait as can."""

    row = _row("busy", 503, 450, 75, "The server is busy", retryable=True)


class PausedError(SecureFileTransferError):
    """An operator holds the transfers of this session. Nothing is lost: ask again, for as long as it takes."""

    row = _row("paused", 503, 450, 75, "An operator has paused your transfers", retryable=True)


class ServerFullError(SecureFileTransferError):
    """As many clients are here as the operator allows. Not tried again by itself: somebody has to leave first."""

    row = _row("server_full", 503, 421, 75, "The server is full")


class MaintenanceError(SecureFileTransferError):
    """The operator lets no new transfers begin. Not tried again by itself: the operator has to end it."""

    row = _row("maintenance", 503, 450, 75, "The server is in maintenance")


# --- the server itself ------------------------------------------------------------------------------------------


class BlockDamagedError(SecureFileTransferError):
    """A stored block or version fails its seal: the disk, or somebody, changed it. It is never delivered."""

    row = _row("block_damaged", 500, 451, 9, "Stored data is damaged")


class StorageError(SecureFileTransferError):
    """The disk or database refuses to work."""

    row = _row("storage", 500, 451, 74, "Storage failed", retryable=True)


class WrongKeyError(SecureFileTransferError):
    """The master key given is not the one this data was sealed with."""

    row = _row("wrong_key", 500, 451, 78, "Wrong master key")


class DataDirectoryInUseError(SecureFileTransferError):
    """Another server works on the same data directory."""

    row = _row("data_directory_in_use", 500, 451, 78, "The data directory is in use")


class CatalogTooNewError(SecureFileTransferError):
    """The catalog was written by a newer version of this program."""

    row = _row("catalog_too_new", 500, 451, 78, "The catalog is newer than this program")


class ConfigurationError(SecureFileTransferError):
    """A setting, key file or certificate file that cannot be used."""

    row = _row("configuration", 500, 451, 78, "The configuration cannot be used")


def _subclasses(cls: type[SecureFileTransferError]) -> Iterator[type[SecureFileTransferError]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


_ALL: list[type[SecureFileTransferError]] = [SecureFileTransferError, *_subclasses(SecureFileTransferError)]
TABLE = {cls.row.code: cls for cls in _ALL}
"""Every error by its code: what a client raises for a code it receives."""


def from_code(code: str, message: str, *, hint: str = "") -> SecureFileTransferError:
    """The typed error for a code that came over the wire; an unknown code becomes the root error."""
    return TABLE.get(code, SecureFileTransferError)(message, hint=hint)


_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turn the operating system's refusal into a typed error, wherever bytes meet a disk.

    Raises:
        NoSpaceError: for ENOSPC and EDQUOT.
        StorageError: for any other OSError (EIO, a failed fsync, ...).
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoSpaceError(
                f"No space left on the disk while {doing}", hint="Free some space on the server and try again."
            ) from error
        raise StorageError(f"The disk failed while {doing}: {error.strerror or error}") from error
