"""`/Drives`: the folder drives that were granted to an account, and what visitors of links to them see."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from secure_file_transfer.errors import ForbiddenError
from secure_file_transfer.model import (
    DRIVES_FOLDER,
    AccountId,
    Entry,
    Kind,
    Mount,
    Rights,
    TimeUs,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import CatalogTx

from .shared import SharedFolders, still_granted
from .vault_nodes import not_found

DRIVES = RemotePath((DRIVES_FOLDER,))
ON_ONE_FILE = Rights.READ
"""A drive that is a single file can only be read: to replace it would take the right to write beside it."""


@dataclass(frozen=True, slots=True)
class Door:
    """The way into a folder drive: where its root is for whoever goes in, and what they may do there."""

    mount: Mount
    base: RemotePath
    rights: Rights
    verify: Callable[[CatalogTx], None]


class DrivesFolder(SharedFolders):
    """`/Drives` as a `ports.FileTree`: nothing can be put there or taken."""

    def __init__(self, mounts: Iterable[Mount]) -> None:
        super().__init__({})
        self._mounts = list(mounts)

    def stat(self, path: RemotePath) -> Entry:
        """A folder that changed when the last drive in it was mounted."""
        times = [each.created_us for each in self._mounts] or [TimeUs(0)]
        tag = "-".join(f"{each.drive_id:x}" for each in self._mounts)
        return Entry(str(path), path.name, Kind.FOLDER, 0, max(times), min(times), None, f"drives-{tag}"[:64])

    def _children(self, path: RemotePath) -> Sequence[Entry]:
        return [
            Entry(
                str(path / each.name), each.name, Kind.FOLDER, 0, each.created_us, each.created_us, None,
                f"drive-{each.drive_id:x}",
            )
            for each in self._mounts
        ]  # fmt: skip

    def _refuse(self, path: RemotePath) -> NoReturn:
        raise ForbiddenError(
            f"{display(str(path))} shows folders of the server; it cannot be changed here",
            hint="Operators mount and unmount them.",
        ).because("drives", path=str(path))


def received(tx: CatalogTx, account_id: AccountId) -> list[Mount]:
    """The folder drives in which an account may do anything."""
    return [mount for mount, rights in tx.mounts.received(account_id) if usable(mount, rights)]


def usable(mount: Mount, rights: Rights) -> Rights:
    """What these rights come to on that drive."""
    return rights if mount.kind is Kind.FOLDER else rights & ON_ONE_FILE


def door_of(tx: CatalogTx, account_id: AccountId, path: RemotePath, asked: RemotePath) -> Door:
    """The way in for a path with at least two names; `asked` is what failures speak of.

    Raises:
        NotFoundError: there is no such drive, or it is not for this account, which looks the same.
    """
    mount = tx.mounts.by_name(path.parts[1])
    if mount is None or mount.name != path.parts[1]:
        raise not_found(asked)
    granted = tx.grants.rights(account_id, mount.root_id)
    if not usable(mount, granted):
        raise not_found(asked)
    base = DRIVES / mount.name
    return Door(mount, base, usable(mount, granted), still_granted(account_id, mount.root_id, granted, base))
