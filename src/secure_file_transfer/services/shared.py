"""`/Shared`: what others share with an account, by owner and name, and the way from there into their drives."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from secure_file_transfer.errors import ForbiddenError, InvalidRequestError, IsAFolderError
from secure_file_transfer.model import (
    SHARED_FOLDER,
    AccountId,
    Conflict,
    DriveId,
    Entry,
    Kind,
    NodeId,
    Page,
    Received,
    Rights,
    SortKey,
    TimeUs,
    Usage,
)
from secure_file_transfer.paths import RemotePath, display, numbered
from secure_file_transfer.ports import Catalog, CatalogTx, Clock, Content, Draft

from .vault_nodes import Anchor, entry_of, not_found

SHARED = RemotePath((SHARED_FOLDER,))
TOP = 3
"""How many names lead to something that was shared: the folder's, its owner's, its own."""
_CHECK_SECONDS = 0.5
_CURSOR_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Way:
    """From a path below `/Shared/<owner>/<name>` into its owner's drive, and the rights there."""

    drive_id: DriveId
    anchor: Anchor
    rights: Rights


def named(received: Iterable[Received]) -> dict[tuple[str, str], Received]:
    """What was received, by owner and name.

    Of several nodes of one owner with the same name the oldest has it as it is, and the others with their number,
    which stays theirs.
    """
    found: dict[tuple[str, str], Received] = {}
    for each in received:
        name = each.node.name
        while (each.owner, name) in found:
            name = numbered(each.node.name, each.node.id) if name == each.node.name else numbered(name, 2)
        found[each.owner, name] = each
    return found


def way_in(
    tx: CatalogTx,
    account_id: AccountId,
    shares: dict[tuple[str, str], Received],
    path: RemotePath,
    asked: RemotePath,
) -> Way:
    """Where a path with at least `TOP` names leads; `asked` is what failures speak of.

    The deepest node on the way that was itself granted to the account is the anchor: the rights there are those of
    everything below it that has no grant of its own.

    Raises:
        NotFoundError: nothing of that name was shared; the same, whatever is there.
    """
    _, owner, name, *rest = path.parts
    top = shares.get((owner, name)) or _by_number(shares, owner, name)
    if top is None:
        raise not_found(asked)
    granted = {each.node.id for each in shares.values()}
    node, depth = top.node, TOP
    anchor_id = node.id
    for number, each in enumerate(rest, TOP + 1):
        child = tx.nodes.child(node.id, each)
        if child is None:
            break
        node = child
        if node.id in granted:
            anchor_id, depth = node.id, number
    rights = tx.grants.rights(account_id, anchor_id)
    if not rights:
        raise not_found(asked)
    at = RemotePath(path.parts[:depth])
    return Way(node.drive_id, Anchor(at, anchor_id, still_granted(account_id, anchor_id, rights, at)), rights)


def _by_number(shares: dict[tuple[str, str], Received], owner: str, name: str) -> Received | None:
    """A name with a number goes on to lead where it led, when the node that had the plain name is gone."""
    for (of, _), each in shares.items():
        if of == owner and numbered(each.node.name, each.node.id) == name:
            return each
    return None


def still_granted(
    account_id: AccountId, node_id: NodeId, rights: Rights, path: RemotePath
) -> Callable[[CatalogTx], None]:
    """What raises once an account has not all of these rights on a node any more. `path` is theirs."""

    def verify(tx: CatalogTx) -> None:
        now = tx.grants.rights(account_id, node_id)
        if not now:
            raise not_found(path)
        if rights & ~now:
            raise ForbiddenError(f"Your rights on {display(str(path))} were changed", hint="Try again.").because(
                "rights_changed", path=str(path)
            )

    return verify


def now_and_then(catalog: Catalog, clock: Clock, verify: Callable[[CatalogTx], None]) -> Callable[[], None]:
    """A check that can be asked with every piece of a transfer, and asks the catalog twice a second at most."""
    asked = clock.monotonic()

    def check() -> None:
        nonlocal asked
        if clock.monotonic() - asked >= _CHECK_SECONDS:
            catalog.read(verify)
            asked = clock.monotonic()

    return check


class SharedFolders:
    """`/Shared` and `/Shared/<owner>` as a `ports.FileTree`: made of grants, so nothing can be put there or taken.

    `shares` are those that are shown: of all owners, or of one.
    """

    def __init__(self, shares: dict[tuple[str, str], Received]) -> None:
        self._shares = shares

    def stat(self, path: RemotePath) -> Entry:
        """A folder that changed when the last of what it holds did."""
        latest = max((each.node.modified_us for each in self._shares.values()), default=TimeUs(0))
        created = min((each.node.created_us for each in self._shares.values()), default=TimeUs(0))
        ids = "-".join(f"{each.node.id:x}" for each in self._shares.values())
        return Entry(str(path), path.name, Kind.FOLDER, 0, latest, created, None, f"{_digest(ids)}-{latest:x}")

    def list(
        self,
        path: RemotePath,
        *,
        sort: SortKey = SortKey.NAME,
        descending: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page:
        """A page, as of any folder."""
        entries = sorted(self._children(path), key=_order(sort), reverse=descending)
        entries.sort(key=lambda entry: entry.kind)  # stable: folders come first in every order
        begin = _read_place(cursor)
        end = begin + limit
        return Page(entries[begin:end], str(end) if end < len(entries) else None)

    def _children(self, path: RemotePath) -> Sequence[Entry]:
        if len(path.parts) < TOP - 1:
            owners = dict.fromkeys(owner for owner, _ in self._shares)
            return [SharedFolders(of_owner(self._shares, owner)).stat(path / owner) for owner in owners]
        return [entry_of(each.node, str(path / name)) for (_, name), each in self._shares.items()]

    def make_folder(self, path: RemotePath, *, parents: bool = False) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def move(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(source)

    def copy(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(source)

    def set_modified(self, path: RemotePath, modified_us: TimeUs) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def remove(self, path: RemotePath, *, recursive: bool = False) -> None:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def open(self, path: RemotePath) -> Content:
        """Refused: it is a folder."""
        raise IsAFolderError(f"{display(str(path))} is a folder", hint="List it.")

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> Draft:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def usage(self) -> Usage:
        """Nothing of its own."""
        return Usage(0, 0, 0, None)

    def _refuse(self, path: RemotePath) -> NoReturn:
        raise ForbiddenError(
            f"{display(str(path))} shows what others share; it cannot be changed here",
            hint="Its owner can rename it, remove it or take it back.",
        ).because("shared", path=str(path))


def of_owner(shares: dict[tuple[str, str], Received], owner: str) -> dict[tuple[str, str], Received]:
    """Those of one owner."""
    return {key: each for key, each in shares.items() if key[0] == owner}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _order(sort: SortKey) -> Callable[[Entry], tuple[int, str, str]]:
    def key(entry: Entry) -> tuple[int, str, str]:
        first = {SortKey.NAME: 0, SortKey.SIZE: entry.size, SortKey.MODIFIED: entry.modified_us}[sort]
        return first, entry.name.casefold(), entry.name

    return key


def _read_place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < _CURSOR_DIGITS):
        raise InvalidRequestError("That cursor does not continue this listing", hint="Use that of the page before.")
    return int(cursor)
