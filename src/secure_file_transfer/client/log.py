"""The server's log: what happened, for operators; and for everybody what they did themselves."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import LogFilter, Severity, TimeUs
from . import wire
from .api import Api
from .streams import Download
from .wire_values import listed, members, text_of, time_us, violation, whole

EXPORTS = ("xlsx", "txt", "csv", "jsonl")
_PAGE = 500


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of the log; empty is what is not known."""

    number: int
    at_us: TimeUs
    severity: Severity
    category: str
    kind: str
    actor: str
    address: str
    door: str
    text: str
    target: str
    session: int | None
    request: str


class LogApi(Api):
    """See `AsyncClient`."""

    async def log(self, wanted: LogFilter | None = None, *, limit: int = 100, mine: bool = False) -> Sequence[LogLine]:
        """The latest events, the newest first; `mine` are our own, which everybody may see.

        Raises:
            ForbiddenError: only operators who signed in themselves see what others did.
        """
        found: list[LogLine] = []
        query = _query(wanted, mine=mine)
        cursor: str | None = None
        while len(found) < limit:
            more = [("limit", str(min(_PAGE, limit - len(found)))), *([("cursor", cursor)] if cursor else [])]
            answer = await self._call("GET", "/api/v1/log", query=[*query, *more])
            lines = _lines(answer)
            found += lines
            cursor = answer.get("cursor")
            if not isinstance(cursor, str) or not lines:
                break
        return found[:limit]

    async def log_after(
        self, number: int | None, wanted: LogFilter | None = None, *, mine: bool = False
    ) -> tuple[Sequence[LogLine], int]:
        """Events that came after the one of that number, the oldest first, and the number to go on from.

        None: nothing yet, only the number to begin from. Raises as `log` does.
        """
        place = [("limit", "1")] if number is None else [("after", str(number)), ("limit", str(_PAGE))]
        answer = await self._call("GET", "/api/v1/log", query=[*_query(wanted, mine=mine), *place])
        last = whole(members(answer, "the log"), "last")
        return ([] if number is None else _lines(answer)), last

    async def log_pieces(
        self, form: str, wanted: LogFilter | None = None, *, mine: bool = False
    ) -> AsyncIterator[bytes]:
        """The log as a file of one of `EXPORTS`, the oldest event first, as it arrives. Raises as `log` does."""
        query = [*_query(wanted, mine=mine), ("format", form)]
        download = Download(
            self._wire(),
            self._token,
            self._renew,
            "/api/v1/log/export",
            name="the log",
            query=query,
            archive=True,
            executor=self.executor,
            flow=self.flow,
        )
        async with download:
            async for piece in download:
                yield piece


def _query(wanted: LogFilter | None, *, mine: bool) -> list[tuple[str, str]]:
    wanted = wanted or LogFilter()
    given = [("category", each.value) for each in wanted.categories]
    if wanted.severity is not Severity.DEBUG:
        given.append(("severity", wanted.severity.value))
    for name, moment in (("since", wanted.since_us), ("until", wanted.until_us)):
        if moment is not None:
            given.append((name, wire.time_text(TimeUs(moment))))
    texts = ((name, getattr(wanted, name)) for name in ("actor", "address", "door", "request", "search"))
    given += [(name, value) for name, value in texts if value]
    if wanted.session is not None:
        given.append(("session", str(wanted.session)))
    return [*given, *([("mine", "true")] if mine else [])]


def _lines(answer: object) -> list[LogLine]:
    return [_line(each) for each in listed(answer, "events")]


def _line(values: Mapping[str, Any]) -> LogLine:
    severity = text_of(values, "severity")
    if severity not in set(Severity):
        raise violation("an unknown severity")
    return LogLine(
        number=whole(values, "number"),
        at_us=time_us(values.get("time")),
        severity=Severity(severity),
        category=text_of(values, "category"),
        kind=text_of(values, "kind"),
        actor=text_of(values, "actor"),
        address=text_of(values, "address"),
        door=text_of(values, "door"),
        text=text_of(values, "text"),
        target=text_of(values, "target"),
        session=None if values.get("session") is None else whole(values, "session"),
        request=text_of(values, "request"),
    )
