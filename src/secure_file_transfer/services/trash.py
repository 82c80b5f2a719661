"""The trash: what was deleted, put back or removed for good by whoever owns the drive it lay in.

Whoever deletes something of another's in a shared folder puts it into the owner's trash. They may undo that, as long as
they may still put something there; everything else is the owner's. Folder drives have no trash.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from secure_file_transfer.errors import NotFoundError, SignInRequiredError
from secure_file_transfer.model import (
    Account,
    AccountId,
    Category,
    Conflict,
    DriveId,
    Entry,
    Principal,
    Rights,
    TimeUs,
    Trashed,
    TrashId,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import CatalogTx

from . import vault_trash
from .access import Access
from .audit import SILENT, Audit
from .keeping import NOTHING, By, Keeping
from .scopes import reaches, require_rights, rights_of
from .vault import VaultTree
from .vault_nodes import Room

_BATCH = 500
_ROOT = RemotePath()


@dataclass(frozen=True, slots=True)
class Discarded:
    """Something in the trash, for its owner. `ends_us` is when it goes for good."""

    trashed: Trashed
    ends_us: TimeUs


class Trash:
    """The trash of every account.

    Args:
        access: who sees which drive.
        tree_of: the files of a drive.
        on_removed: called after something was removed for good, so that its space can be given back soon.
        keeping: for how long it is kept.
    """

    def __init__(
        self,
        access: Access,
        tree_of: Callable[[DriveId], VaultTree],
        on_removed: Callable[[], None],
        audit: Audit = SILENT,
        keeping: Keeping = NOTHING,
    ) -> None:
        self.days = keeping.trash_days
        self._access = access
        self._tree_of = tree_of
        self._on_removed = on_removed
        self._audit = audit

    def ends(self, principal: Principal, path: RemotePath, trash_id: TrashId) -> TimeUs | None:
        """When something that was just deleted by this path goes for good."""
        tree = self._access.grant(principal, path, above=True).tree
        if not isinstance(tree, VaultTree):
            return None
        trashed = tree.room.catalog.read(lambda tx: tx.trash.get(trash_id))
        return None if trashed is None else tree.room.keeping.trash_ends(trashed.deleted_us)

    def list(
        self, principal: Principal, *, before: TrashId | None = None, limit: int = 1000
    ) -> tuple[Sequence[Discarded], TrashId | None]:
        """What lies in one's own trash, what came last first; and where the next page begins, if there is one.

        Raises:
            SignInRequiredError, NotFoundError, ForbiddenError
        """
        room = self._own(principal, Rights.READ)
        found = room.catalog.read(lambda tx: tx.trash.list(room.drive.id, before, limit + 1))
        page = [Discarded(each, room.keeping.trash_ends(each.deleted_us)) for each in found[:limit]]
        return page, page[-1].trashed.id if len(found) > limit else None

    def restore(self, principal: Principal, trash_id: TrashId, conflict: Conflict = Conflict.SKIP) -> Entry:
        """Put it back where it was; the answer has its path as the principal sees it.

        Grants on it hold again. Links to it have ended.

        Raises:
            NotFoundError: it is not there, or not one's own, which looks the same.
            ExistsError: the name is taken, as with a move.
        """
        account = _account(principal)
        room = self._tree_of(account.home_id).room
        now = room.clock.now_us()
        found = room.catalog.read(lambda tx: tx.trash.get(trash_id))
        if found is None:
            raise _not_there()
        theirs = found.node.drive_id != account.home_id
        if not theirs:
            self._own(principal, _needed(conflict))
        view = self._tree_of(found.node.drive_id).acted_by(By(principal.name, account.id)).room

        def work(tx: CatalogTx) -> Entry:
            trashed = tx.trash.get(trash_id)
            if trashed is None:
                raise _not_there()
            if theirs:
                _require_undo(tx, principal, account.id, trashed, conflict)
            entry = vault_trash.restore(tx, view, trashed, conflict, now)
            return _as_seen(entry, trashed) if theirs else entry

        entry = room.catalog.write(work)
        if conflict is Conflict.OVERWRITE:
            self._on_removed()
        self._told(principal, "trash.restored", f"{display(entry.path)} was put back from the trash", entry.path)
        return entry

    def remove(self, principal: Principal, trash_id: TrashId) -> None:
        """Remove it for good. Raises NotFoundError: it is not there, or not one's own, which looks the same."""
        room = self._own(principal, Rights.READ | Rights.DELETE)

        def work(tx: CatalogTx) -> Trashed:
            trashed = tx.trash.get(trash_id)
            if trashed is None or trashed.node.drive_id != room.drive.id:
                raise _not_there()
            tx.trash.drop(trash_id)
            vault_trash.tell(tx, room)
            return trashed

        name = room.catalog.write(work).node.name
        self._on_removed()
        self._told(principal, "trash.removed", f"{display(name)} was removed from the trash for good", name)

    def empty(self, principal: Principal) -> int:
        """Remove all of it for good; returns how many."""
        room = self._own(principal, Rights.READ | Rights.DELETE)

        def work(tx: CatalogTx) -> int:
            found = tx.trash.oldest(room.drive.id, _BATCH)
            for each in found:
                tx.trash.drop(each.id)
            if found:
                vault_trash.tell(tx, room)
            return len(found)

        count = 0
        while done := room.catalog.write(work):
            count += done
        self._on_removed()
        self._told(principal, "trash.emptied", f"The trash was emptied: {count:,} entries", "trash")
        return count

    def _own(self, principal: Principal, needed: Rights) -> Room:
        """The drive whose trash is one's own. A token has to reach all of it."""
        account = _account(principal)
        grant = self._access.grant(principal, _ROOT)
        grant.require(needed, _ROOT)
        if not isinstance(grant.tree, VaultTree) or grant.tree.room.drive.id != account.home_id:
            raise NotFoundError("There is no trash here")
        return grant.tree.room

    def _told(self, who: Principal, kind: str, text: str, target: str) -> None:
        self._audit.record(Category.FILE, kind, text, target=target, who=who)


def _account(principal: Principal) -> Account:
    if principal.account is None or principal.link is not None:
        raise SignInRequiredError("Only accounts have a trash", hint="Sign in.")
    return principal.account


def _needed(conflict: Conflict) -> Rights:
    needed = Rights.READ | Rights.CREATE
    return needed | Rights.WRITE if conflict is Conflict.OVERWRITE else needed


def _require_undo(
    tx: CatalogTx, principal: Principal, account_id: AccountId, trashed: Trashed, conflict: Conflict
) -> None:
    """Whoever deleted it themselves, and may still put it there, may undo that."""
    needed, seen = _needed(conflict), RemotePath.parse(trashed.seen)
    if trashed.account_id != account_id or (principal.token is not None and not reaches(principal.token, seen)):
        raise _not_there()
    if principal.token is not None:
        require_rights(rights_of(principal.token), needed)
    if needed & ~tx.grants.rights(account_id, trashed.parent_id):
        raise _not_there()


def _as_seen(entry: Entry, trashed: Trashed) -> Entry:
    path = RemotePath.parse(trashed.seen).parent / entry.name
    return Entry(
        str(path), entry.name, entry.kind, entry.size, entry.modified_us, entry.created_us, entry.sha256, entry.etag
    )


def _not_there() -> NotFoundError:
    return NotFoundError("That is not in the trash", hint="See what is: sft trash list.").because("trash")
