"""Files and folders."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, ExistsError, NotFoundError
from ....model import DriveId, Kind, Node, NodeId, SortKey, TimeUs, Version, VersionId
from ....paths import display
from ....ports import Clock, NodeCursor
from ..names import name_key
from ..sql import Row, Sql, Statement
from ..tables import nodes
from . import listing, purge

_NO_ID = NodeId(0)
_THIS = nodes.c.id == bindparam("node")
_GET = Statement(sa.select(*listing.COLUMNS).where(_THIS))
_CHILD = Statement(
    sa.select(*listing.COLUMNS).where(nodes.c.parent_id == bindparam("parent"), nodes.c.name == bindparam("called"))
)
_INSERT = Statement(
    sa.insert(nodes)
    .values(
        drive_id=bindparam("drive_id"),
        parent_id=bindparam("parent_id"),
        name=bindparam("name"),
        name_key=bindparam("name_key"),
        kind=bindparam("kind"),
        size=bindparam("new_size"),
        modified_us=bindparam("modified"),
        created_us=bindparam("now"),
        version_id=bindparam("version"),
        sha256=bindparam("digest"),
    )
    .returning(nodes.c.id)
)
_SET_VERSION = Statement(
    sa.update(nodes)
    .where(_THIS)
    .values(
        version_id=bindparam("version"),
        size=bindparam("new_size"),
        sha256=bindparam("digest"),
        modified_us=bindparam("modified"),
    )
)
_RELOCATE = Statement(
    sa.update(nodes)
    .where(_THIS)
    .values(parent_id=bindparam("parent"), name=bindparam("called"), name_key=bindparam("key"), detached_us=None)
)
_TOUCH = Statement(sa.update(nodes).where(_THIS).values(modified_us=bindparam("modified")))
_DETACH = Statement(
    sa.update(nodes)
    .where(_THIS, nodes.c.parent_id.is_not(None))
    .values(parent_id=None, detached_us=bindparam("detached"))
)
_IS_DETACHED = Statement(sa.select(nodes.c.detached_us.is_not(None)).where(_THIS))
_HAS_CHILDREN = Statement(sa.select(nodes.c.id).where(nodes.c.parent_id == bindparam("parent")).limit(1))


def _ancestry() -> Statement:
    """Whether `ancestor` is met on the way up from `node`. UNION, not UNION ALL: it ends even on a circle."""
    up = sa.select(nodes.c.id, nodes.c.parent_id).where(_THIS).cte("up", recursive=True)
    up = up.union(sa.select(nodes.c.id, nodes.c.parent_id).where(nodes.c.id == up.c.parent_id))
    return Statement(sa.select(up.c.id).where(up.c.id == bindparam("ancestor")))


_IS_WITHIN = _ancestry()


class Nodes:
    """See `ports.Nodes`. Changing a node that is not there raises NotFoundError; a taken name, ExistsError."""

    __slots__ = ("_clock", "_sql")

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock

    def get(self, node_id: NodeId) -> Node | None:
        """The node, or None. One that was detached is still there until it is purged."""
        return _first(self._sql.row(_GET, node=node_id))

    def child(self, parent_id: NodeId, name: str) -> Node | None:
        """What has exactly that name in a folder, or None."""
        return _first(self._sql.row(_CHILD, parent=parent_id, called=name))

    def create(self, drive_id: DriveId, parent_id: NodeId, name: str, kind: Kind, now: TimeUs) -> Node:
        """A new folder, or a file without a version.

        Raises:
            ExistsError: the name is taken.
            NotFoundError: there is no such drive or parent.
        """
        return self._insert(Node(_NO_ID, drive_id, parent_id, name, kind, 0, now, now, None, None))

    def create_file(
        self,
        drive_id: DriveId,
        parent_id: NodeId,
        name: str,
        version_id: VersionId,
        size: int,
        sha256: bytes,
        modified_us: TimeUs,
        now: TimeUs,
    ) -> Node:
        """A new file that points to its version: written once, where `set_version` would write two indexes anew.

        Raises:
            ExistsError, NotFoundError: as `create`.
        """
        return self._insert(
            Node(_NO_ID, drive_id, parent_id, name, Kind.FILE, size, modified_us, now, version_id, sha256)
        )

    def _insert(self, node: Node) -> Node:
        try:
            ((node_id,),) = self._sql.rows(
                _INSERT,
                drive_id=node.drive_id,
                parent_id=node.parent_id,
                name=node.name,
                name_key=name_key(node.name),
                kind=int(node.kind),
                new_size=node.size,
                modified=node.modified_us,
                now=node.created_us,
                version=node.version_id,
                digest=node.sha256,
            )
        except ExistsError:
            raise _taken(node.name) from None
        except ConflictError:
            raise NotFoundError(f"The folder for {display(node.name)} is gone") from None
        return replace(node, id=NodeId(node_id))

    def set_version(self, node_id: NodeId, version: Version, modified_us: TimeUs) -> None:
        """Point a file to its new version."""
        self._change(
            _SET_VERSION,
            node=node_id,
            version=version.id,
            new_size=version.size,
            digest=version.sha256,
            modified=modified_us,
        )

    def relocate(self, node_id: NodeId, parent_id: NodeId, name: str) -> None:
        """Rename or move, or put back what was detached.

        That it does not end up inside itself is the caller's to check, in the same transaction.

        Raises:
            ExistsError: the name is taken.
            NotFoundError: there is no such node or parent.
        """
        try:
            self._change(_RELOCATE, node=node_id, parent=parent_id, called=name, key=name_key(name))
        except ExistsError:
            raise _taken(name) from None
        except ConflictError:
            raise NotFoundError(f"The folder for {display(name)} is gone") from None

    def touch(self, node_id: NodeId, modified_us: TimeUs) -> None:
        """Set the time of the last change."""
        self._change(_TOUCH, node=node_id, modified=modified_us)

    def detach(self, node_id: NodeId) -> None:
        """Take it out of the tree, with all that lies below. Doing so again is fine.

        Raises:
            ConflictError: it is the root of a drive.
        """
        if self._sql.run(_DETACH, node=node_id, detached=self._clock.now_us()):
            return
        row = self._sql.row(_IS_DETACHED, node=node_id)
        if row is None:
            raise _gone(node_id)
        if not row[0]:
            raise ConflictError("The root of a drive cannot be removed")

    def is_within(self, node_id: NodeId, ancestor_id: NodeId) -> bool:
        """Whether a node is `ancestor_id` or lies below it."""
        return self._sql.row(_IS_WITHIN, node=node_id, ancestor=ancestor_id) is not None

    def has_children(self, node_id: NodeId) -> bool:
        """Whether anything lies in it."""
        return self._sql.row(_HAS_CHILDREN, parent=node_id) is not None

    def list(
        self, parent_id: NodeId, sort: SortKey, *, descending: bool, after: NodeCursor | None, limit: int
    ) -> Sequence[Node]:
        """Children in order, see `listing.page`."""
        return listing.page(self._sql, parent_id, sort, descending=descending, after=after, limit=limit)

    def purge_batch(self, limit: int) -> int:
        """Delete up to `limit` detached nodes, see `purge.batch`."""
        return purge.batch(self._sql, self._clock, limit)

    def _change(self, statement: Statement, **values: object) -> None:
        if not self._sql.run(statement, **values):
            raise _gone(values["node"])


def _first(row: Row | None) -> Node | None:
    return listing.node_of(row) if row else None


def _gone(node_id: object) -> NotFoundError:
    return NotFoundError(f"The file or folder (number {node_id}) is gone")


def _taken(name: str) -> ExistsError:
    return ExistsError(f"{display(name)} is already there", hint="Choose another name.").because("name", name=name)
