"""Links: rights on a node for whoever holds a URL."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, NotFoundError
from ....model import AccountId, Kind, Link, LinkId, NodeId, Rights, Role, SessionId, TimeUs
from ..sql import Row, Sql, Statement
from ..tables import accounts, drives, links, mounts, nodes, sessions

_SELECT = (
    sa.select(
        links.c.id,
        links.c.account_id,
        accounts.c.name,
        nodes.c.drive_id,
        links.c.node_id,
        nodes.c.name,
        nodes.c.kind,
        links.c.rights,
        links.c.name,
        links.c.password_hash.is_not(None),
        links.c.created_us,
        links.c.expires_us,
        links.c.downloads_max,
        links.c.downloads,
        links.c.used_us,
    )
    .join(nodes, nodes.c.id == links.c.node_id)
    .join(accounts, accounts.c.id == links.c.account_id)
)
_THIS = links.c.id == bindparam("link")
_ITS_SESSIONS = sessions.c.link_id == bindparam("link")


def _up() -> Statement:
    """Who owns the drive at whose root the way up from a node ends, and whether it is a folder drive.

    The way of a removed node ends before.
    """
    up = sa.select(nodes.c.id, nodes.c.parent_id).where(nodes.c.id == bindparam("node")).cte("up", recursive=True)
    up = up.union(sa.select(nodes.c.id, nodes.c.parent_id).where(nodes.c.id == up.c.parent_id))
    return Statement(
        sa.select(drives.c.owner_id, mounts.c.drive_id)
        .select_from(up)
        .join(drives, drives.c.root_id == up.c.id)
        .outerjoin(mounts, mounts.c.drive_id == drives.c.id)
    )


_WAY_UP = _up()
_FIELDS = [each for each in links.c if each.name not in {"id", "downloads", "used_us"}]
_INSERT = Statement(
    sa.insert(links).values({each.name: bindparam(each.name) for each in _FIELDS}).returning(links.c.id)
)
_GET = Statement(_SELECT.where(_THIS, accounts.c.disabled == 0))
_BY_SECRET = Statement(_SELECT.where(links.c.secret_hash == bindparam("hash"), accounts.c.disabled == 0))
_OF = Statement(_SELECT.where(links.c.account_id == bindparam("account")).order_by(links.c.id))
_AFTER = _SELECT.where(links.c.id > bindparam("after")).order_by(links.c.id).limit(bindparam("most"))
_PAGE = Statement(_AFTER)
_PAGE_OF = Statement(_AFTER.where(links.c.account_id == bindparam("account")))
_OPERATOR = Statement(
    sa.select(accounts.c.id).where(accounts.c.id == bindparam("account"), accounts.c.role == Role.ADMIN.value)
)
_SALT = Statement(sa.select(links.c.salt).where(_THIS))
_PASSWORD = Statement(sa.select(links.c.password_hash).where(_THIS))
_USE = Statement(sa.update(links).where(_THIS).values(used_us=bindparam("now")))
_UNCOUNTED = Statement(
    sa.select(sessions.c.id).where(sessions.c.id == bindparam("session"), _ITS_SESSIONS, sessions.c.counted == 0)
)
_MARK = Statement(sa.update(sessions).where(sessions.c.id == bindparam("session")).values(counted=1))
_COUNT = Statement(
    sa.update(links)
    .where(_THIS, sa.or_(links.c.downloads_max.is_(None), links.c.downloads < links.c.downloads_max))
    .values(downloads=links.c.downloads + 1, used_us=bindparam("now"))
)
_TRIM = Statement(
    sa.delete(sessions).where(
        sessions.c.id.in_(
            sa.select(sessions.c.id)
            .where(_ITS_SESSIONS)
            .order_by(sessions.c.counted.desc(), sessions.c.id.desc())
            .limit(-1)
            .offset(bindparam("most", type_=sa.Integer))
        )
    )
)
_DELETE = Statement(sa.delete(links).where(_THIS))


class Links:
    """See `ports.Links`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(
        self,
        node_id: NodeId,
        account_id: AccountId,
        secret: tuple[bytes, bytes],
        rights: Rights,
        now: TimeUs,
        *,
        name: str = "",
        password_hash: str | None = None,
        expires_us: TimeUs | None = None,
        downloads_max: int | None = None,
    ) -> Link:
        """A new link.

        Raises:
            NotFoundError: the node or the account is gone.
        """
        salt, secret_hash = secret
        try:
            ((number,),) = self._sql.rows(
                _INSERT,
                node_id=node_id,
                account_id=account_id,
                secret_hash=secret_hash,
                salt=salt,
                rights=int(rights),
                name=name,
                password_hash=password_hash,
                created_us=now,
                expires_us=expires_us,
                downloads_max=downloads_max,
            )
        except ConflictError:
            raise NotFoundError("The file or the account is gone") from None
        made = self.get(LinkId(number))
        if made is None:
            raise NotFoundError("The file or the account is gone")
        return made

    def get(self, link_id: LinkId) -> Link | None:
        """The link, unless its node was removed or its account disabled, or no operator's while it needs to be."""
        return self._alive(self._sql.row(_GET, link=link_id))

    def by_secret(self, secret_hash: bytes) -> Link | None:
        """The same by the hash of its secret."""
        return self._alive(self._sql.row(_BY_SECRET, hash=secret_hash))

    def of(self, account_id: AccountId) -> Sequence[Link]:
        """All that an account made, the oldest first."""
        return [_link(row) for row in self._sql.rows(_OF, account=account_id)]

    def page(self, account_id: AccountId | None, after: int, limit: int) -> Sequence[Link]:
        """Those of an account, or of everybody, by number."""
        if account_id is None:
            return [_link(row) for row in self._sql.rows(_PAGE, after=after, most=limit)]
        return [_link(row) for row in self._sql.rows(_PAGE_OF, account=account_id, after=after, most=limit)]

    def salt(self, link_id: LinkId) -> bytes:
        """What its secret is made from."""
        row = self._sql.row(_SALT, link=link_id)
        return bytes(row[0]) if row else b""

    def password_hash(self, link_id: LinkId) -> str | None:
        """The hash of its password, if it has one."""
        row = self._sql.row(_PASSWORD, link=link_id)
        return None if row is None or row[0] is None else str(row[0])

    def use(self, link_id: LinkId, now: TimeUs) -> None:
        """Somebody opened it."""
        self._sql.run(_USE, link=link_id, now=now)

    def count(self, link_id: LinkId, session_id: SessionId, now: TimeUs) -> bool:
        """Count the download of a session, once; False if none is left."""
        if self._sql.row(_UNCOUNTED, link=link_id, session=session_id) is None:
            return True
        if not self._sql.run(_COUNT, link=link_id, now=now):
            return False
        self._sql.run(_MARK, session=session_id)
        return True

    def trim(self, link_id: LinkId, most: int) -> None:
        """Of its sessions keep the `most` latest, those first that have fetched something."""
        self._sql.run(_TRIM, link=link_id, most=most)

    def delete(self, link_id: LinkId) -> None:
        """End it, with its sessions. One that has ended already is fine."""
        self._sql.run(_DELETE, link=link_id)

    def _alive(self, row: Row | None) -> Link | None:
        if row is None:
            return None
        link = _link(row)
        owner, mounted = self._sql.row(_WAY_UP, node=link.node_id) or (None, None)
        if mounted is not None:  # whoever made it must still be one of those who may
            return link if self._sql.row(_OPERATOR, account=link.account_id) else None
        return link if owner == link.account_id else None


def _link(row: Row) -> Link:
    number, account, owner, drive, node, target, kind, rights, name, protected, created, expires, most, count, used = (
        row
    )
    return Link(
        number, account, owner, drive, node, target, Kind(kind), Rights(rights), name, bool(protected), created,
        expires, most, count, used,
    )  # fmt: skip
