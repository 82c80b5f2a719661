"""Who may do what with which tree: the one place that decides, for every door."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from secure_file_transfer.errors import (
    ForbiddenError,
    NotFoundError,
    PreconditionFailedError,
    SignInRequiredError,
)
from secure_file_transfer.model import Account, ApiToken, Conflict, DriveId, Entry, Link, Principal, Rights
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock, Expectation, FileTree, MountedTree

from .joined import JoinedTree
from .keeping import By
from .mounted import DRIVES, Door, DrivesFolder, door_of, received
from .scopes import reaches, require_rights, rights_of
from .shared import SHARED, TOP, SharedFolders, Way, named, now_and_then, of_owner, way_in
from .vault import VaultTree
from .vault_nodes import not_found
from .visits import FileRoot, anchored, counter, still_open, visitors_door

ANY_FILE = ("*",)
_ROOT = RemotePath()


Linked = Callable[[Link, Principal, Callable[[], None]], FileTree | None]
"""The files that a link gives to this visitor; None: those in the catalog. What is called last raises once the link has
ended; it is to be asked in the instant before anything changes."""


def _nothing() -> None:
    pass


_VERBS = {
    Rights.READ: "read",
    Rights.CREATE: "create",
    Rights.WRITE: "replace",
    Rights.DELETE: "delete or move away",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """The tree that somebody sees, and what they may do in it.

    `top` is the path in it from which on these rights hold: the root, or something that was shared. `check` raises
    once it is shared no more; it can be asked with every piece of a transfer. `fetch` is called before the first piece
    of a content leaves; it raises when none may. `private` is a home: `/Shared` and `/Drives` are not in it. `scope` is
    what the token leaves that one came with. `mounted` is the folder drive that `tree` shows, if it is one.
    """

    tree: FileTree
    rights: Rights
    top: RemotePath = _ROOT
    check: Callable[[], None] = field(default=_nothing, compare=False)
    fetch: Callable[[], None] = field(default=_nothing, compare=False)
    private: bool = False
    scope: Rights = Rights.ALL
    mounted: DriveId | None = None

    def below_top(self, path: RemotePath) -> int:
        """How many names a path has beyond `top`."""
        return len(path.parts) - len(self.top.parts)

    def require(self, needed: Rights, path: RemotePath) -> None:
        """Refuse unless all of the rights `needed` are there.

        Raises:
            NotFoundError: what one may not even read looks as if it were not there, whether it is or not.
            ForbiddenError: it can be seen, but that cannot be done with it; or not with this token, whatever is there.
        """
        require_rights(self.scope, needed)
        self._require_home(path)
        missing = needed & ~self.rights
        if not missing:
            return
        if Rights.READ not in self.rights:
            raise NotFoundError(
                f"{display(str(path))} is not there", hint="You may put new files here, nothing else."
            ).because("path", path=str(path))
        verbs = " or ".join(verb for right, verb in _VERBS.items() if right in missing)
        raise _forbidden(verbs, path)

    def require_writing(self, path: RemotePath, *, parents: bool = False) -> None:
        """Refuse unless a file may be written at `path`, as a new one or over an old one: see `rightful`.

        Raises:
            NotFoundError, ForbiddenError
        """
        require_rights(self.scope, Rights.CREATE | Rights.WRITE)
        self._require_home(path)
        if not self.rights & (Rights.CREATE | Rights.WRITE):
            self.require(Rights.CREATE, path)
        if Rights.READ not in self.rights and self.below_top(path) > 1:
            raise NotFoundError(f"{display(str(path.parent))} is not there", hint="Put the file at the top.").because(
                "path", path=str(path.parent)
            )
        if parents and self.below_top(path) > 1:
            self.require(Rights.CREATE, path)

    def for_uploads(self) -> "Grant":
        """Itself, if the token that one came with may write. Raises ForbiddenError."""
        require_rights(self.scope, Rights.CREATE | Rights.WRITE)
        return self

    def limited(self, token: ApiToken) -> "Grant":
        """What a token leaves of it; `top` is the lower of the two."""
        scope, path = rights_of(token), RemotePath.parse(token.path)
        top = path if len(path.parts) > len(self.top.parts) else self.top
        return replace(self, rights=self.rights & scope, top=top, scope=scope)

    def _require_home(self, path: RemotePath) -> None:
        if self.private and _is_elsewhere(path):
            raise NotFoundError(
                "What others share, and folders of the server, have no blocks here",
                hint="Send and fetch it as whole files.",
            )


def _is_elsewhere(path: RemotePath) -> bool:
    """Whether a path seems to lie in a home, and does not."""
    return path.is_within(SHARED) or path.is_within(DRIVES)


@contextmanager
def rightful(
    rights: Rights, path: RemotePath, conflict: Conflict, expect: Expectation
) -> Iterator[tuple[Conflict, Expectation]]:
    """The conflict choice and the expectation that keep to these rights; publish with them inside of the block.

    - create without write: a taken name is never replaced; the new file gets a free name, as with RENAME.
    - create without read: the same, and nothing of what is there can be learned but the name that the new file got.
    - write without create: only a file that is there can be written.

    Raises:
        ForbiddenError, PreconditionFailedError
    """
    only_existing = Rights.CREATE not in rights
    if only_existing:
        if conflict is Conflict.RENAME or expect.none_match == ANY_FILE:
            raise _forbidden("create", path)
        expect = replace(expect, match=expect.match or ANY_FILE)
    elif Rights.WRITE not in rights:
        conflict, expect = _without_write(rights, path, conflict, expect)
    try:
        yield conflict, expect
    except PreconditionFailedError:
        if only_existing and expect.match == ANY_FILE:
            raise _forbidden("create", path) from None
        raise


def _without_write(
    rights: Rights, path: RemotePath, conflict: Conflict, expect: Expectation
) -> tuple[Conflict, Expectation]:
    if Rights.READ not in rights:
        if expect.match is not None:
            # Nothing is to be seen here, so nothing matches; `none_match` holds for the same reason.
            raise PreconditionFailedError(f"{display(str(path))} is not what you expected")
        return Conflict.RENAME, Expectation()
    if expect.match is not None:
        raise _forbidden("replace", path)
    return (conflict if conflict is Conflict.SKIP else Conflict.RENAME), expect


def _forbidden(verb: str, path: RemotePath) -> ForbiddenError:
    return ForbiddenError(f"You may not {verb} {display(str(path))}", hint="Ask its owner for the right to.").because(
        "right", path=str(path)
    )


class Access:
    """Grants by principal.

    Args:
        tree_of: the files of a vault drive; an account sees its home with all rights. None on a server without
            accounts.
        catalog: who shares what; None where nothing is shared.
        clock: for how often that is asked.
        mounted: the files of a folder drive; None where there are none.
        guest_tree: what an anonymous guest sees; None where there are no guests.
        guest_rights: what a guest may do there.
        linked: the files that a link gives, where they are not those of the node that it hangs on.
    """

    def __init__(
        self,
        tree_of: Callable[[DriveId], FileTree] | None = None,
        catalog: Catalog | None = None,
        clock: Clock | None = None,
        *,
        mounted: Callable[[DriveId], MountedTree] | None = None,
        guest_tree: FileTree | None = None,
        guest_rights: Rights = Rights.NONE,
        linked: Linked | None = None,
    ) -> None:
        self._linked = linked
        self._tree_of = tree_of
        self._catalog = catalog
        self._clock = clock
        self._mounted = mounted
        self._guest = None if guest_tree is None else Grant(guest_tree, guest_rights)

    def grant(self, principal: Principal, path: RemotePath = _ROOT, *, above: bool = False) -> Grant:
        """What this principal sees of the tree that `path` lies in, and may do there.

        With `above` the rights are those of the folder that holds it. They count for whether a name may come or go: one
        cannot take away the top of what was shared, nor put something beside it.

        Raises:
            SignInRequiredError: a guest, and guests see nothing here.
            NotFoundError: the account's home is gone; nothing of this name was shared with it; the link has ended; or
                the path does not exist for the token that one came with.
            ForbiddenError: the token is for what lies in this folder, not for the folder itself.
        """
        grant = self._grant(principal, path, above=above)
        if not isinstance(grant.tree, VaultTree):
            return grant
        by = By(principal.name, None if principal.account is None else principal.account.id)
        return replace(grant, tree=grant.tree.acted_by(by))

    def _grant(self, principal: Principal, path: RemotePath, *, above: bool) -> Grant:
        if principal.link is not None:
            return self._by_link(principal, principal.link, path, above=above)
        token = principal.token
        if token is None:
            return self._granted(principal, path, above=above)
        if not reaches(token, path):
            # The same whether it is there or not.
            hint = f"This token finds what is at {display(token.path)} or below."
            raise NotFoundError(f"{display(str(path))} is not there", hint=hint).because("path", path=str(path))
        if above and not path.is_root and not reaches(token, path.parent):
            raise ForbiddenError(
                f"{display(str(path))} is where this token begins; it cannot be made, moved or removed with it",
                hint="Use a token with a path above it.",
            )
        return self._granted(principal, path, above=above).limited(token)

    def home(self, principal: Principal) -> Grant:
        """One's own tree, for what has no path in it yet, such as the pieces of an upload.

        Raises:
            SignInRequiredError, NotFoundError
        """
        if principal.token is None:
            return self.grant(principal)
        return self.grant(replace(principal, token=replace(principal.token, path=str(_ROOT))))

    def _granted(self, principal: Principal, path: RemotePath, *, above: bool) -> Grant:
        """What the account, or the guest, would see without a token."""
        account = principal.account
        if account is not None and self._tree_of is not None:
            if self._catalog is None:
                return Grant(self._tree_of(account.home_id), Rights.ALL)
            if path.is_within(SHARED):
                return self._shared(account, self._catalog, path, above=above)
            if path.is_within(DRIVES):
                return self._drives(account, self._catalog, path, above=above)
            return Grant(self._tree_of(account.home_id), Rights.ALL, private=True)
        if principal.account is None and self._guest is not None:
            return self._guest
        raise SignInRequiredError("This needs an account", hint="Sign in.")

    def beside(self, principal: Principal) -> list[Entry]:
        """`/Shared` and `/Drives` as entries of the home, when there is something in them."""
        account, catalog = principal.account, self._catalog
        if account is None or catalog is None:
            return []
        shares, mounts = catalog.read(lambda tx: (named(tx.grants.received(account.id)), received(tx, account.id)))
        drives = [DrivesFolder(mounts).stat(DRIVES)] if mounts else []
        return [*drives, SharedFolders(shares).stat(SHARED)] if shares else drives

    def _by_link(self, principal: Principal, link: Link, path: RemotePath, *, above: bool) -> Grant:
        catalog, clock, session = self._catalog, self._clock, principal.session
        if catalog is None or clock is None or self._tree_of is None or session is None:
            raise SignInRequiredError("Links open nothing here")
        fetch = _nothing if session.counted else counter(catalog, clock, link, session.id)
        verify = still_open(link)
        given = self._linked(link, principal, lambda: catalog.read(verify)) if self._linked is not None else None
        if given is not None:
            catalog.read(verify)
            fixed = path.is_root and isinstance(given, JoinedTree)
            rights = link.rights & Rights.READ if fixed else link.rights
            return Grant(given, rights, _ROOT, now_and_then(catalog, clock, verify), fetch)
        lies_in = path.parent if above and not path.is_root else path
        found = catalog.read(lambda tx: visitors_door(tx, link) or anchored(tx, link, lies_in, path))
        if isinstance(found, Door):
            return replace(self._through(found, catalog, path), fetch=fetch)
        if isinstance(found, FileRoot):
            return Grant(found, link.rights & Rights.READ, lies_in)
        if not isinstance(tree := self._tree_of(link.drive_id), VaultTree):
            raise not_found(path)
        check = now_and_then(catalog, clock, found.verify)
        return Grant(tree.seen_from(found), link.rights, found.path, check, fetch)

    def _drives(self, account: Account, catalog: Catalog, path: RemotePath, *, above: bool) -> Grant:
        lies_in = path.parent if above and path != DRIVES else path
        if lies_in == DRIVES:
            return Grant(DrivesFolder(catalog.read(lambda tx: received(tx, account.id))), Rights.READ, lies_in)
        return self._through(catalog.read(lambda tx: door_of(tx, account.id, lies_in, path)), catalog, path)

    def _through(self, door: Door, catalog: Catalog, path: RemotePath) -> Grant:
        """What somebody sees of a folder drive; its own changes ask for the rights once more."""
        if self._mounted is None:
            raise not_found(path)
        tree = self._mounted(door.mount.drive_id).seen_from(door.base, lambda: catalog.read(door.verify))
        check = _nothing if self._clock is None else now_and_then(catalog, self._clock, door.verify)
        return Grant(tree, door.rights, door.base, check, mounted=door.mount.drive_id)

    def _shared(self, account: Account, catalog: Catalog, path: RemotePath, *, above: bool) -> Grant:
        lies_in = path.parent if above and path != SHARED else path

        def look(tx: CatalogTx) -> SharedFolders | Way:
            shares = named(tx.grants.received(account.id))
            if len(lies_in.parts) >= TOP:
                return way_in(tx, account.id, shares, lies_in, path)
            if lies_in == SHARED:
                return SharedFolders(shares)
            if not (theirs := of_owner(shares, lies_in.name)):
                raise not_found(path)
            return SharedFolders(theirs)

        found = catalog.read(look)
        if isinstance(found, SharedFolders):
            return Grant(found, Rights.READ, lies_in)
        if self._tree_of is None or not isinstance(tree := self._tree_of(found.drive_id), VaultTree):
            raise not_found(path)
        anchor = found.anchor
        check = _nothing if self._clock is None else now_and_then(catalog, self._clock, anchor.verify)
        return Grant(tree.seen_from(anchor), found.rights, anchor.path, check)


def together(source: Grant, target: Grant) -> FileTree | None:
    """One tree in which both paths of a move or copy lie; None for drives that differ."""
    one, other = source.tree, target.tree
    if source.mounted != target.mounted and not isinstance(one, SharedFolders):
        return None
    if one is other or not (isinstance(one, VaultTree) and isinstance(other, VaultTree)):
        return one
    if one.room.drive.id != other.room.drive.id:
        return None
    return one.seen_from(*other.room.anchors) if one.room.anchors else one
