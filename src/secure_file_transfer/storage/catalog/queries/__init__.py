"""What the catalog can be asked and told, one module for each part."""

from collections.abc import Callable

from ....ports import Clock
from ..sql import Sql
from .accounts import Accounts
from .blocks import Blocks
from .chats import Chats
from .claims import Claims
from .control import Bars, Endings, Warnings
from .devices import Devices
from .drives import Drives
from .factors import Factors
from .facts import Facts
from .grants import Grants
from .groups import Groups
from .jobs import Jobs
from .links import Links
from .log_events import LogEvents
from .mounts import Mounts
from .nodes import Nodes
from .sessions import Sessions
from .settings import Settings
from .tokens import Tokens
from .trash import Trash
from .uploads import Uploads
from .versions import Versions


class Tx:
    """A `ports.CatalogTx` over one transaction."""

    __slots__ = ("_clock", "_later", "_sql")

    def __init__(self, sql: Sql, clock: Clock, later: list[Callable[[], None]]) -> None:
        self._sql = sql
        self._clock = clock
        self._later = later

    def afterwards(self, tell: Callable[[], None]) -> None:
        """Call it once the transaction is durable."""
        self._later.append(tell)

    @property
    def drives(self) -> Drives:
        """Drives."""
        return Drives(self._sql)

    @property
    def nodes(self) -> Nodes:
        """Files and folders."""
        return Nodes(self._sql, self._clock)

    @property
    def trash(self) -> Trash:
        """What was deleted and can come back."""
        return Trash(self._sql, self._clock)

    @property
    def versions(self) -> Versions:
        """Versions and their manifests."""
        return Versions(self._sql, self._clock)

    @property
    def blocks(self) -> Blocks:
        """Blocks."""
        return Blocks(self._sql)

    @property
    def uploads(self) -> Uploads:
        """Files on their way in."""
        return Uploads(self._sql, self._clock)

    @property
    def claims(self) -> Claims:
        """Claims on blocks."""
        return Claims(self._sql)

    @property
    def accounts(self) -> Accounts:
        """Accounts."""
        return Accounts(self._sql)

    @property
    def sessions(self) -> Sessions:
        """Sessions."""
        return Sessions(self._sql)

    @property
    def groups(self) -> Groups:
        """Groups of accounts."""
        return Groups(self._sql)

    @property
    def grants(self) -> Grants:
        """Who else may do what."""
        return Grants(self._sql)

    @property
    def mounts(self) -> Mounts:
        """Folder drives."""
        return Mounts(self._sql)

    @property
    def factors(self) -> Factors:
        """Second factors."""
        return Factors(self._sql)

    @property
    def devices(self) -> Devices:
        """Devices, their certificates, and codes."""
        return Devices(self._sql)

    @property
    def links(self) -> Links:
        """Links."""
        return Links(self._sql)

    @property
    def tokens(self) -> Tokens:
        """API tokens."""
        return Tokens(self._sql)

    @property
    def log(self) -> LogEvents:
        """What happened."""
        return LogEvents(self._sql)

    @property
    def endings(self) -> Endings:
        """Why sessions were ended."""
        return Endings(self._sql)

    @property
    def bars(self) -> Bars:
        """Who is shut out."""
        return Bars(self._sql)

    @property
    def warnings(self) -> Warnings:
        """Warnings of operators."""
        return Warnings(self._sql)

    @property
    def chats(self) -> Chats:
        """Conversations."""
        return Chats(self._sql)

    @property
    def jobs(self) -> Jobs:
        """Jobs."""
        return Jobs(self._sql)

    @property
    def facts(self) -> Facts:
        """Single values."""
        return Facts(self._sql)

    @property
    def settings(self) -> Settings:
        """What operators set."""
        return Settings(self._sql)
