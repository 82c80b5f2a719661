"""`/api/v1/admin/accounts` and `/api/v1/admin/groups`, for operators."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from ...model import Principal, Role
from ...services.accounts import (
    QUOTA_MAX,
    RATE_MAX,
    Accounts,
    Change,
    require_operator,
    require_operator_in_person,
)
from ...services.groups import Groups, Members
from ...services.resets import HOURS_MAX
from ...services.roster import PAGE_MAX, SEARCH_MAX, Listed, State, Wanted
from ...services.totp import SecondFactor
from .context import Context, People
from .schemas import TEXT_MAX, TakenBody, Text, dump, read_time, write_time

T = TypeVar("T")
Count = Annotated[int, Field(ge=0, le=QUOTA_MAX, strict=True)]
Rate = Annotated[int, Field(ge=0, le=RATE_MAX, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Named = Annotated[str, Path(max_length=TEXT_MAX)]


class AccountChangeIn(TakenBody):
    """What to change of an account; what is left out stays (attack 32: there are no other members).

    `expires` is a time; null or an empty text is never. For quotas and rates 0 is no limit.
    """

    role: Role | None = None
    disabled: Flag | None = None
    email: Text | None = None
    note: Text | None = None
    expires: Annotated[str, Field(max_length=64)] | None = None
    quota: Count | None = None
    quota_files: Count | None = None
    rate_up: Rate | None = None
    rate_down: Rate | None = None

    def change(self) -> Change:
        """In the words of the service. Raises InvalidRequestError for a time that is none."""
        expires = None
        if "expires" in self.model_fields_set:
            expires = read_time(self.expires) if self.expires else 0
        return Change(
            role=self.role,
            disabled=self.disabled,
            email=self.email,
            note=self.note,
            expires_us=expires,
            quota_bytes=self.quota,
            quota_files=self.quota_files,
            rate_up=self.rate_up,
            rate_down=self.rate_down,
        )


class AccountIn(AccountChangeIn):
    """A new account."""

    name: Text
    password: Annotated[str, Field(max_length=TEXT_MAX, repr=False)]


class ManagedAccountOut(BaseModel):
    """An account as operators see it. `quota` (bytes) and `quota_files` are null without a limit; rates are 0 then.

    `seen` is when it was here last, as far as its sessions tell; `totp` whether its sign-ins need a code.
    """

    name: str
    role: Role
    disabled: bool
    pending: bool
    email: str
    note: str
    created: str
    expires: str | None
    bytes: int
    files: int
    quota: int | None
    quota_files: int | None
    rate_up: int
    rate_down: int
    seen: str | None
    totp: bool


class AccountsQuery(TakenBody):
    """Which accounts; `cursor` continues a page. Without a `limit` all come at once."""

    search: Annotated[str, Field(max_length=SEARCH_MAX)] = ""
    role: Role | None = None
    state: State | None = None
    cursor: Annotated[str, Field(max_length=TEXT_MAX)] = ""
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] | None = None


class ManagedAccountsOut(BaseModel):
    """Accounts, by name. `total` counts those on other pages too."""

    accounts: list[ManagedAccountOut]
    total: int
    cursor: str | None


class ResetWishIn(TakenBody):
    """For how many hours the code is good."""

    hours: Annotated[int, Field(ge=1, le=HOURS_MAX)] = 24


class ResetCodeOut(BaseModel):
    """A one-time code, and the page of this server at which it sets a new password. It is shown this once."""

    account: str
    code: str
    path: str
    expires: str


class GroupIn(TakenBody):
    """The name of a group."""

    name: Text


class GroupOut(BaseModel):
    """A group and who is in it."""

    name: str
    members: list[str]
    created: str


class GroupsOut(BaseModel):
    """All groups, by name."""

    groups: list[GroupOut]


class _Desk:
    """Does what operators ask for, and nothing for anybody else."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self, request: Request, work: Callable[[], T], *, in_person: bool = False) -> T:
        def checked(who: Principal) -> T:
            _require(who, in_person=in_person)
            return work()

        return await self._context.caller(request.scope).run(checked)

    async def sign(self, request: Request, work: Callable[[], T], *, in_person: bool) -> T:
        """The same where a password is hashed; strangers are refused before they take a turn."""
        caller = self._context.caller(request.scope)
        await caller.run(lambda who: _require(who, in_person=in_person))
        return await self._context.sign(caller, work)


def _require(who: Principal, *, in_person: bool) -> None:
    (require_operator_in_person if in_person else require_operator)(who)


def add_admin(router: APIRouter, context: Context) -> None:
    """The routes, on a server that has accounts."""
    people = context.services.people
    if people is None:
        return
    desk = _Desk(context)
    _add_accounts(router, desk, people.accounts)
    _add_decisions(router, desk, people)
    if (factors := context.services.factors) is not None:
        _add_factors(router, desk, factors)
    _add_groups(router, desk, people.groups)
    _add_members(router, desk, people.groups)


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(dump(content), status, {"cache-control": "no-store"}, media_type="application/json")


def _add_accounts(router: APIRouter, desk: _Desk, accounts: Accounts) -> None:
    @router.get("/admin/accounts", response_model=ManagedAccountsOut, summary="All accounts")
    async def list_accounts(request: Request, query: Annotated[AccountsQuery, Query()]) -> Response:
        wanted = Wanted(query.search, query.role, query.state, query.cursor, query.limit)
        page = await desk.run(request, lambda: accounts.page(wanted))
        cursor = page.accounts[-1].account.name if page.more else None
        return _json({"accounts": [_account(each) for each in page.accounts], "total": page.total, "cursor": cursor})

    @router.post("/admin/accounts", response_model=ManagedAccountOut, status_code=201, summary="Make an account")
    async def make_account(request: Request, wanted: AccountIn) -> Response:
        def work() -> Listed:
            accounts.create(wanted.name, wanted.password, wanted.role or Role.USER, wanted.change())
            return accounts.one(wanted.name)

        made = await desk.sign(request, work, in_person=wanted.role is Role.ADMIN)
        return _json(_account(made), 201)

    @router.get("/admin/accounts/{name}", response_model=ManagedAccountOut, summary="An account")
    async def show_account(request: Request, name: Named) -> Response:
        return _json(_account(await desk.run(request, lambda: accounts.one(name))))

    @router.patch("/admin/accounts/{name}", response_model=ManagedAccountOut, summary="Change an account")
    async def change_account(request: Request, name: Named, wanted: AccountChangeIn) -> Response:
        def work() -> Listed:
            accounts.change(name, wanted.change())
            return accounts.one(name)

        changed = await desk.run(request, work, in_person=wanted.role is not None)
        return _json(_account(changed))

    @router.delete("/admin/accounts/{name}", status_code=204, summary="Delete an account with all its files")
    async def delete_account(request: Request, name: Named) -> Response:
        await desk.run(request, lambda: accounts.delete(name))
        return Response(status_code=204)


def _add_decisions(router: APIRouter, desk: _Desk, people: People) -> None:
    @router.post("/admin/accounts/{name}/approve", status_code=204, summary="Let somebody who registered sign in")
    async def approve(request: Request, name: Named) -> Response:
        await desk.run(request, lambda: people.accounts.approve(name))
        return Response(status_code=204)

    @router.post("/admin/accounts/{name}/reject", status_code=204, summary="Remove an account that waits for approval")
    async def reject(request: Request, name: Named) -> Response:
        await desk.run(request, lambda: people.accounts.reject(name))
        return Response(status_code=204)

    @router.post(
        "/admin/accounts/{name}/reset",
        response_model=ResetCodeOut,
        status_code=201,
        summary="A one-time link that sets a new password",
    )
    async def reset(request: Request, name: Named, wanted: ResetWishIn) -> Response:
        made = await desk.run(request, lambda: people.resets.begin(name, wanted.hours), in_person=True)
        expires = write_time(made.expires_us)
        return _json(
            {"account": made.account, "code": made.code, "path": f"/reset/{made.code}", "expires": expires}, 201
        )


def _add_factors(router: APIRouter, desk: _Desk, factors: SecondFactor) -> None:
    @router.delete("/admin/accounts/{name}/totp", status_code=204, summary="Take away a second factor that was lost")
    async def reset_totp(request: Request, name: Named) -> Response:
        await desk.run(request, lambda: factors.reset(name), in_person=True)
        return Response(status_code=204)


def _add_groups(router: APIRouter, desk: _Desk, groups: Groups) -> None:
    @router.get("/admin/groups", response_model=GroupsOut, summary="All groups and their members")
    async def list_groups(request: Request) -> Response:
        found = await desk.run(request, groups.all)
        return _json({"groups": [_group(each) for each in found]})

    @router.post("/admin/groups", response_model=GroupOut, status_code=201, summary="Make a group")
    async def make_group(request: Request, wanted: GroupIn) -> Response:
        made = await desk.run(request, lambda: groups.create(wanted.name))
        return _json(_group(Members(made, ())), 201)

    @router.patch("/admin/groups/{name}", status_code=204, summary="Rename a group")
    async def rename_group(request: Request, name: Named, wanted: GroupIn) -> Response:
        await desk.run(request, lambda: groups.rename(name, wanted.name))
        return Response(status_code=204)

    @router.delete("/admin/groups/{name}", status_code=204, summary="Delete a group; what was granted to it ends")
    async def delete_group(request: Request, name: Named) -> Response:
        await desk.run(request, lambda: groups.delete(name))
        return Response(status_code=204)


def _add_members(router: APIRouter, desk: _Desk, groups: Groups) -> None:
    @router.put("/admin/groups/{name}/members/{account}", status_code=204, summary="Put an account into a group")
    async def add_member(request: Request, name: Named, account: Named) -> Response:
        await desk.run(request, lambda: groups.add(name, account))
        return Response(status_code=204)

    @router.delete("/admin/groups/{name}/members/{account}", status_code=204, summary="Take an account out of a group")
    async def remove_member(request: Request, name: Named, account: Named) -> Response:
        await desk.run(request, lambda: groups.remove(name, account))
        return Response(status_code=204)


def _account(each: Listed) -> dict[str, Any]:
    account = each.account
    return {
        "name": account.name,
        "role": account.role.value,
        "disabled": account.disabled,
        "pending": account.pending,
        "email": account.email,
        "note": account.note,
        "created": write_time(account.created_us),
        "expires": None if account.expires_us is None else write_time(account.expires_us),
        "bytes": each.bytes,
        "files": each.files,
        "quota": account.quota_bytes or None,
        "quota_files": account.quota_files or None,
        "rate_up": account.rate_up,
        "rate_down": account.rate_down,
        "seen": None if each.seen_us is None else write_time(each.seen_us),
        "totp": each.second_factor,
    }


def _group(each: Members) -> dict[str, Any]:
    return {"name": each.group.name, "members": list(each.members), "created": write_time(each.group.created_us)}
