"""Sharing: what we let others do, and what they let us do."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidRequestError, ProtocolViolationError
from ..model import LEVELS, Kind, Rights
from ..paths import RemotePath, display
from .api import Api


@dataclass(frozen=True, slots=True)
class GivenGrant:
    """What we let somebody do. `to` is an account, or `@` and a group."""

    path: str
    to: str
    rights: Rights


@dataclass(frozen=True, slots=True)
class ReceivedGrant:
    """What somebody lets us do, and where we find it."""

    path: str
    owner: str
    kind: Kind
    rights: Rights


def level_of(rights: Rights) -> str | None:
    """The name of a mask, if it has one."""
    return next((name for name, mask in LEVELS.items() if mask == rights), None)


def rights_of(level: str) -> Rights:
    """The mask that a level, or its digits, stands for.

    Raises:
        InvalidRequestError
    """
    if level in LEVELS:
        return LEVELS[level]
    if level.isascii() and level.isdecimal() and 1 <= int(level[:3]) <= Rights.ALL:
        return Rights(int(level))
    raise InvalidRequestError(
        f"{display(level)} is no level",
        hint=f"Choose {', '.join(LEVELS)}, or 1 to 15: read 8, write 4, create 2, delete 1.",
    )


class Sharing(Api):
    """The requests about grants."""

    async def grant(self, path: str, to: str, level: str | Rights) -> GivenGrant:
        """Share a file or folder of ours with an account, or with `@` and a group, in place of an earlier grant.

        `level` is `viewer`, `dropbox`, `contributor` or `editor`, or a mask.

        Raises:
            NotFoundError: nothing is there, or nobody has that name.
            ForbiddenError: it is not ours.
        """
        rights = rights_of(level) if isinstance(level, str) else level
        values = {"path": str(RemotePath.parse(path)), "to": to, "rights": int(rights)}
        return _given(await self._call("PUT", "/api/v1/grants", values))

    async def revoke(self, path: str, to: str | None = None) -> int:
        """Take back what was granted on just this path: to one, or to all. Returns how many grants.

        Raises:
            NotFoundError: nothing of the kind was granted.
        """
        query = [("path", str(RemotePath.parse(path))), *([] if to is None else [("to", to)])]
        answer = await self._call("DELETE", "/api/v1/grants", query=query)
        with suppress(KeyError, TypeError, ValueError):
            return int(answer["revoked"])
        raise _odd()

    async def grants(self) -> Sequence[GivenGrant]:
        """What we share, by path."""
        return [_given(each) for each in _listed(await self._call("GET", "/api/v1/grants"), "given")]

    async def shared_with_me(self) -> Sequence[ReceivedGrant]:
        """What others share with us."""
        return [_received(each) for each in _listed(await self._call("GET", "/api/v1/grants"), "received")]


def _listed(answer: Any, key: str) -> list[Any]:
    found = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(found, list):
        raise _odd()
    return found


def _given(value: Any) -> GivenGrant:
    with suppress(KeyError, TypeError, ValueError):
        return GivenGrant(_path(value), str(value["to"]), Rights(int(value["rights"])))
    raise _odd()


def _received(value: Any) -> ReceivedGrant:
    with suppress(KeyError, TypeError, ValueError):
        kind = {"file": Kind.FILE, "folder": Kind.FOLDER}[value["kind"]]
        return ReceivedGrant(_path(value), str(value["owner"]), kind, Rights(int(value["rights"])))
    raise _odd()


def _path(value: Any) -> str:
    return str(RemotePath.parse(value["path"]))


def _odd() -> ProtocolViolationError:
    return ProtocolViolationError("The server's answer about shares cannot be read", hint="Is it of another version?")
