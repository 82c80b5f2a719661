"""Who may do what with which tree: the one place that decides, for every door."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from secure_file_transfer.errors import ForbiddenError, NotFoundError, PreconditionFailedError, SignInRequiredError
from secure_file_transfer.model import Conflict, DriveId, Principal, Rights
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Expectation, FileTree

ANY_FILE = ("*",)
_VERBS = {
    Rights.READ: "read",
    Rights.CREATE: "create",
    Rights.WRITE: "replace",
    Rights.DELETE: "delete or move away",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """The tree that somebody sees, and what they may do in it."""

    tree: FileTree
    rights: Rights

    def require(self, needed: Rights, path: RemotePath) -> None:
        """Refuse unless all of the rights `needed` are there.

        Raises:
            NotFoundError: what one may not even read looks as if it were not there, whether it is or not.
            ForbiddenError: it can be seen, but that cannot be done with it.
        """
        missing = needed & ~self.rights
        if not missing:
            return
        if Rights.READ not in self.rights:
            raise NotFoundError(f"{display(str(path))} is not there", hint="You may put new files here, nothing else.")
        verbs = " or ".join(verb for right, verb in _VERBS.items() if right in missing)
        raise _forbidden(verbs, path)

    def require_writing(self, path: RemotePath, *, parents: bool = False) -> None:
        """Refuse unless a file may be written at `path`, as a new one or over an old one: see `rightful`.

        Raises:
            NotFoundError, ForbiddenError
        """
        if not self.rights & (Rights.CREATE | Rights.WRITE):
            self.require(Rights.CREATE, path)
        if Rights.READ not in self.rights and len(path.parts) > 1:
            raise NotFoundError(f"{display(str(path.parent))} is not there", hint="Put the file at the top.")
        if parents and len(path.parts) > 1:
            self.require(Rights.CREATE, path)


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
    return ForbiddenError(f"You may not {verb} {display(str(path))}", hint="Ask its owner for the right to.")


class Access:
    """Grants by principal.

    Args:
        tree_of: the files of a vault drive; an account sees its home with all rights. None on a server without
            accounts.
        guest_tree: what an anonymous guest sees; None where there are no guests.
        guest_rights: what a guest may do there.
    """

    def __init__(
        self,
        tree_of: Callable[[DriveId], FileTree] | None = None,
        *,
        guest_tree: FileTree | None = None,
        guest_rights: Rights = Rights.NONE,
    ) -> None:
        self._tree_of = tree_of
        self._guest = None if guest_tree is None else Grant(guest_tree, guest_rights)

    def grant(self, principal: Principal) -> Grant:
        """What this principal sees.

        Raises:
            SignInRequiredError: a guest, and guests see nothing here.
            NotFoundError: the account's home is gone.
        """
        if principal.account is not None and self._tree_of is not None:
            return Grant(self._tree_of(principal.account.home_id), Rights.ALL)
        if principal.account is None and self._guest is not None:
            return self._guest
        raise SignInRequiredError("This needs an account", hint="Sign in.")
