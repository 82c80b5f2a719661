"""Groups: accounts that something can be shared with at once. Administrators make them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import AccountId, Category, Group, GroupId, Principal
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import check_account_name, findable, require_operator
from .audit import SILENT, Audit


@dataclass(frozen=True, slots=True)
class Members:
    """A group and who is in it."""

    group: Group
    members: tuple[str, ...]


class Groups:
    """Creates, changes and removes groups; what it says is true at once for every grant to them.

    Names follow the rules of account names and are found without regard to case. Whoever asks through a door must
    be an administrator (`require_admin`).
    """

    def __init__(self, catalog: Catalog, clock: Clock, audit: Audit = SILENT) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock

    def create(self, name: str) -> Group:
        """Raises InvalidNameError, ExistsError."""
        check_account_name(name)
        group = self._catalog.write(lambda tx: tx.groups.create(name, self._clock.now_us()))
        self._told("group.created", f"The group {display(name)} was made", name)
        return group

    def _told(self, kind: str, text: str, name: str) -> None:
        self._audit.record(Category.ADMINISTRATION, kind, text, target="@" + name.removeprefix("@"))

    def rename(self, name: str, to: str) -> None:
        """Its grants and members stay. Raises NotFoundError, InvalidNameError, ExistsError."""
        check_account_name(to)
        self._catalog.write(lambda tx: tx.groups.rename(_found(tx, name).id, to))
        self._told("group.renamed", f"The group {display(name)} is called {display(to)} now", to)

    def delete(self, name: str) -> None:
        """What was granted to it ends. Raises NotFoundError."""
        self._catalog.write(lambda tx: tx.groups.delete(_found(tx, name).id))
        self._told("group.deleted", f"The group {display(name)} was deleted, and what was granted to it", name)

    def add(self, name: str, account: str) -> None:
        """Make an account a member. Raises NotFoundError."""
        self._change(name, account, lambda tx, group, id_: tx.groups.add(group, id_))
        self._told("group.joined", f"{display(account)} was put into the group {display(name)}", name)

    def remove(self, name: str, account: str) -> None:
        """End a membership, and what the account had by it. Raises NotFoundError."""

        def work(tx: CatalogTx, group: GroupId, account_id: AccountId) -> None:
            if not tx.groups.remove(group, account_id):
                raise NotFoundError(f"{display(account)} is not in the group {display(name)}").because(
                    "member", name=account
                )

        self._change(name, account, work)
        self._told("group.left", f"{display(account)} was taken out of the group {display(name)}", name)

    def all(self) -> Sequence[Members]:
        """Every group with its members, by name."""
        return self._catalog.read(
            lambda tx: [
                Members(each, tuple(one.name for one in tx.groups.members(each.id))) for each in tx.groups.all()
            ]
        )

    def _change(self, name: str, account: str, work: Callable[[CatalogTx, GroupId, AccountId], None]) -> None:
        def change(tx: CatalogTx) -> None:
            group, normal = _found(tx, name), findable(account)
            found = tx.accounts.by_name(normal) if normal else None
            if found is None:
                raise NotFoundError(f"There is no account {display(account)}", hint="See: sft user list.").because(
                    "account", name=account
                )
            work(tx, group.id, found.id)

        self._catalog.write(change)


def require_admin(principal: Principal) -> None:
    """Raises SignInRequiredError, ForbiddenError."""
    require_operator(principal)


def _found(tx: CatalogTx, name: str) -> Group:
    normal = findable(name.removeprefix("@"))
    group = tx.groups.by_name(normal) if normal else None
    if group is None:
        raise NotFoundError(f"There is no group {display(name)}", hint="See: sft group list.").because(
            "group", name=name
        )
    return group
