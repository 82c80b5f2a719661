"""The JSON of the protocol: what is taken, what is given, and how values are written."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...errors import InvalidRequestError
from ...model import Account, Entry, Kind, Page, Principal, Rights, Scope, Session, TimeUs, Usage
from ...services.guard import Block
from ...services.sessions import SignedIn

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
TEXT_MAX = 4096


class _Taken(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


TakenBody = _Taken
"""What is taken in a body or a query: members that are not known are refused."""
Text = Annotated[str, Field(max_length=TEXT_MAX)]
Taken = Literal["skip", "overwrite", "rename"]


class SetupIn(_Taken):
    """The first administrator."""

    code: Text
    name: Text
    password: Annotated[str, Field(max_length=TEXT_MAX, repr=False)]
    cookie: bool = False
    """For the page in a browser, as with signing in."""


class SignInIn(_Taken):
    """Name and password."""

    name: Text
    password: Annotated[str, Field(max_length=TEXT_MAX, repr=False)]
    code: Annotated[str | None, Field(max_length=TEXT_MAX, repr=False)] = None
    """Of the second factor, where the account has one."""
    cookie: bool = False
    """For pages in a browser: the token comes as a cookie that scripts cannot read, and not in the answer."""


class PasswordIn(_Taken):
    """The password once more, before something that outlasts the session."""

    password: Annotated[str, Field(max_length=TEXT_MAX, repr=False)]


class CodeIn(_Taken):
    """A code of the second factor, or a recovery code."""

    code: Annotated[str, Field(max_length=TEXT_MAX, repr=False)]


class SessionsQuery(_Taken):
    """Whose sessions: one's own, or everybody's, which only operators see."""

    all: bool = False


class EndQuery(_Taken):
    """Whose sessions end: one's own but the present one, or, for operators, all of an account."""

    account: Text | None = None


class UnblockQuery(_Taken):
    """An address, a network or an account; nothing means everybody."""

    subject: Text | None = None


class TransferIn(_Taken):
    """A move or copy. `target` is the new path itself."""

    source: Annotated[str, Field(max_length=2 * TEXT_MAX)]
    target: Annotated[str, Field(max_length=2 * TEXT_MAX)]
    conflict: Taken = "skip"


class FolderQuery(_Taken):
    """Which page of a folder, in which order."""

    sort: Literal["name", "size", "modified"] = "name"
    order: Literal["asc", "desc"] = "asc"
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000
    cursor: Annotated[str | None, Field(max_length=TEXT_MAX)] = None


class ParentsQuery(_Taken):
    """Whether to make missing folders on the way."""

    parents: bool = False


class RemoveQuery(_Taken):
    """Whether a folder goes with all that it holds, and whether for good or into the trash."""

    recursive: bool = False
    permanent: bool = False


# --- what is given: these document; the functions below write ---------------------------------------------------


class AccountOut(BaseModel):
    """Who somebody is."""

    name: str
    role: Literal["admin", "user"]


class SignInOut(BaseModel):
    """A new session. The token is shown this once; with a cookie it is null here."""

    token: str | None
    expires: datetime
    account: AccountOut


class UsedTokenOut(BaseModel):
    """The API token that asks, and what it is for."""

    name: str
    scopes: list[Scope]
    path: str


class WhoamiOut(BaseModel):
    """Who asks. A guest has neither account nor times, a visitor no account but a name and the number of a link."""

    account: AccountOut | None
    since: datetime | None
    expires: datetime | None
    address: str
    device: str | None
    link: int | None
    guest: str | None = None
    token: UsedTokenOut | None = None


class SessionOut(BaseModel):
    """Somebody who is signed in. `current`: it is the session that asks.

    With `link`, the number of a link, it is a visitor's, called `guest`, and the account is the one that made the link.
    """

    id: int
    account: AccountOut
    door: str
    address: str
    agent: str
    since: datetime
    seen: datetime
    expires: datetime
    current: bool
    link: int | None
    guest: str | None = None


class SessionsOut(BaseModel):
    """Sessions, the one used last first."""

    sessions: list[SessionOut]


class EndedOut(BaseModel):
    """How many sessions were ended."""

    ended: int


class BlockOut(BaseModel):
    """Somebody who has to wait. A pair is an account at a source from which it has signed in before.

    With an `author` it is an operator who wants it so, for the `reason` given; else it is for wrong guesses.
    """

    kind: Literal["source", "account", "pair", "token"]
    subject: str
    guesses: int
    until: datetime
    author: str
    reason: str


class BlocksOut(BaseModel):
    """All who have to wait."""

    blocks: list[BlockOut]


class UnblockedOut(BaseModel):
    """How many need not wait any more."""

    unblocked: int


class TotpOut(BaseModel):
    """Whether sign-ins need a code."""

    enabled: bool
    recovery_left: int


class EnrolmentOut(BaseModel):
    """For an authenticator app: the key in base 32, and the same as an `otpauth` address. Shown this once."""

    secret: str
    uri: str


class RecoveryOut(BaseModel):
    """Recovery codes, each good for one sign-in. Shown this once."""

    recovery: list[str]


class ShareOut(BaseModel):
    """The link that the whole server is there for; `secret` is what `POST /links/open` takes."""

    secret: str
    name: str
    target: str
    kind: Literal["file", "folder"]
    rights: int
    protected: bool
    expires: datetime | None


class ServerOut(BaseModel):
    """What the server is. `share` is null unless it was started by `sft share`.

    `password_length` is how many characters a password has at least; null where there are no accounts.
    """

    name: str
    version: str
    api: int
    anonymous: bool
    setup: bool
    block_size: int
    client_certificates: Literal["off", "optional", "required"]
    certificate_sign_in: bool
    registration: Literal["off", "approval", "open"]
    password_length: int | None
    trash_days: int
    share: ShareOut | None = None


class EntryOut(BaseModel):
    """A file or folder."""

    path: str
    name: str
    kind: Literal["file", "folder"]
    size: int
    modified: datetime
    created: datetime
    sha256: str | None
    etag: str


class RemovedOut(BaseModel):
    """What was deleted has this number in the trash, and stays there until `expires`."""

    trash: int
    expires: datetime


class PageOut(BaseModel):
    """A piece of a folder; `cursor` continues it."""

    entries: list[EntryOut]
    cursor: str | None


class FolderOut(PageOut):
    """A piece of a folder, and what whoever asks may do there: the rights added up, 15 for all of them."""

    rights: int


class UsageOut(BaseModel):
    """What is used, in bytes, and what is left."""

    bytes: int
    files: int
    free: int
    quota: int | None
    quota_files: int | None


class WrittenOut(BaseModel):
    """What an upload did."""

    entry: EntryOut
    outcome: Literal["created", "replaced", "skipped"]


class ProblemOut(BaseModel):
    """An error (RFC 9457). `code` decides."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    retryable: bool
    reason: str | None = Field(None, description="Which case of its code it is, where there are several.")
    values: dict[str, str | int] | None = Field(None, description="What the sentence is about, for other languages.")


def as_datetime(when: TimeUs) -> datetime:
    """The same moment; what no calendar of four digits holds, as a folder of the disk may claim, is brought within."""
    return _EPOCH + max(_FIRST, min(when, _LAST)) * _MICROSECOND


def write_time(when: TimeUs) -> str:
    """RFC 3339, UTC, microseconds."""
    return as_datetime(when).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_time(text: str) -> TimeUs:
    """A time in RFC 3339 with any offset; finer digits than microseconds are cut off.

    Raises:
        InvalidRequestError
    """
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        return TimeUs((datetime.fromisoformat(text.upper()) - _EPOCH) // _MICROSECOND)
    except (ValueError, OverflowError):
        raise InvalidRequestError(
            "The time is not valid", hint="Write RFC 3339, such as 2026-11-21T09:30:00Z."
        ) from None


def account_json(account: Account) -> dict[str, Any]:
    """An Account."""
    return {"name": account.name, "role": account.role.value}


def sign_in_json(signed: SignedIn, *, cookie: bool = False) -> dict[str, Any]:
    """A SignIn; with a cookie, scripts do not get to see the token."""
    return {
        "token": None if cookie else signed.token,
        "expires": write_time(signed.session.expires_us),
        "account": account_json(signed.account),
    }


def whoami_json(who: Principal, address: str, device: str | None = None) -> dict[str, Any]:
    """A Whoami; a guest's address is that of the request. `device` is the one that the session belongs to."""
    session, token = who.session, who.token
    lasts = session or token
    ends = lasts.expires_us if lasts else None
    return {
        "account": account_json(who.account) if who.account else None,
        "since": write_time(lasts.created_us) if lasts else None,
        "expires": write_time(ends) if ends is not None else None,
        "address": session.address if session else address,
        "device": device,
        "link": who.link.id if who.link else None,
        "guest": session.guest if session and who.link else None,
        "token": {"name": token.name, "scopes": sorted(token.scopes), "path": token.path} if token else None,
    }


def sessions_json(listed: Iterable[tuple[Session, Account]], who: Principal) -> dict[str, Any]:
    """Sessions as `who` sees them."""
    return {
        "sessions": [
            {
                "id": session.id,
                "account": account_json(account),
                "door": session.door,
                "address": session.address,
                "agent": session.agent,
                "since": write_time(session.created_us),
                "seen": write_time(session.seen_us),
                "expires": write_time(session.expires_us),
                "current": who.session is not None and who.session.id == session.id,
                "link": session.link_id,
                "guest": None if session.link_id is None else session.guest,
            }
            for session, account in listed
        ]
    }


def blocks_json(blocks: Iterable[Block]) -> dict[str, Any]:
    """The guard's list."""
    return {
        "blocks": [
            {
                "kind": each.kind,
                "subject": each.subject,
                "guesses": each.guesses,
                "until": write_time(each.until_us),
                "author": each.author,
                "reason": each.reason,
            }
            for each in blocks
        ]
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """An Entry."""
    return {
        "path": entry.path,
        "name": entry.name,
        "kind": "folder" if entry.kind is Kind.FOLDER else "file",
        "size": entry.size,
        "modified": write_time(entry.modified_us),
        "created": write_time(entry.created_us),
        "sha256": entry.sha256.hex() if entry.sha256 is not None else None,
        "etag": entry.etag,
    }


def page_json(page: Page) -> dict[str, Any]:
    """A page of a folder."""
    return {"entries": [entry_json(entry) for entry in page.entries], "cursor": page.cursor}


def folder_json(page: Page, rights: Rights) -> dict[str, Any]:
    """A page of a folder, with the rights there."""
    return {**page_json(page), "rights": int(rights)}


def usage_json(usage: Usage) -> dict[str, Any]:
    """A Usage."""
    return {
        "bytes": usage.bytes,
        "files": usage.files,
        "free": usage.free,
        "quota": usage.quota,
        "quota_files": usage.quota_files,
    }


def dump(document: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, compact."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
