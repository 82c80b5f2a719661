"""A running server: its limits, how it is, and its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidRequestError
from ..model import TimeUs
from .api import Api
from .wire_values import flag, members, plain, text_of, time_us, violation, whole


@dataclass(frozen=True, slots=True)
class LimitValues:
    """For numbers 0 is no limit; rates are bytes in a second. `text` is what is said in maintenance."""

    clients: int
    transfers: int
    rate_up: int
    rate_down: int
    maintenance: bool
    text: str


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What holds, what the configuration says, and when and by whom a limit was set otherwise."""

    values: LimitValues
    configured: LimitValues
    changed: Mapping[str, tuple[TimeUs, str]]


@dataclass(frozen=True, slots=True)
class Ways:
    """Of uploads and of downloads."""

    up: int
    down: int


@dataclass(frozen=True, slots=True)
class StopPlan:
    """When the server stops: after the transfers that run, in so many seconds at the latest; or now."""

    after_transfers: bool
    within_seconds: int | None


@dataclass(frozen=True, slots=True)
class ServerDetails:
    """What operators see. `bytes` are of content since the server began, `speeds` bytes in a second."""

    clients: int
    running: Ways
    waiting: Ways
    bytes: Ways
    speeds: Ways
    stored_bytes: int
    stored_files: int
    free_bytes: int
    limits: LimitValues


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How the server is; `details` is None for those who are no operators."""

    version: str
    since_us: TimeUs
    uptime_seconds: float
    maintenance: bool
    text: str
    stopping: StopPlan | None
    details: ServerDetails | None


class OperationsApi(Api):
    """See `AsyncClient`."""

    async def limits(self) -> ServerLimits:
        """The server's limits, for operators.

        Raises:
            ForbiddenError
        """
        return _limits(await self._call("GET", "/api/v1/limits"))

    async def change_limits(self, /, **changes: int | bool | str | None) -> ServerLimits:
        """Set limits by the names of `LimitValues`, at once and for good; None is what the configuration says.

        Raises:
            ForbiddenError: we are no operator, or came with a token.
            InvalidRequestError
        """
        if unknown := changes.keys() - LimitValues.__dataclass_fields__.keys():
            raise InvalidRequestError(f"There is no limit called {min(unknown)}")
        return _limits(await self._call("PATCH", "/api/v1/limits", changes))

    async def server_status(self) -> ServerStatus:
        """How the server is; for operators with all details."""
        return _status(await self._call("GET", "/api/v1/status"))

    async def stop_server(self, *, after_transfers: bool = True, within_seconds: int | None = None) -> StopPlan:
        """Stop the server, by default once the transfers that run are done. No new ones begin from now on.

        Raises:
            ForbiddenError: we are no operator, or came with a token.
        """
        values = {"after_transfers": after_transfers, "within_seconds": within_seconds}
        return _stop(await self._call("POST", "/api/v1/server/stop", values, expect=(202,)))


def _values(value: object) -> LimitValues:
    values = members(value, "the limits")
    return LimitValues(
        whole(values, "clients"),
        whole(values, "transfers"),
        whole(values, "rate_up"),
        whole(values, "rate_down"),
        flag(values, "maintenance"),
        plain(text_of(values, "text")),
    )


def _limits(value: object) -> ServerLimits:
    values = members(value, "the limits")
    changed = {
        name: (time_us(members(each, "a change").get("at")), plain(text_of(each, "by")))
        for name, each in members(values.get("changed"), "what was changed").items()
        if name in LimitValues.__dataclass_fields__
    }
    return ServerLimits(_values(values), _values(values.get("configured")), changed)


def _status(value: object) -> ServerStatus:
    values = members(value, "the status")
    uptime, stopping, details = values.get("uptime_seconds"), values.get("stopping"), values.get("details")
    if isinstance(uptime, bool) or not isinstance(uptime, int | float) or not 0 <= uptime < 1 << 40:
        raise violation("'uptime_seconds' is not a time")
    return ServerStatus(
        plain(text_of(values, "version")),
        time_us(values.get("since")),
        float(uptime),
        flag(values, "maintenance"),
        plain(text_of(values, "text")),
        None if stopping is None else _stop(stopping),
        None if details is None else _details(members(details, "the details")),
    )


def _stop(value: object) -> StopPlan:
    values = members(value, "the end")
    within = None if values.get("within_seconds") is None else whole(values, "within_seconds")
    return StopPlan(flag(values, "after_transfers"), within)


def _details(values: Mapping[str, Any]) -> ServerDetails:
    def ways(name: str) -> Ways:
        both = members(values.get(name), f"'{name}'")
        return Ways(whole(both, "up"), whole(both, "down"))

    return ServerDetails(
        whole(values, "clients"),
        ways("running"),
        ways("waiting"),
        ways("bytes"),
        ways("speeds"),
        whole(values, "stored_bytes"),
        whole(values, "stored_files"),
        whole(values, "free_bytes"),
        _values(values.get("limits")),
    )
