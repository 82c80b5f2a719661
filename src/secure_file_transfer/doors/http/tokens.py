"""`/api/v1/tokens`: what programs sign in with."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ...errors import NotFoundError
from ...model import ApiToken, Principal, Scope, TokenId
from ...paths import RemotePath
from ...services.tokens import SECONDS_DEFAULT, Tokens, Wish
from . import schemas
from .context import Context

_CONFIG = ConfigDict(extra="forbid", hide_input_in_errors=True)


class TokenIn(BaseModel):
    """What the token shall be, and the password once more. `seconds` null: it does not end by itself."""

    model_config = _CONFIG

    name: schemas.Text
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    path: Annotated[str, Field(max_length=2 * schemas.TEXT_MAX)] = "/"
    seconds: Annotated[int | None, Field(strict=True)] = SECONDS_DEFAULT
    password: Annotated[str, Field(max_length=schemas.TEXT_MAX, repr=False)]


class TokensQuery(BaseModel):
    """Whose: one's own, or everybody's, which only operators see."""

    model_config = _CONFIG

    all: bool = False


class RevokeQuery(BaseModel):
    """Whose: one's own, or, for operators, those of an account."""

    model_config = _CONFIG

    account: schemas.Text | None = None


class TokenOut(BaseModel):
    """A token. `seen` and `address` are of its last use, to the minute; `expires` null: never."""

    id: int
    account: str
    name: str
    scopes: list[Scope]
    path: str
    created: datetime
    expires: datetime | None
    seen: datetime | None
    address: str
    status: Literal["active", "expired"]


class NewTokenOut(BaseModel):
    """A new token, with its text, which is shown this once."""

    text: str
    token: TokenOut


class TokensOut(BaseModel):
    """Tokens, the oldest first."""

    tokens: list[TokenOut]


class RevokedOut(BaseModel):
    """How many tokens ended."""

    revoked: int


def add_tokens(router: APIRouter, context: Context) -> None:
    """Add the routes. On a server without accounts they answer as if they were not there."""

    def tokens() -> Tokens:
        if context.services.tokens is None:
            raise NotFoundError("There is nothing at this address", hint="This server has no accounts.")
        return context.services.tokens

    @router.get("/tokens", response_model=TokensOut, summary="List API tokens")
    async def list_tokens(request: Request, query: Annotated[TokensQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            now = tokens().now_us()
            return schemas.dump(
                {"tokens": [token_json(each, now) for each in tokens().listed(who, everybody=query.all)]}
            )

        return _answer(await context.caller(request.scope).run(work))

    @router.post("/tokens", response_model=NewTokenOut, status_code=201, summary="Make an API token")
    async def create(request: Request, wanted: TokenIn) -> Response:
        caller, service = context.caller(request.scope), tokens()
        wish = Wish(wanted.name, frozenset(wanted.scopes), RemotePath.parse(wanted.path), wanted.seconds)

        def work() -> bytes:
            made = service.create(caller.principal(), wanted.password, wish, address=caller.address)
            return schemas.dump({"text": made.text, "token": token_json(made.token, service.now_us())})

        return _answer(await context.sign(caller, work), 201)

    @router.delete("/tokens/{number}", status_code=204, summary="Revoke an API token")
    async def revoke(request: Request, number: Annotated[int, Path(ge=1, lt=1 << 63)]) -> Response:
        await context.caller(request.scope).run(lambda who: tokens().revoke(who, TokenId(number)))
        return Response(status_code=204)

    @router.delete("/tokens", response_model=RevokedOut, summary="Revoke all API tokens")
    async def revoke_all(request: Request, query: Annotated[RevokeQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump({"revoked": tokens().revoke_all(who, query.account)})

        return _answer(await context.caller(request.scope).run(work))


def token_json(token: ApiToken, now_us: int) -> dict[str, Any]:
    """A Token."""
    ended = token.expires_us is not None and token.expires_us <= now_us
    return {
        "id": token.id,
        "account": token.account,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "path": token.path,
        "created": schemas.write_time(token.created_us),
        "expires": schemas.write_time(token.expires_us) if token.expires_us is not None else None,
        "seen": schemas.write_time(token.seen_us) if token.seen_us is not None else None,
        "address": token.address,
        "status": "expired" if ended else "active",
    }


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")
