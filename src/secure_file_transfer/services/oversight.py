"""What operators see of everybody's sharing, and how they end it.

They learn who gives what to whom, by owner and path, since whoever runs a server answers for what it gives away. Of
the content they see nothing, and the secret of another's link they do not get: they can end it, not use it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import (
    Account,
    Category,
    DriveId,
    Link,
    LinkId,
    NodeId,
    PlacedGrant,
    Principal,
    ShareGrant,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Catalog, CatalogTx, Event

from .accounts import account_named, require_operator
from .audit import SILENT, Audit
from .links import Placed
from .mounted import DRIVES
from .sessions import Sessions
from .shares import tell_of_sharing
from .vault_nodes import nobody_hears, path_of

PAGE_MAX = 1000


@dataclass(frozen=True, slots=True)
class SeenGrant:
    """Something that is shared. A folder drive has no owner."""

    number: int
    owner: str
    path: RemotePath
    grant: ShareGrant


class Oversight:
    """The grants and links of all accounts, for operators."""

    def __init__(
        self,
        catalog: Catalog,
        sessions: Sessions,
        audit: Audit = SILENT,
        *,
        publish: Callable[[Event], None] = nobody_hears,
    ) -> None:
        """`publish` takes the news for those to whom something is not granted any more."""
        self._catalog = catalog
        self._sessions = sessions
        self._audit = audit
        self._publish = publish

    def grants(
        self, principal: Principal, account: str | None, after: int, limit: int
    ) -> tuple[Sequence[SeenGrant], int | None]:
        """What everybody, or one account, shares; those after a number, and the number to go on from, if any.

        What is granted on something that was removed is left out: it gives nothing.

        Raises:
            SignInRequiredError, ForbiddenError, NotFoundError
        """
        require_operator(principal)

        def look(tx: CatalogTx) -> tuple[list[SeenGrant], int | None]:
            drive = None if account is None else account_named(tx, account).home_id
            found = tx.grants.page(drive, after, limit)
            seen = [_seen(tx, each) for each in found]
            return [each for each in seen if each is not None], found[-1].number if len(found) == limit else None

        return self._catalog.read(look)

    def revoke_grant(self, principal: Principal, number: int) -> None:
        """End one of them. Raises SignInRequiredError, ForbiddenError, NotFoundError."""
        require_operator(principal)

        def work(tx: CatalogTx) -> SeenGrant:
            placed = tx.grants.get(number)
            seen = None if placed is None else _seen(tx, placed)
            if seen is None:
                raise NotFoundError("That is not shared any more")
            grant = seen.grant
            tx.grants.delete(grant.node_id, grant.account_id, grant.group_id)
            node = tx.nodes.get(grant.node_id)
            if node is not None:
                tell_of_sharing(tx, node, [(grant.account_id, grant.group_id)], self._publish)
            return seen

        seen = self._catalog.write(work)
        whose = f" of {display(seen.owner)}" if seen.owner else ""
        text = f"{display(str(seen.path))}{whose} is not shared with {display(seen.grant.to)} any more"
        self._audit.record(Category.SHARING, "share.revoked", text, target=str(seen.path), who=principal)

    def links(
        self, principal: Principal, account: str | None, after: int, limit: int
    ) -> tuple[Sequence[Placed], int | None]:
        """The same for links. Their secrets are not there.

        Raises:
            SignInRequiredError, ForbiddenError, NotFoundError
        """
        require_operator(principal)

        def look(tx: CatalogTx) -> tuple[list[Placed], int | None]:
            owner = None if account is None else account_named(tx, account).id
            found = tx.links.page(owner, after, limit)
            placed = [(each, _place(tx, each.drive_id, each.node_id)) for each in found]
            seen = [Placed(link, place[1]) for link, place in placed if place is not None]
            return seen, found[-1].id if len(found) == limit else None

        return self._catalog.read(look)

    def revoke_link(self, principal: Principal, link_id: LinkId) -> None:
        """End one of them at once, and all that its visitors do (attack 58).

        Raises:
            SignInRequiredError, ForbiddenError, NotFoundError
        """
        require_operator(principal)

        def work(tx: CatalogTx) -> Link:
            link = next(iter(tx.links.page(None, link_id - 1, 1)), None)
            if link is None or link.id != link_id:
                raise NotFoundError("There is no such link")
            tx.links.delete(link.id)
            return link

        link = self._catalog.write(work)
        self._sessions.forget_link(link_id)
        text = f"The link #{link_id} of {display(link.owner)} was ended"
        self._audit.record(Category.SHARING, "link.revoked", text, target=f"link #{link_id}", who=principal)


def _seen(tx: CatalogTx, placed: PlacedGrant) -> SeenGrant | None:
    place = _place(tx, placed.drive_id, placed.grant.node_id)
    return None if place is None else SeenGrant(placed.number, *place, placed.grant)


def _place(tx: CatalogTx, drive_id: DriveId, node_id: NodeId) -> tuple[str, RemotePath] | None:
    """Whose it is and where its owner has it; None once it was removed."""
    if mount := tx.mounts.get(drive_id):
        return "", DRIVES / mount.name
    drive, path = tx.drives.get(drive_id), path_of(tx, drive_id, node_id)
    owner: Account | None = tx.accounts.get(drive.owner_id) if drive and drive.owner_id is not None else None
    return None if owner is None or path is None else (owner.name, path)
