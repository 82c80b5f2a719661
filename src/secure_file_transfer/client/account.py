"""Who is signed in, and who has to wait: the requests about accounts rather than files."""

from collections.abc import Sequence

from . import wire
from .api import Api
from .wire import GuardBlock, SessionInfo


class AccountApi(Api):
    """See `AsyncClient`."""

    async def sessions(self, *, everybody: bool = False) -> Sequence[SessionInfo]:
        """Your sessions, or for operators everybody's; the one used last comes first.

        Raises:
            ForbiddenError: only operators see everybody's.
        """
        query = [("all", "true")] if everybody else []
        return wire.sessions(await self._call("GET", "/api/v1/sessions", query=query))

    async def end_session(self, number: int) -> None:
        """End one session; its transfers stop within a second. Operators may end anybody's.

        Raises:
            NotFoundError: there is none, or it is not yours.
        """
        await self._call("DELETE", f"/api/v1/sessions/{number}", expect=(204,))

    async def end_sessions(self, account: str | None = None) -> int:
        """End all your other sessions, or for operators all of an account; returns how many.

        Raises:
            NotFoundError, ForbiddenError
        """
        query = [] if account is None else [("account", account)]
        return wire.count(await self._call("DELETE", "/api/v1/sessions", query=query), "ended")

    async def totp(self) -> tuple[bool, int]:
        """Whether your sign-ins need a code, and how many recovery codes are left."""
        return wire.totp(await self._call("GET", "/api/v1/totp"))

    async def begin_totp(self, password: str) -> tuple[str, str]:
        """Begin with an authenticator app: its key, and the same as an address for a QR code. Then `confirm_totp`.

        Raises:
            SignInFailedError: it is not your password.
            ConflictError: there is a second factor already.
        """
        return wire.totp_key(await self._call("POST", "/api/v1/totp", {"password": password}, expect=(201,)))

    async def confirm_totp(self, code: str) -> Sequence[str]:
        """The app shows this code: from now on sign-ins need one. Returns recovery codes, each good for one sign-in.

        Raises:
            SignInFailedError: the code is not right.
            ConflictError: nothing was begun.
        """
        return wire.recovery(await self._call("POST", "/api/v1/totp/confirm", {"code": code}))

    async def renew_recovery(self, code: str) -> Sequence[str]:
        """New recovery codes in place of the old ones.

        Raises:
            SignInFailedError, ConflictError
        """
        return wire.recovery(await self._call("POST", "/api/v1/totp/recovery", {"code": code}))

    async def disable_totp(self, code: str) -> None:
        """Sign-ins need no code any more. A recovery code will do.

        Raises:
            SignInFailedError, ConflictError
        """
        await self._call("POST", "/api/v1/totp/disable", {"code": code}, expect=(204,))

    async def guard_blocks(self) -> Sequence[GuardBlock]:
        """Who has to wait after too many wrong guesses; for operators.

        Raises:
            ForbiddenError
        """
        return wire.guard_blocks(await self._call("GET", "/api/v1/admin/guard"))

    async def guard_unblock(self, subject: str | None = None) -> int:
        """Let an address, a network or an account guess again, or with None everybody; returns how many; for operators.

        Raises:
            ForbiddenError
        """
        query = [] if subject is None else [("subject", subject)]
        return wire.count(await self._call("DELETE", "/api/v1/admin/guard", query=query), "unblocked")
