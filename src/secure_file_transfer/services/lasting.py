"""Whether a session still gives anything, as far as the catalog knows."""

from secure_file_transfer.model import Account, Link, Session
from secure_file_transfer.ports import CatalogTx

Owned = tuple[Session, Account]
Lasting = tuple[Owned, Link | None] | None


def lasting(tx: CatalogTx, found: Owned | None) -> Lasting:
    """A session with the link that it is a visitor's by.

    That one must still give something, and must not be used up by others. A visitor is never taken for the owner.
    """
    if found is None or found[0].link_id is None:
        return None if found is None else (found, None)
    link = tx.links.get(found[0].link_id)
    if link is None or (link.left == 0 and not found[0].counted):
        return None
    return found, link
