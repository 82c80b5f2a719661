"""Earlier versions of files: what a file was before it was replaced, on whichever door."""

from collections.abc import Sequence
from dataclasses import dataclass

from secure_file_transfer.errors import ConflictError, ForbiddenError
from secure_file_transfer.model import (
    Category,
    Conflict,
    Entry,
    Kind,
    Principal,
    Rights,
    TimeUs,
    VersionId,
    VersionInfo,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import CatalogTx, Expectation

from .access import Access
from .audit import SILENT, Audit
from .vault import VaultTree
from .vault_nodes import Room, Whole, earlier_version, entry_of, find, is_a_folder, no_version
from .vault_publish import Publisher


@dataclass(frozen=True, slots=True)
class Listed:
    """A version of a file; `ends_us` is when it goes, None for the present one."""

    info: VersionInfo
    ends_us: TimeUs | None


class Versions:
    """The versions of the files that a principal sees. Folder drives keep none, and visitors of links see none."""

    def __init__(self, access: Access, audit: Audit = SILENT) -> None:
        self._access = access
        self._audit = audit

    def list(self, principal: Principal, path: RemotePath) -> Sequence[Listed]:
        """All versions of a file, the present one first. Raises NotFoundError, IsAFolderError, ForbiddenError."""
        room = self._room(principal, path, Rights.READ)
        if room is None:
            return []

        def look(tx: CatalogTx) -> Sequence[VersionInfo]:
            node = find(tx, room, path)
            if node.kind is Kind.FOLDER:
                raise is_a_folder(path)
            return tx.versions.of(node.id)

        return [
            Listed(each, None if each.kept_us is None else room.keeping.version_ends(each.kept_us))
            for each in room.catalog.read(look)
        ]

    def restore(self, principal: Principal, path: RemotePath, number: VersionId) -> Entry:
        """Make an earlier version the present one: no content moves, and what is there now becomes an earlier one.

        Raises:
            NotFoundError: the file is not there, or has no such version.
            IsAFolderError, ForbiddenError, BlockDamagedError
        """
        room = self._room(principal, path, Rights.READ | Rights.WRITE)
        if room is None:
            raise no_version(path)
        now = room.clock.now_us()

        def work(tx: CatalogTx) -> Entry:
            node = find(tx, room, path)
            if node.kind is Kind.FOLDER:
                raise is_a_folder(path)
            version = earlier_version(tx, room, node, number, path)
            if version.id == node.version_id:
                return entry_of(node, str(path))
            # Now, and not when it was written: whoever compares times has to see that the file has changed.
            whole = Whole(version.size, version.sha256, version.manifest, now)
            publisher = Publisher(tx, room, now)
            written = publisher.write(publisher.place(path, whole, Conflict.OVERWRITE, Expectation()), whole, ())
            publisher.finish()
            return written.entry

        entry = room.catalog.write(work)
        text = f"{display(entry.path)} is again what it was in version {number}"
        self._audit.record(Category.FILE, "version.restored", text, target=entry.path, who=principal)
        return entry

    def remove(self, principal: Principal, path: RemotePath, number: VersionId) -> None:
        """Forget an earlier version; only the owner of the file can.

        Raises:
            NotFoundError: the file is not there, or has no such version.
            ConflictError: it is the present one.
            IsAFolderError, ForbiddenError
        """
        room = self._room(principal, path, Rights.READ | Rights.WRITE | Rights.DELETE)
        if room is None:
            raise no_version(path)
        if room.anchors:
            raise ForbiddenError("Only its owner can remove a version of a file", hint="Ask them.").because("version")

        def work(tx: CatalogTx) -> None:
            node = find(tx, room, path)
            if node.kind is Kind.FOLDER:
                raise is_a_folder(path)
            found = next((each for each in tx.versions.of(node.id) if each.id == number), None)
            if found is None:
                raise no_version(path)
            if found.kept_us is None:
                raise ConflictError(
                    "That is the present version", hint="Delete the file, or restore another first."
                ).because("version")
            tx.versions.delete(number)
            tx.drives.add_usage(room.drive.id, -found.size, 0)

        room.catalog.write(work)
        text = f"Version {number} of {display(str(path))} was removed"
        self._audit.record(Category.FILE, "version.removed", text, target=str(path), who=principal)

    def _room(self, principal: Principal, path: RemotePath, needed: Rights) -> Room | None:
        """None where no versions are kept."""
        grant = self._access.grant(principal, path)
        grant.require(needed, path)
        if principal.account is None or principal.link is not None:
            raise ForbiddenError("A link shows files as they are now", hint="Ask whoever gave it to you.")
        if isinstance(grant.tree, VaultTree):
            return grant.tree.room
        grant.tree.stat(path)
        return None
