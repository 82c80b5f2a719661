"""What just happened, on its way to whoever may know: the bus between services and those who watch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from ..model import AccountId, DriveId, NodeId, SessionId


class Topic(StrEnum):
    """What an event is about. Subscribers choose by it."""

    FILES = "files"
    CLIENTS = "clients"
    WARNINGS = "warnings"
    CHAT = "chat"
    JOBS = "jobs"
    LOG = "log"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may hear of an event: anyone who is in one of these. It is part of the event, so that no subscriber decides.

    `folder` stands for those who watch this folder, by drive and node, and may read it at that moment. Folder drives
    have no nodes: there it is the path within the drive. All that they get of the event is the path as they see it:
    that the folder has changed.
    """

    operators: bool = False
    accounts: frozenset[AccountId] = frozenset()
    sessions: frozenset[SessionId] = frozenset()
    folder: tuple[DriveId, NodeId | str] | None = None
    everybody: bool = False


OPERATORS = Audience(operators=True)


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    `kind` is a verb in the past within the topic, such as `message` or `ended`. `data` is what JSON can say, without
    secrets. Of several events with the same topic, kind and `key` only the last one matters: those that nobody has
    fetched yet may give way to it. None: each one counts.
    """

    topic: Topic
    kind: str
    data: Mapping[str, Any]
    audience: Audience
    key: str | None = None
    number: int = field(default=0, compare=False)
    """Given by the bus: later events have greater ones."""


Receive = Callable[[Event], None]


class EventBus(Protocol):
    """Carries events to everybody who subscribed, within a process or between several."""

    def publish(self, event: Event) -> None:
        """Hand it to all subscribers, numbered. From any thread; it never waits for them, and never raises."""

    def subscribe(self, receive: Receive) -> Callable[[], None]:
        """Call `receive` with each event from now on, one at a time and in order. It must be quick and must not raise.

        Returns what ends it.
        """
