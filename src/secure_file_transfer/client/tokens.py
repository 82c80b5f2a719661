"""API tokens: what programs sign in with, so that nobody puts a password into a script."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..model import Scope
from ..paths import RemotePath
from . import wire
from .api import Api
from .wire import ApiTokenInfo

LIFE_SECONDS = 90 * 86_400


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """A token that was just made. Its text is known at this moment only."""

    text: str = field(repr=False)
    token: ApiTokenInfo


class TokenApi(Api):
    """See `AsyncClient`."""

    async def create_token(
        self,
        name: str,
        password: str,
        *,
        scopes: Sequence[Scope | str] = (Scope.FILES_READ,),
        path: str = "/",
        seconds: int | None = LIFE_SECONDS,
    ) -> CreatedToken:
        """Make an API token of ours; give its text to a client as `token=`.

        `scopes` say what it may be used for: `files:read`, `files:write`, `files:delete`, `shares`, `admin`. Only what
        lies at or below `path` exists for it. It ends after so many `seconds`, 90 days by default; None is never.

        Raises:
            SignInFailedError: it is not our password.
            ForbiddenError: we came with a token ourselves; or `admin`, and we are no operator.
            InvalidRequestError, ConflictError
        """
        values = {
            "name": name,
            "password": password,
            "scopes": [str(each) for each in scopes],
            "path": str(RemotePath.parse(path)),
            "seconds": seconds,
        }
        return CreatedToken(*wire.new_token(await self._call("POST", "/api/v1/tokens", values, expect=(201,))))

    async def tokens(self, *, everybody: bool = False) -> Sequence[ApiTokenInfo]:
        """Our API tokens, or for operators everybody's; the oldest first.

        Raises:
            ForbiddenError: only operators see everybody's.
        """
        query = [("all", "true")] if everybody else []
        return wire.api_tokens(await self._call("GET", "/api/v1/tokens", query=query))

    async def revoke_token(self, number: int) -> None:
        """End an API token; what it transfers stops within a second. Operators may end anybody's.

        Raises:
            NotFoundError: there is none, or it is not ours.
        """
        await self._call("DELETE", f"/api/v1/tokens/{int(number)}", expect=(204,))

    async def revoke_tokens(self, account: str | None = None) -> int:
        """End all our API tokens, or for operators all of an account; returns how many.

        Raises:
            NotFoundError, ForbiddenError
        """
        query = [] if account is None else [("account", account)]
        return wire.count(await self._call("DELETE", "/api/v1/tokens", query=query), "revoked")
