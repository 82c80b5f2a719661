"""The server's limits while it runs: how many clients and transfers, how fast, and whether new transfers may begin.

What the configuration says holds until an operator says something else, which then survives a restart: it lies in the
catalog with who set it and when. `None` in a change goes back to the configuration. The limits themselves are kept by
`traffic` and `roll`; here is what they are, who may change them, and what a refusal says.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any

from secure_file_transfer.errors import InvalidRequestError, MaintenanceError, SecureFileTransferError, ServerFullError
from secure_file_transfer.model import Category, Principal, SessionId, Severity, TimeUs
from secure_file_transfer.ports import OPERATORS, Audience, Catalog, CatalogTx, Clock, Event, EventBus, Topic

from .accounts import RATE_MAX, is_admin, require_operator, require_operator_in_person
from .audit import Audit
from .roll import Roll
from .traffic import Traffic, client_key

CLIENTS_MAX = 1_000_000
TRANSFERS_MAX = 100_000
TEXT_MAX = 500
FULL_SECONDS = 30.0
MAINTENANCE_SECONDS = 60.0
"""When those who were refused may ask again (`Retry-After`)."""
_RECOUNT_SECONDS = 1.0
EVERYBODY = Audience(everybody=True)


@dataclass(frozen=True, slots=True)
class Values:
    """What holds. For numbers 0 is no limit; rates are bytes in a second."""

    clients: int = 0
    transfers: int = 0
    rate_up: int = 0
    rate_down: int = 0
    maintenance: bool = False
    text: str = ""
    """What the operator says to those who are refused in maintenance."""


@dataclass(frozen=True, slots=True)
class Changed:
    """When a limit was set, and by whom."""

    at_us: TimeUs
    by: str


@dataclass(frozen=True, slots=True)
class View:
    """What holds, what the configuration says, and which limits were set otherwise."""

    values: Values
    configured: Values
    changed: Mapping[str, Changed]


_MOST = {"clients": CLIENTS_MAX, "transfers": TRANSFERS_MAX, "rate_up": RATE_MAX, "rate_down": RATE_MAX}
_WORDS = {
    "clients": "clients",
    "transfers": "transfers at once",
    "rate_up": "bytes/s up",
    "rate_down": "bytes/s down",
    "maintenance": "maintenance",
    "text": "text",
}
_PREFIX = "limit."


class Limits:
    """One for all doors and threads of a process. Opening it puts what was set before into force."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        traffic: Traffic,
        configured: Values,
        *,
        bus: EventBus,
        audit: Audit,
        roll: Roll | None = None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._traffic = traffic
        self._configured = configured
        self._bus, self._audit = bus, audit
        self.roll = roll or Roll(clock)
        self.roll.sources.append(traffic.clients)
        self._changing = Lock()
        self._values = configured
        self._changed: dict[str, Changed] = {}
        self._counted = -_RECOUNT_SECONDS
        self._stopping: Callable[[], SecureFileTransferError] | None = None
        self._read()

    @property
    def values(self) -> Values:
        """What holds at this moment."""
        return self._values

    # --- what doors ask -------------------------------------------------------------------------------------------

    def admit(self, who: Principal, address: str) -> None:
        """Somebody asks for something, on whichever door. Cheap; for those who are here already it never fails.

        Raises:
            ServerFullError: as many clients are here as may be, and this is another one. Operators always come in.
        """
        client, most = client_key(who, address), self._values.clients
        if not most or (who.account is not None and is_admin(who.account)):
            self.roll.seen(client)
        elif not self.roll.seen(client, most):
            self._recount()
            if not self.roll.seen(client, most):
                text = f"The server is full: {most:,} clients are here, and another was turned away"
                self._audit.repeated(Category.SERVER, "server.full", text, key=address)
                raise _full()

    def live(self) -> int:
        """How many clients are here."""
        self._recount()
        return self.roll.count()

    def _recount(self) -> None:
        """Take those off the roll whose session has ended meanwhile, whoever ended it; at most once in a second."""
        now = self._clock.monotonic()
        with self._changing:
            if now - self._counted < _RECOUNT_SECONDS:
                return
            self._counted = now
        sessions = [SessionId(each) for each in self.roll.lately() if isinstance(each, int)]
        there = self._catalog.read(lambda tx: {each for each in sessions if tx.sessions.get(each) is not None})
        self.roll.forget(set(sessions) - there)

    # --- what operators ask ---------------------------------------------------------------------------------------

    def view(self, principal: Principal) -> View:
        """All of it.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        require_operator(principal)
        return View(self._values, self._configured, dict(self._changed))

    def change(self, principal: Principal, wanted: Mapping[str, Any]) -> View:
        """Set limits by the names that `Values` has; None is what the configuration says. In force at once.

        Raises:
            SignInRequiredError, ForbiddenError: only operators do that, and not with a token.
            InvalidRequestError: there is no such limit, or it cannot be that.
        """
        account = require_operator_in_person(principal)
        texts = {name: None if value is None else _written(name, value) for name, value in wanted.items()}
        if not texts:
            raise InvalidRequestError("Nothing is to be changed", hint="Name at least one limit.")

        def work(tx: CatalogTx) -> None:
            now = self._clock.now_us()
            for name, text in texts.items():
                tx.settings.set(_PREFIX + name, text, account.name, now)

        with self._changing:
            before = self._values
            self._catalog.write(work)
            self._read()
            after = self._values
            self._tell(before, after, principal)
        return self.view(principal)

    def stop_transfers(self, refusal: Callable[[], SecureFileTransferError]) -> None:
        """The server will stop: from now on this is what new transfers hear, whatever else holds."""
        with self._changing:
            self._stopping = refusal
            self._traffic.close_to_new(refusal)

    def _read(self) -> None:
        """Put in force what the catalog says; what cannot be read there counts as not set."""
        found: dict[str, Any] = {}
        changed = {}
        for row in self._catalog.read(lambda tx: tx.settings.all()):
            name = row.name.removeprefix(_PREFIX)
            if row.name.startswith(_PREFIX) and (value := _value(name, row.value)) is not None:
                found[name], changed[name] = value, Changed(row.changed_us, row.changed_by)
        values = replace(self._configured, **found)
        self._values, self._changed = values, changed
        self._traffic.change_places(values.transfers)
        self._traffic.change_rates((values.rate_up, values.rate_down))
        if self._stopping is None:
            self._traffic.close_to_new((lambda: _maintenance(values.text)) if values.maintenance else None)

    def _tell(self, before: Values, after: Values, who: Principal) -> None:
        """Write it down, and publish it; nothing where nothing is otherwise."""
        old, new = asdict(before), asdict(after)
        other = [name for name in new if new[name] != old[name]]
        if not other:
            return
        told = ", ".join(f"{_WORDS[name]} {_shown(old[name])} → {_shown(new[name])}" for name in other)
        severity = Severity.WARNING if "maintenance" in other else Severity.INFO
        self._audit.record(
            Category.ADMINISTRATION, "limits.changed", f"Changed the limits: {told}", severity=severity, who=who
        )
        self._bus.publish(Event(Topic.SERVER, "limits", new, OPERATORS, key="limits"))
        if "maintenance" in other or ("text" in other and after.maintenance):
            data = {"on": after.maintenance, "text": after.text}
            self._bus.publish(Event(Topic.SERVER, "maintenance", data, EVERYBODY, key="maintenance"))


def _written(name: str, value: object) -> str:
    """A limit as the catalog keeps it. Raises InvalidRequestError."""
    if name in _MOST and type(value) is int and 0 <= value <= _MOST[name]:
        return str(value)
    if name == "maintenance" and isinstance(value, bool):
        return str(int(value))
    if name == "text" and isinstance(value, str) and len(value) <= TEXT_MAX and _one_line(value):
        return value
    if name in _MOST:
        raise InvalidRequestError(f"{name} has to be a whole number from 0 to {_MOST[name]}").because(
            "limit", most=_MOST[name]
        )
    if name in _WORDS:
        raise InvalidRequestError(
            f"{name} cannot be that", hint=f"A text is one line, of {TEXT_MAX} characters at most."
        ).because("limit_text", most=TEXT_MAX)
    raise InvalidRequestError("There is no such limit", hint=f"There are: {', '.join(_WORDS)}.")


def _one_line(text: str) -> bool:
    """Nothing that moves a cursor or turns the direction of reading; Persian needs its non-joiner."""
    return text.replace("\u200c", "").isprintable()


def _value(name: str, text: str) -> int | bool | str | None:
    """The opposite; None where it is not what `_written` writes."""
    try:
        value: int | bool | str = text if name == "text" else int(text)
        if name == "maintenance":
            value = bool(value)
        return value if _written(name, value) == text else None
    except (ValueError, InvalidRequestError):
        return None


def _shown(value: int | bool | str) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if value else "no limit"


def _full() -> ServerFullError:
    error = ServerFullError(
        "The server is full: as many clients are connected as its operator allows", hint="Try again in a minute."
    )
    error.retry_after = FULL_SECONDS
    return error


def _maintenance(text: str) -> MaintenanceError:
    told = f": {text}" if text else ""
    error = MaintenanceError(
        f"The server is in maintenance and begins no new transfers{told}",
        hint="What runs may finish, and listings go on. Try again later.",
    ).because("text" if text else "", text=text)
    error.retry_after = MAINTENANCE_SECONDS
    return error
