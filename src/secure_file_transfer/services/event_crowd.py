"""Who is subscribed to events: found by what they are and what they watch, without asking one by one."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from secure_file_transfer.errors import ForbiddenError, SecureFileTransferError
from secure_file_transfer.model import AccountId, DriveId, NodeId, Principal, SessionId, TokenId
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Event, Topic

from .accounts import is_admin
from .event_queue import EventQueue

TOKEN_TOPICS = frozenset({Topic.FILES, Topic.JOBS, Topic.SERVER})
"""What a token hears of. Chat, warnings, other sessions and the log are for people."""
MOVED = "moved"
"""The kind of events that say that a folder, and all below it, is elsewhere now or gone. No subscriber gets them."""

Place = tuple[DriveId, NodeId | str]
Key = TypeVar("Key", bound=Hashable)
Each = TypeVar("Each")


class Watch:
    """A folder that a subscriber watches: the path in its own view, and the folder that it led to last."""

    __slots__ = ("path", "place", "since", "subscriber")

    def __init__(self, subscriber: "Subscriber", path: RemotePath, place: Place, since: int) -> None:
        self.subscriber, self.path, self.place = subscriber, path, place
        self.since = since
        """Of whoever was away: up to this event, the folder at the path may not be the one that was there before."""

    def concerned(self, event: Event) -> bool:
        """Whether an event is about its folder, or may be about where that is."""
        folder = event.audience.folder
        return folder is not None and (folder == self.place or (event.kind == MOVED and folder[0] == self.place[0]))


class Subscriber:
    """What is known of one. Everything that changes does so under the hub's lock."""

    __slots__ = ("begun", "ended", "marked", "principal", "queue", "source", "topics", "wake", "watches")

    def __init__(self, principal: Principal, source: str, wake: Callable[[], None]) -> None:
        self.principal, self.source, self.wake = principal, source, wake
        self.topics: frozenset[Topic] = frozenset()
        self.watches: dict[RemotePath, Watch] = {}
        self.queue = EventQueue()
        self.begun = False
        self.marked = 0
        """The number that it was told last without an event of its own."""
        self.ended: SecureFileTransferError | None = None
        """Why nothing more will come."""

    @property
    def payer(self) -> Hashable:
        """Whose places it takes: an account's, or those of the visitors of one link."""
        link = self.principal.link
        return self.principal.payer if link is None else ("link", link.id)

    def topics_for(self, wanted: Iterable[Topic] | None) -> frozenset[Topic]:
        """The topics that it has from now on; None leaves them, which at first are all that it may have.

        Raises:
            ForbiddenError
        """
        may = TOKEN_TOPICS if self.principal.token is not None else frozenset(Topic)
        if wanted is None:
            return self.topics if self.begun else may
        chosen = frozenset(wanted)
        if beyond := sorted(chosen - may):
            raise ForbiddenError(f"A token hears nothing of {', '.join(beyond)}", hint="Sign in with your password.")
        return chosen

    def addressed(self, event: Event) -> bool:
        """Whether an event is for it, whatever it watches: one by one the same as `Crowd.hearers` finds for all."""
        audience, who = event.audience, self.principal
        if event.topic not in self.topics:
            return False
        return (
            audience.everybody
            or (audience.operators and _is_operator(who))
            or (who.account is not None and who.account.id in audience.accounts)
            or (who.session is not None and who.session.id in audience.sessions)
        )

    def concerned(self, event: Event) -> bool:
        """The same, or whether it may be about a folder that it watches."""
        if event.topic not in self.topics:
            return False
        return self.addressed(event) or any(watch.concerned(event) for watch in self.watches.values())


class Crowd:
    """All subscribers, in tables. The caller holds a lock."""

    def __init__(self) -> None:
        self.everybody: set[Subscriber] = set()
        self.of_payer: Counter[Hashable] = Counter()
        self.of_source: Counter[str] = Counter()
        self._operators: set[Subscriber] = set()
        self._of_account: dict[AccountId, set[Subscriber]] = {}
        self._of_session: dict[SessionId, set[Subscriber]] = {}
        self._of_token: dict[TokenId, set[Subscriber]] = {}
        self._of_place: dict[Place, set[Watch]] = {}
        self._of_drive: dict[DriveId, set[Watch]] = {}
        self.turns = 0
        """Greater whenever other folders of folder drives are watched than before."""

    # --- coming and going -------------------------------------------------------------------------------------------

    def enter(self, one: Subscriber) -> None:
        """One more."""
        who = one.principal
        self.everybody.add(one)
        self.of_payer[one.payer] += 1
        self.of_source[one.source] += 1
        if _is_operator(who):
            self._operators.add(one)
        if who.account is not None:
            self._of_account.setdefault(who.account.id, set()).add(one)
        if who.session is not None:
            self._of_session.setdefault(who.session.id, set()).add(one)
        if who.token is not None:
            self._of_token.setdefault(who.token.id, set()).add(one)

    def leave(self, one: Subscriber) -> None:
        """One less."""
        who = one.principal
        self.watch(one, {})
        self.everybody.discard(one)
        self._operators.discard(one)
        _uncount(self.of_payer, one.payer)
        _uncount(self.of_source, one.source)
        if who.account is not None:
            _drop(self._of_account, who.account.id, one)
        if who.session is not None:
            _drop(self._of_session, who.session.id, one)
        if who.token is not None:
            _drop(self._of_token, who.token.id, one)

    def watch(self, one: Subscriber, watches: dict[RemotePath, Watch]) -> None:
        """These folders from now on, and no others."""
        for old in one.watches.values():
            self._unindex(old)
        one.watches = watches
        for new in watches.values():
            self._index(new)

    def lead(self, watch: Watch, place: Place | None) -> None:
        """The path of a watch leads elsewhere now; None: nowhere, and it is watched no more."""
        self._unindex(watch)
        if place is None:
            del watch.subscriber.watches[watch.path]
        else:
            watch.place = place
            self._index(watch)

    def folders(self) -> list[tuple[DriveId, str]]:
        """The folders of folder drives that somebody watches."""
        return [(drive, place) for drive, place in self._of_place if isinstance(place, str)]

    def _index(self, watch: Watch) -> None:
        self.turns += isinstance(watch.place[1], str)
        self._of_place.setdefault(watch.place, set()).add(watch)
        self._of_drive.setdefault(watch.place[0], set()).add(watch)

    def _unindex(self, watch: Watch) -> None:
        self.turns += isinstance(watch.place[1], str)
        _drop(self._of_place, watch.place, watch)
        _drop(self._of_drive, watch.place[0], watch)

    # --- being found ------------------------------------------------------------------------------------------------

    def hearers(self, event: Event) -> list[Subscriber]:
        """Whom an event is for, without those who watch its folder."""
        audience = event.audience
        if audience.everybody:
            return [each for each in self.everybody if event.topic in each.topics]
        found = set(self._operators) if audience.operators else set()
        for account in audience.accounts:
            found |= self._of_account.get(account, set())
        for session in audience.sessions:
            found |= self._of_session.get(session, set())
        return [each for each in found if event.topic in each.topics]

    def watchers(self, event: Event) -> list[Watch]:
        """Those who watch the folder of an event, or with `MOVED` anything in that drive."""
        folder = event.audience.folder
        if folder is None:
            return []
        found = self._of_drive.get(folder[0], ()) if event.kind == MOVED else self._of_place.get(folder, ())
        return [each for each in found if event.topic in each.subscriber.topics]

    def credentials(self) -> tuple[list[SessionId], list[TokenId]]:
        """All sessions and tokens that anybody came with."""
        return list(self._of_session), list(self._of_token)

    def who_came_with(self, sessions: Iterable[SessionId], tokens: Iterable[TokenId]) -> list[Subscriber]:
        """The subscribers of these."""
        found = [each for session in sessions for each in self._of_session.get(session, ())]
        return found + [each for token in tokens for each in self._of_token.get(token, ())]


def _is_operator(who: Principal) -> bool:
    """An operator in person: no token acts as one here."""
    return who.account is not None and who.token is None and is_admin(who.account)


def _drop(index: dict[Key, set[Each]], key: Key, member: Each) -> None:
    members = index.get(key)
    if members is not None:
        members.discard(member)
        if not members:
            del index[key]


def _uncount(counter: Counter[Key], key: Key) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
