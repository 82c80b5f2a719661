"""What is written down of what happens: who did what, to what, from where."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from secure_file_transfer.model import Category, LogEvent, Principal, SessionId, Severity
from secure_file_transfer.ports import Clock


@dataclass(frozen=True, slots=True)
class Circumstances:
    """In what connection something happens. Doors say so once, for all that is done for one request or command."""

    door: str = ""
    address: str = ""
    request: str = ""
    actor: str = ""
    session: SessionId | None = None


_NOWHERE = Circumstances()
_present: ContextVar[Circumstances] = ContextVar("circumstances", default=_NOWHERE)


@contextmanager
def circumstances(**given: Any) -> Iterator[None]:
    """Within, events are written down with these; those that are not given stay as they are."""
    token = _present.set(replace(_present.get(), **given))
    try:
        yield
    finally:
        _present.reset(token)


class Audit:
    """Takes events of every service and hands them on, with time and circumstances. `keep` must not wait."""

    def __init__(self, clock: Clock, keep: Callable[[LogEvent], None]) -> None:
        self._clock = clock
        self._keep = keep

    def record(
        self,
        category: Category,
        kind: str,
        text: str,
        *,
        severity: Severity = Severity.INFO,
        target: str = "",
        who: Principal | None = None,
    ) -> None:
        """Write down what happened.

        `kind` names it for programs (`share.granted`), `text` says it in one sentence for people, `target` is what it
        was done to: a path, an account, a session. `who` counts instead of the one whom the circumstances name.
        """
        now = _present.get()
        session = who.session.id if who is not None and who.session is not None else now.session
        self._keep(
            LogEvent(
                self._clock.now_us(),
                category,
                severity,
                kind,
                text,
                actor=now.actor if who is None else who.name,
                address=now.address,
                door=now.door,
                target=target,
                session=session,
                request=now.request,
            )
        )
