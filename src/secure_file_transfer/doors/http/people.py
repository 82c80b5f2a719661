"""`/api/v1/account/password`, `/api/v1/register` and `/api/v1/reset`: what people do about their own accounts."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from . import cookies
from .context import Context, People
from .schemas import TEXT_MAX, TakenBody, Text, dump

_PUBLIC: dict[str, Any] = {"security": []}
Secret = Annotated[str, Field(max_length=TEXT_MAX, repr=False)]


class PasswordChangeIn(TakenBody):
    """The password, and the one that shall take its place."""

    old: Secret
    new: Secret


class PasswordChangedOut(BaseModel):
    """How many other sessions ended, and the present one's new token.

    The token is null for a browser, which gets it as a cookie, and for a session that is a device's certificate.
    """

    ended: int
    token: str | None


class RegisterIn(TakenBody):
    """A new account for whoever asks."""

    name: Text
    password: Secret
    email: Text = ""


class RegisteredOut(BaseModel):
    """Whether the account can be signed in to, or waits for an operator."""

    name: str
    status: Literal["ready", "waiting"]


class ResetIn(TakenBody):
    """A one-time code, and the password that it shall set."""

    code: Secret
    password: Secret


class ResetOut(BaseModel):
    """Whose password was set."""

    account: str


def add_people(router: APIRouter, context: Context) -> None:
    """The routes, on a server that has accounts."""
    people = context.services.people
    if people is None:
        return
    _add_own(router, context, people)
    _add_strangers(router, context, people)


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")


def _add_own(router: APIRouter, context: Context, people: People) -> None:
    @router.post("/account/password", response_model=PasswordChangedOut, summary="Change your password")
    async def change_password(request: Request, wanted: PasswordChangeIn) -> Response:
        caller = context.caller(request.scope)
        shown = caller.shown()
        browser = shown.token is not None and not any(name == b"authorization" for name, _ in request.scope["headers"])
        changed = await context.sign(
            caller,
            lambda: people.own_password.change(
                caller.principal(), wanted.old, wanted.new, address=caller.address, renew=shown.token is not None
            ),
        )
        token = changed.signed.token if changed.signed and not browser else None
        answer = _answer(dump({"ended": changed.ended, "token": token}))
        if changed.signed and browser:
            answer.headers["set-cookie"] = cookies.written(changed.signed)
        return answer


def _add_strangers(router: APIRouter, context: Context, people: People) -> None:
    @router.post(
        "/register",
        response_model=RegisteredOut,
        status_code=201,
        openapi_extra=_PUBLIC,
        summary="Make an account for yourself, where the operator allows it",
    )
    async def register(request: Request, wanted: RegisterIn) -> Response:
        caller = context.caller(request.scope)
        ready = await context.sign(
            caller,
            lambda: people.registration.register(
                wanted.name, wanted.password, email=wanted.email, source=caller.address
            ),
        )
        return _answer(dump({"name": wanted.name, "status": "ready" if ready else "waiting"}), 201)

    @router.post(
        "/reset", response_model=ResetOut, openapi_extra=_PUBLIC, summary="Set a new password by a one-time code"
    )
    async def reset(request: Request, wanted: ResetIn) -> Response:
        caller = context.caller(request.scope)
        account = await context.sign(
            caller, lambda: people.resets.complete(wanted.code, wanted.password, address=caller.address)
        )
        return _answer(dump({"account": account.name}))
