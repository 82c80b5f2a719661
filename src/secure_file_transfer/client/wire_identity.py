"""What the server says of itself, and of accounts, sessions and devices, checked before anything else sees it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequestError
from ..model import Rights, Role, TimeUs
from ..paths import display
from .wire_values import PRINTABLE, flag, hex_digest, listed, members, plain, text_of, time_us, violation, whole

# base64url (RFC 4648, 5), as it stands in a link's URL.
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ShareInfo:
    """What a server is there for that `sft share` started. `secret` stands in the URL of its link."""

    secret: str = field(repr=False)
    name: str
    rights: Rights
    protected: bool


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
    registration: str = "off"
    """Whether people may make accounts for themselves: off, approval or open."""
    share: ShareInfo | None = None
    """What is shared, where the whole server is there for that: see `sft share`."""


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
class UsedToken:
    """An API token that was used: what it may be used for, and where."""

    name: str
    scopes: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Whoami:
    """Who the server takes us for; `account` is None for an anonymous guest, whose times may be unknown.

    `guest` is what a visitor of a link is called.
    """

    account: AccountInfo | None
    since_us: TimeUs | None
    expires_us: TimeUs | None
    address: str
    device: str | None = None
    """The device whose certificate the session was begun with."""
    token: UsedToken | None = None
    """The API token that we came with."""
    guest: str | None = None


@dataclass(frozen=True, slots=True)
class ApiTokenInfo:
    """An API token, and whose it is. `expires_us` None: it does not expire; `seen_us` None: it was not used yet."""

    number: int
    account: str
    name: str
    scopes: tuple[str, ...]
    path: str
    created_us: TimeUs
    expires_us: TimeUs | None
    seen_us: TimeUs | None
    address: str
    expired: bool


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

    With `link`, the number of a link, it is a visitor's, called `guest`, and the account is the one that made the link.
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
    guest: str | None = None


@dataclass(frozen=True, slots=True)
class GuardBlock:
    """Somebody who has to wait after too many wrong guesses.

    `kind` is source, account, or pair: an account at a source from which it has signed in before.
    """

    kind: str
    subject: str
    guesses: int
    until_us: TimeUs
    author: str = ""
    """The operator who wants it so; empty where it is for wrong guesses."""
    reason: str = ""


def server_info(value: object) -> ServerInfo:
    """Read what the server says of itself."""
    values = members(value, "the server's description")
    return ServerInfo(
        name=text_of(values, "name"),
        version=text_of(values, "version"),
        api=whole(values, "api"),
        anonymous=flag(values, "anonymous"),
        setup=flag(values, "setup"),
        block_size=whole(values, "block_size"),
        client_certificates=text_of(values, "client_certificates") if "client_certificates" in values else "off",
        certificate_sign_in="certificate_sign_in" in values and flag(values, "certificate_sign_in"),
        registration=text_of(values, "registration") if "registration" in values else "off",
        share=_share(values.get("share")),
    )


def _share(value: object) -> ShareInfo | None:
    if value is None:
        return None
    values = members(value, "the server's description")
    secret, rights = text_of(values, "secret"), whole(values, "rights")
    if not _SECRET.fullmatch(secret) or rights > Rights.ALL:
        raise violation("what is shared cannot be read")
    name = text_of(values, "name") or text_of(values, "target")
    return ShareInfo(secret, name, Rights(rights), flag(values, "protected"))


def sign_in(value: object) -> SignIn:
    """Read a fresh session."""
    values = members(value, "the sign-in")
    token = text_of(values, "token")
    if not PRINTABLE.fullmatch(token):
        raise violation("the token cannot be used")
    return SignIn(token, time_us(values.get("expires")), _account(values.get("account")))


def whoami(value: object) -> Whoami:
    """Read who we are."""
    values = members(value, "the session")
    account, since, expires = values.get("account"), values.get("since"), values.get("expires")
    return Whoami(
        account=None if account is None else _account(account),
        since_us=None if since is None else time_us(since),
        expires_us=None if expires is None else time_us(expires),
        address=text_of(values, "address"),
        device=None if values.get("device") is None else text_of(values, "device"),
        token=None if values.get("token") is None else _used_token(values.get("token")),
        guest=None if values.get("guest") is None else text_of(values, "guest"),
    )


def _account(value: object) -> AccountInfo:
    values = members(value, "the account")
    role = text_of(values, "role")
    if role not in set(Role):
        raise violation(f"the role {display(role)} is unknown")
    return AccountInfo(text_of(values, "name"), Role(role))


def check_token(token: str) -> str:
    """Return `token` unchanged, or refuse what could not stand in a header.

    Raises:
        InvalidRequestError: without repeating the token.
    """
    if not PRINTABLE.fullmatch(token):
        raise InvalidRequestError("The token is empty, too long, or holds characters that no token has")
    return token


def sessions(value: object) -> list[SessionInfo]:
    """Read a list of sessions."""
    return [
        SessionInfo(
            number=whole(each, "id"),
            account=_account(each.get("account")),
            door=text_of(each, "door"),
            address=text_of(each, "address"),
            agent=text_of(each, "agent"),
            since_us=time_us(each.get("since")),
            seen_us=time_us(each.get("seen")),
            expires_us=time_us(each.get("expires")),
            current=flag(each, "current"),
            link=None if each.get("link") is None else whole(each, "link"),
            guest=None if each.get("guest") is None else text_of(each, "guest"),
        )
        for each in listed(value, "sessions")
    ]


def guard_blocks(value: object) -> list[GuardBlock]:
    """Read who has to wait."""
    return [
        GuardBlock(
            text_of(each, "kind"),
            text_of(each, "subject"),
            whole(each, "guesses"),
            time_us(each.get("until")),
            text_of(each, "author") if "author" in each else "",
            text_of(each, "reason") if "reason" in each else "",
        )
        for each in listed(value, "blocks")
    ]


def totp(value: object) -> tuple[bool, int]:
    """Read whether a code is needed, and how many recovery codes are left."""
    values = members(value, "the second factor")
    return flag(values, "enabled"), whole(values, "recovery_left")


def totp_key(value: object) -> tuple[str, str]:
    """Read the key for an authenticator app, and its address. Both go to a terminal."""
    values = members(value, "the second factor")
    secret, uri = text_of(values, "secret"), text_of(values, "uri")
    if not (PRINTABLE.fullmatch(secret) and PRINTABLE.fullmatch(uri)):
        raise violation("the key of the second factor is malformed")
    return secret, uri


def recovery(value: object) -> list[str]:
    """Read recovery codes, which go to a terminal."""
    codes = members(value, "the answer").get("recovery")
    if not isinstance(codes, list) or not all(isinstance(each, str) and PRINTABLE.fullmatch(each) for each in codes):
        raise violation("the recovery codes are malformed")
    return codes


def device(value: object) -> DeviceInfo:
    """Read a device."""
    values = members(value, "a device")
    seen, revoked = values.get("seen"), values.get("revoked")
    return DeviceInfo(
        id=whole(values, "id"),
        account=text_of(values, "account"),
        name=text_of(values, "name"),
        address=text_of(values, "address"),
        created_us=time_us(values.get("created")),
        seen_us=None if seen is None else time_us(seen),
        revoked_us=None if revoked is None else time_us(revoked),
        fingerprint=hex_digest(values.get("fingerprint")),
        expires_us=time_us(values.get("expires")),
    )


def devices(value: object) -> list[DeviceInfo]:
    """Read a list of devices."""
    return [device(item) for item in listed(value, "devices")]


def enrolment(value: object) -> Enrolment:
    """Read the answer to a certificate request."""
    values = members(value, "the enrolment")
    return Enrolment(
        device(values.get("device")),
        text_of(values, "certificate"),
        text_of(values, "chain"),
        time_us(values.get("expires")),
    )


def device_code(value: object) -> DeviceCode:
    """Read an enrolment code."""
    values = members(value, "the code")
    code = text_of(values, "code")
    if not PRINTABLE.fullmatch(code):
        raise violation("the code cannot be used")
    return DeviceCode(code, text_of(values, "account"), time_us(values.get("expires")))


def _used_token(value: object) -> UsedToken:
    values = members(value, "the token")
    return UsedToken(text_of(values, "name"), scopes(values), text_of(values, "path"))


def scopes(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Read what a token may be used for; a newer server may know more than we do."""
    found = values.get("scopes")
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise violation("its scopes are no list of texts")
    return tuple(plain(each) for each in found)


def api_token(value: object) -> ApiTokenInfo:
    """Read an API token."""
    values = members(value, "a token")
    expires, seen = values.get("expires"), values.get("seen")
    return ApiTokenInfo(
        number=whole(values, "id"),
        account=text_of(values, "account"),
        name=text_of(values, "name"),
        scopes=scopes(values),
        path=text_of(values, "path"),
        created_us=time_us(values.get("created")),
        expires_us=None if expires is None else time_us(expires),
        seen_us=None if seen is None else time_us(seen),
        address=text_of(values, "address"),
        expired=text_of(values, "status") == "expired",
    )


def api_tokens(value: object) -> list[ApiTokenInfo]:
    """Read a list of API tokens."""
    return [api_token(each) for each in listed(value, "tokens")]


def new_token(value: object) -> tuple[str, ApiTokenInfo]:
    """Read a new API token: its text and what it is."""
    values = members(value, "the new token")
    return check_token(text_of(values, "text")), api_token(values.get("token"))
