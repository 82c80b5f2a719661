"""The list of all accounts, as operators read it: page by page, with what each holds and when it was here last."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from secure_file_transfer.model import Account, Role, TimeUs
from secure_file_transfer.ports import CatalogTx

SEARCH_MAX = 256
PAGE_MAX = 10_000


class State(StrEnum):
    """Whether an account may sign in, and if not, why: the first of these that is true."""

    WAITING = "waiting"
    DISABLED = "disabled"
    EXPIRED = "expired"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Listed:
    """An account, what its home holds, when it was here last, and whether its sign-ins need a code."""

    account: Account
    bytes: int
    files: int
    seen_us: TimeUs | None = None
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts. `search` is part of a name, an e-mail address or a note; `after` is the name of the last one."""

    search: str = ""
    role: Role | None = None
    state: State | None = None
    after: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class RosterPage:
    """Some accounts by name, how many there are in all, and whether others follow."""

    accounts: Sequence[Listed]
    total: int
    more: bool


def state_of(account: Account, now: TimeUs) -> State:
    """Whether it may sign in at this moment."""
    if account.pending:
        return State.WAITING
    if account.disabled:
        return State.DISABLED
    return State.EXPIRED if account.expires_us is not None and account.expires_us <= now else State.ACTIVE


def page_of(tx: CatalogTx, wanted: Wanted, now: TimeUs) -> RosterPage:
    """The accounts that are wanted. All are read, which is cheap; only those of the page are counted."""
    found = [each for each in tx.accounts.all() if _fits(each, wanted, now)]
    rest = [each for each in found if each.name.casefold() > wanted.after.casefold()] if wanted.after else found
    some = rest if wanted.limit is None else rest[: wanted.limit]
    return RosterPage(counted(tx, some), len(found), len(some) < len(rest))


def counted(tx: CatalogTx, accounts: Sequence[Account]) -> list[Listed]:
    """The same accounts, with what is known of them besides."""
    ids = [each.id for each in accounts]
    seen, factors = tx.accounts.seen(ids), tx.factors.confirmed(ids)
    rooms = [tx.drives.room(each.home_id) for each in accounts]
    return [
        Listed(each, room.bytes, room.files, seen.get(each.id), each.id in factors)
        for each, room in zip(accounts, rooms, strict=True)
    ]


def _fits(account: Account, wanted: Wanted, now: TimeUs) -> bool:
    if wanted.role is not None and account.role is not wanted.role:
        return False
    if wanted.state is not None and state_of(account, now) is not wanted.state:
        return False
    search = wanted.search.casefold()
    return not search or any(search in text.casefold() for text in (account.name, account.email, account.note))
