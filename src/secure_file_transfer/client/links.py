"""Links: what we give to whoever holds a URL, and visiting one that somebody gave to us."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import InvalidRequestError, ProtocolViolationError
from ..model import Kind, Rights, TimeUs
from ..paths import RemotePath
from . import wire
from .api import Api
from .sharing import rights_of

# base64url (RFC 4648, 5): nothing of it needs quoting in a URL.
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)
_URL = re.compile(r"(https://[^/?#]+)/s/([^/?#]+)/?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """A link of ours. `url` is known when it is made or shown, and None in lists.

    A download is a visitor who fetches anything, however many files and pieces.
    """

    id: int
    path: str
    kind: Kind
    rights: Rights
    name: str
    protected: bool
    created_us: TimeUs
    expires_us: TimeUs | None
    downloads: int
    max_downloads: int | None
    used_us: TimeUs | None
    url: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class VisitInfo:
    """A link that we visit. `target` is the name of what it gives; our tree is that folder, or holds that one file.

    `token` is that of the visit, which lasts until `ends_us`: with it another client can go on as the same visitor.
    """

    owner: str
    name: str
    target: str
    kind: Kind
    rights: Rights
    expires_us: TimeUs | None
    downloads_left: int | None
    ends_us: TimeUs
    token: str = field(repr=False)
    guest: str = ""
    """What we are called there."""


def split_link(url: str) -> tuple[str, str] | None:
    """The server's address and the secret of a link's URL; None when it is none."""
    found = _URL.fullmatch(url)
    return (found[1], found[2]) if found and _SECRET.fullmatch(found[2]) else None


class Linking(Api):
    """The requests about links."""

    async def create_link(
        self,
        path: str,
        level: str | Rights = "viewer",
        *,
        password: str | None = None,
        expires: datetime | None = None,
        max_downloads: int | None = None,
        name: str = "",
    ) -> LinkInfo:
        """Give rights on a file or folder of ours to whoever holds the URL of the result.

        `level` is `viewer`, `dropbox` (an upload-only folder), `contributor` or `editor`, or a mask; `expires` needs a
        time zone; `name` is what visitors see as its title.

        Raises:
            NotFoundError: nothing is there.
            ForbiddenError: it is not ours.
            WeakPasswordError: the password has less than four characters.
        """
        rights = rights_of(level) if isinstance(level, str) else level
        values: dict[str, object] = {"path": str(RemotePath.parse(path)), "rights": int(rights), "name": name}
        if password is not None:
            values["password"] = password
        if max_downloads is not None:
            values["downloads"] = max_downloads
        if expires is not None:
            if expires.tzinfo is None:
                raise InvalidRequestError("The time has no time zone", hint="Write datetime.now(UTC) + ...")
            values["expires"] = expires.isoformat()
        return self._link(await self._call("POST", "/api/v1/links", values, expect=(201,)))

    async def links(self) -> Sequence[LinkInfo]:
        """Our links, the oldest first; ended ones too, while what they give is there."""
        answer = await self._call("GET", "/api/v1/links")
        found = answer.get("links") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise _odd()
        return [self._link(each) for each in found]

    async def show_link(self, number: int) -> LinkInfo:
        """A link of ours, with its URL.

        Raises:
            NotFoundError: there is none, or it is not ours.
        """
        return self._link(await self._call("GET", f"/api/v1/links/{number}"))

    async def remove_link(self, number: int) -> None:
        """End a link; what its visitors transfer stops within a second.

        Raises:
            NotFoundError: there is none, or it is not ours.
        """
        await self._call("DELETE", f"/api/v1/links/{number}", expect=(204,))

    async def visit(self, url: str, password: str | None = None, *, name: str = "") -> VisitInfo:
        """Be a visitor of a link from now on: our tree is what it gives.

        `url` is that of the link, at the server that this client talks to; `name` is what we want to be called.

        Raises:
            NotFoundError: the link does not work (any more).
            SignInFailedError: it has a password, and this is not it.
            TooManyRequestsError: after too many wrong ones.
        """
        found = split_link(url)
        if found is None:
            raise InvalidRequestError("That is not the URL of a link", hint="It looks like https://host/s/….")
        values = {"secret": found[1], "name": name} | ({} if password is None else {"password": password})
        answer = await self._ask("POST", "/api/v1/links/open", values, token=None, expect=(201,))
        with suppress(KeyError, TypeError, ValueError):
            info = _visited(answer["link"], answer)
            self._session_token = info.token
            return info
        raise _odd()

    def _link(self, value: Any) -> LinkInfo:
        with suppress(KeyError, TypeError, ValueError):
            secret = value["secret"]
            if secret is not None and not _SECRET.fullmatch(secret):
                raise _odd()
            return LinkInfo(
                id=int(value["id"]),
                path=str(RemotePath.parse(value["path"])),
                kind=_kind(value),
                rights=Rights(int(value["rights"])),
                name=str(value["name"]),
                protected=bool(value["protected"]),
                created_us=wire.time_us(value["created"]),
                expires_us=_time(value["expires"]),
                downloads=int(value["downloads"]),
                max_downloads=_count(value["downloads_max"]),
                used_us=_time(value["used"]),
                url=None if secret is None else f"{self._options.address.url}/s/{secret}",
            )
        raise _odd()


def _visited(value: Any, answer: Any) -> VisitInfo:
    return VisitInfo(
        owner=str(value["owner"]),
        name=str(value["name"]),
        target=str(value["target"]),
        kind=_kind(value),
        rights=Rights(int(value["rights"])),
        expires_us=_time(value["expires"]),
        downloads_left=_count(value["downloads_left"]),
        ends_us=wire.time_us(answer["expires"]),
        token=str(answer["token"]),
        guest=str(answer.get("guest", "")),
    )


def _kind(value: Any) -> Kind:
    return {"file": Kind.FILE, "folder": Kind.FOLDER}[value["kind"]]


def _time(value: Any) -> TimeUs | None:
    return None if value is None else wire.time_us(value)


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _odd() -> ProtocolViolationError:
    return ProtocolViolationError("The server's answer about links cannot be read", hint="Is it of another version?")
