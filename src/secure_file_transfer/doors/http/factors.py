"""`/api/v1/totp`: one's second factor."""

from fastapi import APIRouter, Request, Response

from ...model import Principal
from ...services.sessions import Sessions
from ...services.totp import SecondFactor
from . import schemas
from .context import Context


def add_factors(router: APIRouter, context: Context) -> None:
    """The routes, on a server that has accounts."""
    factors, sessions = context.services.factors, context.services.sessions
    if factors is None or sessions is None:
        return
    _add_own(router, context, factors, sessions)
    _add_codes(router, context, factors)


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")


def _add_own(router: APIRouter, context: Context, factors: SecondFactor, sessions: Sessions) -> None:
    @router.get("/totp", response_model=schemas.TotpOut, summary="Whether your sign-ins need a code")
    async def status(request: Request) -> Response:
        def work(who: Principal) -> bytes:
            found = factors.status(who)
            return schemas.dump({"enabled": found.enabled, "recovery_left": found.recovery_left})

        return _answer(await context.caller(request.scope).run(work))

    @router.post(
        "/totp", response_model=schemas.EnrolmentOut, status_code=201, summary="Begin with an authenticator app"
    )
    async def begin(request: Request, wanted: schemas.PasswordIn) -> Response:
        caller = context.caller(request.scope)

        def work() -> bytes:
            who = caller.principal()
            sessions.confirm_password(who, wanted.password, caller.address)
            made = factors.begin(who)
            return schemas.dump({"secret": made.secret, "uri": made.uri})

        return _answer(await context.sign(caller, work), 201)


def _add_codes(router: APIRouter, context: Context, factors: SecondFactor) -> None:
    @router.post("/totp/confirm", response_model=schemas.RecoveryOut, summary="Show that the app makes right codes")
    async def confirm(request: Request, wanted: schemas.CodeIn) -> Response:
        caller = context.caller(request.scope)
        codes = await caller.run(lambda who: factors.confirm(who, wanted.code, caller.address))
        return _answer(schemas.dump({"recovery": codes}))

    @router.post("/totp/recovery", response_model=schemas.RecoveryOut, summary="New recovery codes")
    async def recovery(request: Request, wanted: schemas.CodeIn) -> Response:
        caller = context.caller(request.scope)
        codes = await caller.run(lambda who: factors.renew_recovery(who, wanted.code, caller.address))
        return _answer(schemas.dump({"recovery": codes}))

    @router.post("/totp/disable", status_code=204, summary="Sign in without codes again")
    async def disable(request: Request, wanted: schemas.CodeIn) -> Response:
        caller = context.caller(request.scope)
        await caller.run(lambda who: factors.disable(who, wanted.code, caller.address))
        return Response(status_code=204)
