"""One's own password, registering, and for operators: accounts and groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..errors import ProtocolViolationError
from ..model import Role, TimeUs
from . import wire
from .api import Api

_ACCOUNTS = "/api/v1/admin/accounts"
_GROUPS = "/api/v1/admin/groups"


@dataclass(frozen=True, slots=True)
class ManagedAccount:
    """An account as operators see it. `quota` (bytes) and `quota_files` are None without a limit; rates are 0 then."""

    name: str
    role: Role
    disabled: bool
    pending: bool
    email: str
    note: str
    created_us: TimeUs
    expires_us: TimeUs | None
    bytes: int
    files: int
    quota: int | None
    quota_files: int | None
    rate_up: int
    rate_down: int


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group and who is in it."""

    name: str
    members: tuple[str, ...]
    created_us: TimeUs


class PeopleRequests(Api):
    """See `AsyncClient`."""

    async def change_password(self, old: str, new: str) -> tuple[int, str | None]:
        """Set a new password; all your other sessions end. Returns how many, and the new token of this one.

        The client goes on with the new token, so do its transfers. One that was made with a name and password cannot
        sign in again by itself: those are the old ones.

        Raises:
            SignInFailedError: the old password is wrong.
            WeakPasswordError, TooManyRequestsError
        """
        answer = _members(await self._call("POST", "/api/v1/account/password", {"old": old, "new": new}))
        token = answer.get("token")
        if token is not None:
            self._session_token = token = wire.check_token(str(token))
        return wire.count(answer, "ended"), token

    async def register(self, name: str, password: str, *, email: str = "") -> bool:
        """Make an account, where the operator allows it. True: it may sign in now. False: it waits for approval.

        Raises:
            ForbiddenError: nobody registers there.
            ExistsError: the name is taken.
            InvalidNameError, WeakPasswordError, TooManyRequestsError
        """
        values = {"name": name, "password": password, "email": email}
        answer = _members(await self._ask("POST", "/api/v1/register", values, token=None, expect=(201,)))
        return bool(answer.get("status") == "ready")

    async def reset_password(self, code: str, password: str) -> str:
        """Set a new password with the one-time code of an operator; returns whose it is. All its sessions end.

        Raises:
            NotFoundError: the code is wrong, used or too old.
            WeakPasswordError, TooManyRequestsError
        """
        values = {"code": code, "password": password}
        return str(_members(await self._ask("POST", "/api/v1/reset", values, token=None)).get("account"))

    # --- for operators: whoever is none gets ForbiddenError -----------------------------------------------------

    async def accounts(self) -> Sequence[ManagedAccount]:
        """All accounts, by name."""
        return [_account(each) for each in _list(await self._call("GET", _ACCOUNTS), "accounts")]

    async def create_account(self, /, name: str, password: str, **details: object) -> ManagedAccount:
        """Make an account; `details` are those of `change_account`.

        Raises:
            ExistsError, InvalidNameError, WeakPasswordError, InvalidRequestError
        """
        values = {"name": name, "password": password, **_details(details)}
        return _account(await self._call("POST", _ACCOUNTS, values, expect=(201,)))

    async def change_account(self, /, name: str, **details: object) -> ManagedAccount:
        """Change some of what an account is and may do.

        That is `role`, `disabled`, `email`, `note`, `expires_us`, `quota`, `quota_files`, `rate_up`, `rate_down`.
        `expires_us` is microseconds since 1970, or None for never; for quotas and rates 0 is no limit.

        Raises:
            NotFoundError, InvalidRequestError
            ConflictError: it is the last administrator.
        """
        return _account(await self._call("PATCH", f"{_ACCOUNTS}/{_part(name)}", _details(details)))

    async def delete_account(self, name: str) -> None:
        """Remove an account with all its files. Raises NotFoundError, ConflictError."""
        await self._call("DELETE", f"{_ACCOUNTS}/{_part(name)}", expect=(204,))

    async def approve_account(self, name: str) -> None:
        """Let somebody who registered sign in. Raises NotFoundError: nobody of that name waits."""
        await self._call("POST", f"{_ACCOUNTS}/{_part(name)}/approve", expect=(204,))

    async def reject_account(self, name: str) -> None:
        """Remove an account that waits for approval. Raises NotFoundError: nobody of that name waits."""
        await self._call("POST", f"{_ACCOUNTS}/{_part(name)}/reject", expect=(204,))

    async def reset_link(self, name: str, *, hours: int = 24) -> str:
        """The address at which the account's owner sets a new password, once.

        Raises:
            NotFoundError
            ConflictError: the account may not sign in.
        """
        made = _members(await self._call("POST", f"{_ACCOUNTS}/{_part(name)}/reset", {"hours": hours}, expect=(201,)))
        return f"{self._options.address.url}{made.get('path')}"

    async def groups(self) -> Sequence[GroupInfo]:
        """All groups and their members, by name."""
        return [_group(each) for each in _list(await self._call("GET", _GROUPS), "groups")]

    async def create_group(self, name: str) -> GroupInfo:
        """Make a group. Raises ExistsError, InvalidNameError."""
        return _group(await self._call("POST", _GROUPS, {"name": name}, expect=(201,)))

    async def rename_group(self, name: str, to: str) -> None:
        """Give it another name. Raises NotFoundError, ExistsError, InvalidNameError."""
        await self._call("PATCH", f"{_GROUPS}/{_part(name)}", {"name": to}, expect=(204,))

    async def delete_group(self, name: str) -> None:
        """Delete it; what was granted to it ends. Raises NotFoundError."""
        await self._call("DELETE", f"{_GROUPS}/{_part(name)}", expect=(204,))

    async def add_member(self, group: str, account: str) -> None:
        """Put an account into a group. Raises NotFoundError."""
        await self._call("PUT", f"{_GROUPS}/{_part(group)}/members/{_part(account)}", expect=(204,))

    async def remove_member(self, group: str, account: str) -> None:
        """Take an account out of a group. Raises NotFoundError."""
        await self._call("DELETE", f"{_GROUPS}/{_part(group)}/members/{_part(account)}", expect=(204,))


def _part(name: str) -> str:
    """A name as one segment of an address."""
    return quote(name, safe="")


def _details(given: Mapping[str, object]) -> dict[str, object]:
    values = dict(given)
    if "expires_us" in values:
        moment = values.pop("expires_us")
        values["expires"] = wire.time_text(TimeUs(moment)) if isinstance(moment, int) else None
    return values


def _members(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _odd()
    return value


def _list(value: object, name: str) -> Sequence[Any]:
    found = _members(value).get(name)
    if not isinstance(found, list):
        raise _odd()
    return found


def _account(value: object) -> ManagedAccount:
    values = _members(value)
    try:
        expires = values["expires"]
        return ManagedAccount(
            name=str(values["name"]),
            role=Role(values["role"]),
            disabled=bool(values["disabled"]),
            pending=bool(values["pending"]),
            email=str(values["email"]),
            note=str(values["note"]),
            created_us=wire.time_us(values["created"]),
            expires_us=None if expires is None else wire.time_us(expires),
            bytes=int(values["bytes"]),
            files=int(values["files"]),
            quota=None if values["quota"] is None else int(values["quota"]),
            quota_files=None if values["quota_files"] is None else int(values["quota_files"]),
            rate_up=int(values["rate_up"]),
            rate_down=int(values["rate_down"]),
        )
    except (KeyError, TypeError, ValueError):
        raise _odd() from None


def _group(value: object) -> GroupInfo:
    values = _members(value)
    members = tuple(str(each) for each in _list(values, "members"))
    return GroupInfo(str(values.get("name")), members, wire.time_us(values.get("created")))


def _odd() -> ProtocolViolationError:
    return ProtocolViolationError("The server's answer about accounts cannot be read", hint="Is it of another version?")
