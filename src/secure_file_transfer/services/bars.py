"""Whom operators have shut out of new sign-ins for a while: accounts, sources and API tokens. It survives a restart.

Sessions that exist are not touched: those are ended one by one. The guard asks here, so every door does.
"""

import math
from threading import Lock

from secure_file_transfer.errors import InvalidRequestError, SessionEndedError, TooManyRequestsError
from secure_file_transfer.model import Bar, TimeUs, TokenId
from secure_file_transfer.ports import Catalog, Clock

from .networks import source_of

ACCOUNT, SOURCE, TOKEN = "account", "source", "token"
MINUTES_MAX = 60 * 24 * 30
"""A month. What is to last longer is a disabled account, or a network that the settings refuse."""
BARS_MAX = 1000
_MINUTE_US = 60_000_000


class Bars:
    """All bars, in memory as in the catalog. One object serves all doors and threads of a process."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._lock = Lock()
        found = catalog.read(lambda tx: tx.bars.all())
        self._bars = {(each.kind, each.subject): each for each in found}

    def put(self, kind: str, subject: str, minutes: int, reason: str, author: str) -> Bar:
        """Shut somebody out, from now on.

        Raises:
            InvalidRequestError: for too long, or there are too many already.
        """
        if not 1 <= minutes <= MINUTES_MAX:
            raise InvalidRequestError(
                f"A block lasts from 1 to {MINUTES_MAX} minutes", hint="Or disable the account."
            ).because("block_minutes", most=MINUTES_MAX)
        now = self._clock.now_us()
        if len(self.all()) >= BARS_MAX:
            raise InvalidRequestError(
                f"There are {BARS_MAX} blocks already", hint="Lift some: sft guard list."
            ).because("blocks", most=BARS_MAX)
        bar = Bar(kind, _key(kind, subject), reason, author, now, TimeUs(now + minutes * _MINUTE_US))
        self._catalog.write(lambda tx: tx.bars.put(bar))
        with self._lock:
            self._bars[bar.kind, bar.subject] = bar
        return bar

    def all(self) -> list[Bar]:
        """Those that hold, the oldest first."""
        now = self._clock.now_us()
        with self._lock:
            return [each for each in self._bars.values() if each.until_us > now]

    def lift(self, bar: Bar) -> None:
        """Let them in again."""
        self._catalog.write(lambda tx: tx.bars.delete(bar.kind, bar.subject))
        with self._lock:
            self._bars.pop((bar.kind, bar.subject), None)

    def remove_expired(self) -> None:
        """Forget those whose time is up."""
        now = self._clock.now_us()
        self._catalog.write(lambda tx: tx.bars.delete_expired(now))
        with self._lock:
            self._bars = {key: each for key, each in self._bars.items() if each.until_us > now}

    def require(self, kind: str, subject: str) -> None:
        """Raises TooManyRequestsError, with the reason and when to come again, while this one is shut out."""
        if (bar := self._holding(kind, subject)) is not None:
            seconds = math.ceil((bar.until_us - self._clock.now_us()) / 1_000_000)
            raise TooManyRequestsError(_told("An operator has blocked your sign-ins", bar), seconds=seconds).because(
                "operator", text=bar.reason
            )

    def require_token(self, token_id: TokenId) -> None:
        """Raises SessionEndedError while this API token is shut out."""
        if (bar := self._holding(TOKEN, str(token_id))) is not None:
            raise SessionEndedError(_told("An operator has blocked this token", bar))

    def _holding(self, kind: str, subject: str) -> Bar | None:
        if not self._bars:
            return None
        bar = self._bars.get((kind, _key(kind, subject)))
        return bar if bar is not None and bar.until_us > self._clock.now_us() else None


def _key(kind: str, subject: str) -> str:
    return source_of(subject) if kind == SOURCE else subject.casefold()


def _told(what: str, bar: Bar) -> str:
    return f"{what}: {bar.reason}" if bar.reason else what
