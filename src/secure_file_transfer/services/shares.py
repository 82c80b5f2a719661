"""Sharing: what an account lets others do with its files and folders, and what others let it do.

Only the owner of a drive manages the grants on it, and keeps all rights whatever they are. Administrators run the
server; they have no part in its contents.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from secure_file_transfer.errors import ForbiddenError, InvalidRequestError, NotFoundError
from secure_file_transfer.model import (
    Account,
    AccountId,
    Category,
    DriveId,
    GroupId,
    Kind,
    Node,
    NodeId,
    Principal,
    Rights,
    Scope,
    ShareGrant,
    TimeUs,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Audience, Catalog, CatalogTx, Clock, Event, Topic

from .accounts import findable, is_admin, require_operator, signed_in
from .audit import SILENT, Audit, rights_text
from .mounted import DRIVES, ON_ONE_FILE, received, usable
from .scopes import reaches, require_rights, rights_of
from .shared import SHARED, named
from .vault_nodes import moved_event, nobody_hears, not_found, path_of

GRANTS_MAX = 10_000
"""On one drive: a listing of them is one answer."""
ON_FILES = Rights.READ | Rights.WRITE
"""A file can be read and replaced. Whether it can go, or another come, is a matter of its folder."""


@dataclass(frozen=True, slots=True)
class Given:
    """What I let somebody do. `to` is an account, or `@` and a group."""

    path: RemotePath
    kind: Kind
    to: str
    rights: Rights
    since_us: TimeUs


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody lets me do, and where I find it. A folder drive has no owner."""

    path: RemotePath
    owner: str
    kind: Kind
    rights: Rights


class Shares:
    """The grants of all accounts."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        audit: Audit = SILENT,
        *,
        publish: Callable[[Event], None] = nobody_hears,
    ) -> None:
        """`publish` takes the news for those who are granted something, or not any more."""
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._publish = publish

    def grant(self, principal: Principal, path: RemotePath, to: str, rights: Rights) -> Given:
        """Let `to` (an account, or `@` and a group) do this with `path` and all below, in place of an earlier grant.

        On a file only the rights to read and write count.

        Raises:
            NotFoundError: nothing is at this path, or nobody has this name.
            ForbiddenError: it is not one's own, or the whole home.
            InvalidRequestError: nothing is granted, or to oneself.
        """
        account, now = sharer(principal, path), self._clock.now_us()

        def work(tx: CatalogTx) -> Given:
            node = own_node(tx, account, path)
            given = rights & givable(node)
            require_own(principal, given)
            if not given:
                raise InvalidRequestError(
                    f"That grants nothing on {display(str(path))}",
                    hint="Choose another level; on a file, viewer or 12.",
                ).because("gives_nothing", path=str(path))
            to_account, to_group, name = recipient(tx, to)
            if to_account == account.id and node.drive_id == account.home_id:
                raise InvalidRequestError("You have all rights to your own files already").because("own_files")
            if len(tx.grants.of_drive(node.drive_id)) >= GRANTS_MAX:
                raise InvalidRequestError(
                    "There are too many grants", hint="Share a folder above, or with a group."
                ).because("grants")
            tx.grants.put(node.id, to_account, to_group, given, now)
            tell_of_sharing(tx, node, [(to_account, to_group)], self._publish)
            return Given(path, node.kind, name, given, now)

        made = self._catalog.write(work)
        text = f"{display(str(path))} was shared with {display(made.to)}: {rights_text(made.rights)}"
        self._audit.record(Category.SHARING, "share.granted", text, target=str(path), who=principal)
        return made

    def revoke(self, principal: Principal, path: RemotePath, to: str | None = None) -> int:
        """Take back what `to`, or without it everybody, was granted on `path` itself. Returns how many grants.

        Raises:
            NotFoundError: nothing of the kind was granted.
            ForbiddenError: it is not one's own.
        """
        account = sharer(principal, path)

        def work(tx: CatalogTx) -> int:
            node = own_node(tx, account, path)
            to_account, to_group, _ = (None, None, "") if to is None else recipient(tx, to)
            before = [each for each in tx.grants.of_drive(node.drive_id) if each.node_id == node.id]
            count = tx.grants.delete(node.id, to_account, to_group)
            if not count:
                whom = "anybody" if to is None else display(to)
                raise NotFoundError(f"{display(str(path))} is not shared with {whom}", hint="See: sft grants.").because(
                    "grant", path=str(path)
                )
            everybody = [(each.account_id, each.group_id) for each in before]
            tell_of_sharing(tx, node, everybody if to is None else [(to_account, to_group)], self._publish)
            return count

        count = self._catalog.write(work)
        whom = "anybody" if to is None else display(to)
        text = f"{display(str(path))} is not shared with {whom} any more"
        self._audit.record(Category.SHARING, "share.revoked", text, target=str(path), who=principal)
        return count

    def given(self, principal: Principal) -> Sequence[Given]:
        """What this account shares, by path; for an operator also what folder drives are shared with whom."""
        account = sharer(principal)

        def look(tx: CatalogTx) -> list[Given]:
            things: dict[NodeId, tuple[Node | None, RemotePath | None]] = {}
            found = []
            for each in tx.grants.of_drive(account.home_id):
                if each.node_id not in things:
                    things[each.node_id] = tx.nodes.get(each.node_id), path_of(tx, account.home_id, each.node_id)
                node, path = things[each.node_id]
                if node is not None and path is not None and reached(principal, path):
                    found.append(_given(path, node.kind, each))
            for mount in tx.mounts.all() if _is_operator(principal) else ():
                if reached(principal, path := DRIVES / mount.name):
                    found += [_given(path, Kind.FOLDER, each) for each in tx.grants.of_drive(mount.drive_id)]
            return found

        return sorted(self._catalog.read(look), key=lambda each: (each.path.parts, each.to.casefold()))

    def received(self, principal: Principal) -> Sequence[Taken]:
        """What others share with this account; the rights are those on the whole of it."""
        account = sharer(principal)

        def look(tx: CatalogTx) -> list[Taken]:
            drives = [
                Taken(path, "", Kind.FOLDER, usable(mount, tx.grants.rights(account.id, mount.root_id)))
                for mount in received(tx, account.id)
                if reached(principal, path := DRIVES / mount.name)
            ]
            return drives + [
                Taken(SHARED / owner / name, owner, each.node.kind, tx.grants.rights(account.id, each.node.id))
                for (owner, name), each in named(tx.grants.received(account.id)).items()
                if reached(principal, SHARED / owner / name)
            ]

        return self._catalog.read(look)


def tell_of_sharing(
    tx: CatalogTx,
    node: Node,
    whom: Iterable[tuple[AccountId | None, GroupId | None]],
    publish: Callable[[Event], None],
) -> None:
    """Once it is durable, tell those accounts that `/Shared` is another, and have watchers looked at again."""
    accounts: set[AccountId] = set()
    for account, group in whom:
        accounts |= {account} if account is not None else set()
        accounts |= {each.id for each in tx.groups.members(group)} if group is not None else set()
    news = Event(Topic.FILES, "shared", {}, Audience(accounts=frozenset(accounts)), "shared")
    tx.afterwards(lambda: publish(news))
    tx.afterwards(lambda: publish(moved_event(node.drive_id, node.id)))


def sharer(principal: Principal, path: RemotePath | None = None) -> Account:
    """Whoever may share, this path if there is one. A token needs the scope, and exists no further than its path.

    Raises:
        SignInRequiredError, ForbiddenError, NotFoundError
    """
    account = signed_in(principal, Scope.SHARES)
    if path is not None and not reached(principal, path):
        raise not_found(path)
    if path is not None and path.is_within(DRIVES) and is_admin(account):
        return require_operator(principal)  # with a token for that, too
    return account


def _is_operator(principal: Principal) -> bool:
    token = principal.token
    return principal.account is not None and is_admin(principal.account) and (not token or Scope.ADMIN in token.scopes)


def givable(node: Node) -> Rights:
    """The rights on a node that mean anything. The root of a folder drive that is one file has no folder above it."""
    if node.kind is Kind.FOLDER:
        return Rights.ALL
    return ON_FILES if node.parent_id is not None else ON_ONE_FILE


def reached(principal: Principal, path: RemotePath) -> bool:
    """Whether a path exists for the token that one came with, if it was one."""
    return principal.token is None or reaches(principal.token, path)


def require_own(principal: Principal, given: Rights) -> None:
    """Nobody gives more than they have. Raises ForbiddenError."""
    if principal.token is not None:
        require_rights(rights_of(principal.token), given)


def own_node(tx: CatalogTx, account: Account, path: RemotePath) -> Node:
    """The node at a path of the account's own that may be shared. Raises ForbiddenError, NotFoundError."""
    if path.is_within(SHARED):
        # The same whether it is there or not.
        raise ForbiddenError(f"{display(str(path))} is not yours to share", hint="Ask its owner.").because(
            "not_yours_to_share", path=str(path)
        )
    if path.is_within(DRIVES):
        return _drive_root(tx, account, path)
    if path.is_root:
        raise ForbiddenError("A whole home cannot be shared", hint="Share a folder in it.").because("whole_home")
    drive = tx.drives.get(account.home_id)
    node = tx.nodes.get(drive.root_id) if drive else None
    for name in path.parts:
        node = tx.nodes.child(node.id, name) if node else None
    if node is None:
        raise not_found(path)
    return node


def recipient(tx: CatalogTx, to: str) -> tuple[AccountId | None, GroupId | None, str]:
    """The account, or with `@` before its name the group, and how it is written. Raises NotFoundError."""
    normal = findable(to.removeprefix("@"))
    if to.startswith("@"):
        group = tx.groups.by_name(normal) if normal else None
        if group is not None:
            return None, group.id, "@" + group.name
        raise NotFoundError(
            f"There is no group {display(to)}", hint="Ask an administrator which groups there are."
        ).because("group", name=to)
    account = tx.accounts.by_name(normal) if normal else None
    if account is not None:
        return account.id, None, account.name
    raise NotFoundError(f"There is no account {display(to)}", hint="Write a group with @ before its name.").because(
        "account", name=to
    )


def _drive_root(tx: CatalogTx, account: Account, path: RemotePath) -> Node:
    if not is_admin(account):
        raise ForbiddenError(f"{display(str(path))} is not yours to share", hint="Ask an operator.").because(
            "not_yours_to_share", path=str(path)
        )
    if len(path.parts) != len(DRIVES.parts) + 1:
        raise ForbiddenError(
            f"{display(str(path))}: a folder drive can only be shared whole", hint="Mount the folder as another drive."
        ).because("whole_drive", path=str(path))
    mount = tx.mounts.by_name(path.name)
    node = tx.nodes.get(mount.root_id) if mount is not None and mount.name == path.name else None
    if node is None:
        raise not_found(path)
    return node


def shown_path(tx: CatalogTx, account: Account, drive_id: DriveId, node_id: NodeId) -> RemotePath | None:
    """Where somebody who shared a node has it: in their home, or as a folder drive."""
    mount = tx.mounts.get(drive_id)
    return path_of(tx, account.home_id, node_id) if mount is None else DRIVES / mount.name


def _given(path: RemotePath, kind: Kind, grant: ShareGrant) -> Given:
    return Given(path, kind, grant.to, grant.rights, grant.created_us)
