"""Who may do what with which tree: the one place that decides, for every door."""

from collections.abc import Callable
from dataclasses import dataclass

from secure_file_transfer.errors import ForbiddenError, NotFoundError, SignInRequiredError
from secure_file_transfer.model import DriveId, Principal, Rights
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import FileTree

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
        raise ForbiddenError(f"You may not {verbs} {display(str(path))}", hint="Ask its owner for the right to.")


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
