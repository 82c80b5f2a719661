"""What a visitor of a link sees: the shared folder as the root of a tree, or a root that holds the one shared file."""

from collections.abc import Callable, Sequence

from secure_file_transfer.model import Entry, Kind, Link, Node, Received, SessionId
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .links import does_not_work
from .mounted import Door, usable
from .shared import SharedFolders
from .vault_nodes import Anchor, entry_of, not_found

_ROOT = RemotePath()


class FileRoot(SharedFolders):
    """The folder above a file that was shared: it holds nothing else, and nothing can be put there or taken."""

    def __init__(self, link: Link, node: Node) -> None:
        super().__init__({(link.owner, node.name): Received(link.owner, node, link.rights)})

    def _children(self, path: RemotePath) -> Sequence[Entry]:
        return [entry_of(each.node, str(path / name)) for (_, name), each in self._shares.items()]


def anchored(tx: CatalogTx, link: Link, path: RemotePath, asked: RemotePath) -> Anchor | FileRoot:
    """Where a path of a visitor leads; `asked` is what failures speak of.

    Raises:
        NotFoundError: the link has ended; or beside a shared file there is nothing.
    """
    verify = still_open(link)
    verify(tx)
    node = tx.nodes.get(link.node_id)
    if node is None:
        raise does_not_work()
    if node.kind is Kind.FOLDER:
        return Anchor(_ROOT, node.id, verify)
    if path.is_root:
        return FileRoot(link, node)
    if path.parts[0] != node.name:
        raise not_found(asked)
    return Anchor(_ROOT / node.name, node.id, verify)


def visitors_door(tx: CatalogTx, link: Link) -> Door | None:
    """The same for a visitor, who sees it as the root; None where the link leads into a vault drive.

    Raises:
        NotFoundError: the link has ended.
    """
    mount = tx.mounts.get(link.drive_id)
    if mount is None:
        return None
    verify = still_open(link)
    verify(tx)
    return Door(mount, RemotePath(), usable(mount, link.rights), verify)


def still_open(link: Link) -> Callable[[CatalogTx], None]:
    """What raises once a link gives less than it did."""

    def verify(tx: CatalogTx) -> None:
        now = tx.links.get(link.id)
        if now is None or link.rights & ~now.rights:
            raise does_not_work()

    return verify


def counter(catalog: Catalog, clock: Clock, link: Link, session_id: SessionId) -> Callable[[], None]:
    """Counts the download of a visitor before the first byte leaves; of several at the last one, one gets it.

    Raises, when called:
        NotFoundError: none is left.
    """

    def count() -> None:
        if not catalog.write(lambda tx: tx.links.count(link.id, session_id, clock.now_us())):
            raise does_not_work()

    return count
