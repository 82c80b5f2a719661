"""What operators do to those who are here: end, warn, pause. In person only: no API token does any of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from secure_file_transfer.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
)
from secure_file_transfer.model import (
    Account,
    AccountId,
    Category,
    Principal,
    Session,
    SessionId,
    Severity,
    TimeUs,
    Warned,
    WarningId,
)
from secure_file_transfer.ports import Audience, Catalog, Clock, Event, EventBus, Topic

from .accounts import findable, require_operator_in_person, signed_in
from .audit import Audit
from .bars import ACCOUNT, SOURCE, TOKEN, Bars
from .doing import Client, Doing
from .presence import Presence, unknown, written_time
from .sessions import Sessions

TEXT_MAX = 500
OPEN_MAX = 20
"""Warnings that one receiver has not acknowledged."""
_LISTED_MAX = 1000
_KEPT_US = 30 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Kick:
    """How somebody is to be ended. `block_minutes` 0 is not at all; `source` blocks the address besides."""

    reason: str = ""
    block_minutes: int = 0
    source: bool = False


class Control:
    """One object serves all doors and threads of a process."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        bus: EventBus,
        audit: Audit,
        *,
        sessions: Sessions,
        bars: Bars,
        presence: Presence,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._bus = bus
        self._audit = audit
        self._sessions = sessions
        self._bars = bars
        self._presence = presence
        self._lock = Lock()
        opened = catalog.read(lambda tx: tx.warnings.open(_LISTED_MAX))
        self._open = {each.id: each for each in opened}

    # --- ending -----------------------------------------------------------------------------------------------------

    def kick(self, principal: Principal, client_id: str, how: Kick) -> None:
        """End a client: what it moves stops within a second, and it is told why.

        Of an API token only a block ends anything: it comes with every request.

        Raises:
            SignInRequiredError, ForbiddenError
            NotFoundError: there is no such client, nor a session of that number.
            ConflictError: it is oneself.
            InvalidRequestError
        """
        operator = require_operator_in_person(principal)
        reason = _text(how.reason, least=0)
        client = self._find(client_id)
        if principal.session is not None and client.session == principal.session.id:
            raise ConflictError("That is your own session", hint="To end it: sft logout.").because("own_session")
        if client.kind == "token" and not how.block_minutes:
            raise InvalidRequestError(
                "An API token has no session that could end",
                hint="Block it for some minutes, or revoke it: sft token rm.",
            ).because("token_session")
        if how.block_minutes:
            self._block(client, how, reason, operator)
        told = f"{_ENDED}: {reason}" if reason else _ENDED
        if client.session is not None:
            self._sessions.end_for(client.session, told)
        elif (connection := self._presence.connection(client.id)) is not None and connection.end is not None:
            connection.end(told)
        if client.kind != "token":
            self._presence.leave(client.id)
        until = f", blocked for {how.block_minutes} min" if how.block_minutes else ""
        text = f"Ended {_named(client)}{until}: {reason or 'no reason given'}"
        self._written("client.kicked", text, principal, client)

    def _find(self, client_id: str) -> Client:
        """A client that is here; or a session that rests, for those can be ended too."""
        with suppress(NotFoundError):
            return self._presence.get(client_id)
        if not (client_id.isascii() and client_id.isdigit() and len(client_id) < 19):
            raise unknown()
        found = self._catalog.read(lambda tx: tx.sessions.get(SessionId(int(client_id))))
        if found is None:
            raise unknown()
        return _resting(*found)

    def _block(self, client: Client, how: Kick, reason: str, operator: Account) -> None:
        if client.account_id == operator.id:
            raise ConflictError("That would block your own account", hint="End it without a block.").because(
                "own_account"
            )
        if client.kind == "token":
            self._bars.put(TOKEN, client.id[1:], how.block_minutes, reason, operator.name)
        elif client.kind == "account":
            self._bars.put(ACCOUNT, client.name, how.block_minutes, reason, operator.name)
        if how.source or client.kind in {"visitor", "unknown"}:  # nothing else is known of them
            self._bars.put(SOURCE, client.address, how.block_minutes, reason, operator.name)

    # --- holding ------------------------------------------------------------------------------------------------------

    def pause(self, principal: Principal, client_id: str, *, paused: bool) -> None:
        """Hold what a client moves, for as long as one likes; or let it go on. A restart of the server lets all go on.

        Raises:
            SignInRequiredError, ForbiddenError, NotFoundError
        """
        require_operator_in_person(principal)
        client = self._presence.get(client_id)
        self._presence.pause(client_id, paused=paused)
        did = ("client.paused", "Paused") if paused else ("client.resumed", "Resumed")
        self._written(did[0], f"{did[1]} the transfers of {_named(client)}", principal, client)

    # --- warning

    def warn(self, principal: Principal, client_id: str, text: str) -> Warned:
        """Warn one client. It stands on its screen until it is acknowledged there.

        Raises:
            SignInRequiredError, ForbiddenError, NotFoundError, InvalidRequestError
            ConflictError: it has too many already.
        """
        operator = require_operator_in_person(principal)
        client = self._find(client_id)
        if client.session is None and client.account_id is None:
            raise ConflictError("Whoever that is has not signed in yet", hint="Wait until they have.").because(
                "not_signed_in"
            )
        to = client.account_id if client.session is None else None  # a program's token: its people get it
        return self._warned(to, client.session, client.name, text, operator, principal)

    def warn_account(self, principal: Principal, name: str, text: str) -> Warned:
        """Warn an account, wherever it is signed in now or later; the first who acknowledges does it for all.

        Raises:
            SignInRequiredError, ForbiddenError, NotFoundError, InvalidRequestError, ConflictError
        """
        operator = require_operator_in_person(principal)
        normal = findable(name)
        account = self._catalog.read(lambda tx: tx.accounts.by_name(normal)) if normal else None
        if account is None:
            raise NotFoundError("There is no such account", hint="Check its name.")
        return self._warned(account.id, None, account.name, text, operator, principal)

    def warn_all(self, principal: Principal, text: str) -> list[Warned]:
        """Warn everybody who is here but oneself: each account and each visitor once.

        Raises:
            SignInRequiredError, ForbiddenError, InvalidRequestError
        """
        operator = require_operator_in_person(principal)
        _text(text)
        receivers: dict[object, Client] = {}
        for each in self._presence.all():
            if each.kind in {"account", "visitor"} and each.account_id != operator.id:
                receivers.setdefault(each.account_id or each.id, each)
        sent = []
        for each in receivers.values():
            session = None if each.account_id is not None else each.session
            with suppress(ConflictError, NotFoundError):  # who has twenty already would not read this one
                sent.append(self._warned(each.account_id, session, each.name, text, operator, principal))
        return sent

    def _warned(
        self,
        account: AccountId | None,
        session: SessionId | None,
        receiver: str,
        text: str,
        operator: Account,
        principal: Principal,
    ) -> Warned:
        text = _text(text)
        if sum((each.account_id, each.session_id) == (account, session) for each in self._all_open()) >= OPEN_MAX:
            raise ConflictError(
                f"{receiver} has not acknowledged {OPEN_MAX} warnings already", hint="Disconnect them: sft kick."
            ).because("warnings", name=receiver, most=OPEN_MAX)
        now = self._clock.now_us()
        number = self._catalog.write(
            lambda tx: tx.warnings.create(account, session, receiver, operator.name, text, now)
        )
        warned = Warned(number, account, session, receiver, operator.name, text, now)
        with self._lock:
            self._open[number] = warned
        self._tell("sent", warned)
        self._audit.record(
            Category.ADMINISTRATION, "client.warned", f"Warned {receiver}: {text}", target=receiver, who=principal
        )
        return warned

    def warnings(self, principal: Principal) -> list[Warned]:
        """One's own warnings that stand, the oldest first.

        Raises:
            SignInRequiredError: a guest has none.
            ForbiddenError: they are for people, not for API tokens.
        """
        if principal.link is None:
            signed_in(principal)
        return self.standing(principal)

    def standing(self, principal: Principal) -> list[Warned]:
        """The same for a door, without asking the catalog; nothing for whoever can have none."""
        if not self._open or principal.session is None:
            return []
        return [each for each in self._all_open() if _is_for(each, principal)]

    def sent(self, principal: Principal) -> Sequence[Warned]:
        """The latest warnings of all operators, the newest first, with when they were acknowledged.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        require_operator_in_person(principal)
        return self._catalog.read(lambda tx: tx.warnings.latest(_LISTED_MAX))

    def acknowledge(self, principal: Principal, number: int) -> None:
        """The receiver has read it. Again is fine.

        Raises:
            SignInRequiredError, ForbiddenError
            NotFoundError: there is none, or it is somebody else's.
        """
        if principal.link is None:
            signed_in(principal)
        found = self._catalog.read(lambda tx: tx.warnings.get(WarningId(number)))
        if found is None or not _is_for(found, principal):
            raise NotFoundError("There is no such warning", hint="List them: sft warnings list.")
        now = self._clock.now_us()
        new = self._catalog.write(lambda tx: tx.warnings.acknowledge(found.id, now))
        with self._lock:
            self._open.pop(found.id, None)  # before it is told: whoever hears of it looks at once
        if new:
            self._tell("acknowledged", replace(found, acknowledged_us=now))
            self._audit.record(
                Category.ADMINISTRATION,
                "warning.acknowledged",
                f"{found.receiver} acknowledged the warning of {found.author}: {found.text}",
                target=found.receiver,
                who=principal,
            )

    def remove_expired(self) -> None:
        """Forget blocks whose time is up, and warnings of last month; when the server opens, and now and then."""
        before = TimeUs(self._clock.now_us() - _KEPT_US)

        self._bars.remove_expired()
        self._catalog.write(lambda tx: tx.warnings.delete_before(before))
        with self._lock:
            self._open = {number: each for number, each in self._open.items() if each.created_us >= before}

    def _all_open(self) -> list[Warned]:
        with self._lock:
            return list(self._open.values())

    def _tell(self, kind: str, warned: Warned) -> None:
        audience = Audience(
            operators=True,
            accounts=frozenset(() if warned.account_id is None else (warned.account_id,)),
            sessions=frozenset(() if warned.session_id is None else (warned.session_id,)),
        )
        self._bus.publish(Event(Topic.WARNINGS, kind, warning_json(warned), audience))

    def _written(self, kind: str, text: str, who: Principal, client: Client) -> None:
        with suppress(SecureFileTransferError):  # it is done, whether or not that can be written down
            self._audit.record(
                Category.ADMINISTRATION, kind, text, severity=Severity.WARNING, target=client.id, who=who
            )


_ENDED = "An operator has ended your session"


def _resting(session: Session, account: Account) -> Client:
    """A session of which nothing was heard lately."""
    visitor = session.link_id is not None
    return Client(
        str(session.id),
        f"link #{session.link_id}" if visitor else account.name,
        "visitor" if visitor else "account",
        None if visitor else account.id,
        session.id,
        session.door,
        session.address,
        session.agent,
        session.device_id,
        session.created_us,
        Doing.IDLE,
    )


def warning_json(warned: Warned) -> dict[str, Any]:
    """A warning as the wire says it."""
    acknowledged = warned.acknowledged_us
    return {
        "id": warned.id,
        "to": warned.receiver,
        "session": warned.session_id,
        "author": warned.author,
        "text": warned.text,
        "created": written_time(warned.created_us),
        "acknowledged": None if acknowledged is None else written_time(acknowledged),
    }


def _is_for(warned: Warned, who: Principal) -> bool:
    if warned.session_id is not None:
        return who.session is not None and who.session.id == warned.session_id
    return who.account is not None and who.account.id == warned.account_id


def _text(text: str, *, least: int = 1) -> str:
    """What an operator says: one line, bounded, nothing invisible."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not least <= len(text) <= TEXT_MAX:
        raise InvalidRequestError(f"That text has {len(text)} characters", hint=f"Say it in 1 to {TEXT_MAX}.").because(
            "text_long", most=TEXT_MAX
        )
    return text


def _named(client: Client) -> str:
    return f"{client.name or 'somebody who was signing in'} ({client.door} from {client.address})"
