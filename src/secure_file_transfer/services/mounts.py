"""Folder drives: directories of the server's disk that an operator shows to accounts, groups and visitors of links.

What is mounted is decided on the spot, with the data directory at hand: whoever could do that from afar could read
every file that the server may. Who may use a drive is decided like for anything that is shared: by grants on its root,
and links to it, which operators make (see `shares` and `links`). Nobody owns it.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

from secure_file_transfer.errors import (
    InvalidNameError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
)
from secure_file_transfer.model import Category, DriveId, Kind, Mount, Rights, ShareGrant
from secure_file_transfer.paths import check_name, display
from secure_file_transfer.ports import (
    Audience,
    Catalog,
    CatalogTx,
    Clock,
    Event,
    EventBus,
    FolderPlaces,
    MountedTree,
    Topic,
)

from .audit import Audit
from .mounted import ON_ONE_FILE
from .shares import recipient

MOUNTS_MAX = 1000
"""On one server: a listing of them is one answer."""


@dataclass(frozen=True, slots=True)
class Mounted:
    """A folder drive, and who may do what in it. `fault` says why it cannot be used at the moment."""

    mount: Mount
    grants: Sequence[ShareGrant]
    fault: str = ""


class Mounts:
    """All folder drives of one data directory. A server that runs sees at once what another process mounts."""

    def __init__(self, catalog: Catalog, clock: Clock, places: FolderPlaces, audit: Audit, bus: EventBus) -> None:
        self._catalog = catalog
        self._clock = clock
        self._places = places
        self._audit = audit
        self._bus = bus
        self._lock = Lock()
        self._trees: dict[DriveId, MountedTree] = {}

    def mount(self, name: str, path: str, *, to: Sequence[str] = (), rights: Rights = Rights.READ) -> Mount:
        """Show the folder, or the one file, at `path` of the server's disk as the drive `/Drives/<name>`.

        `to` are accounts, and groups with `@`, that may use it with these rights.

        Raises:
            ExistsError: there is a drive of this name, whatever the case.
            NotFoundError: nothing is at this path, or nobody has this name.
            ForbiddenError: it is the data directory, above it or in it; or the server may not open it.
            InvalidNameError, InvalidRequestError
        """
        check_name(name)
        if name.startswith(("@", "-")):
            raise InvalidNameError(f"{display(name)}: names of drives begin otherwise", hint="Choose another name.")
        place, kind = self._places.resolve(path)
        rights = rights if kind is Kind.FOLDER else rights & ON_ONE_FILE
        if to and not rights:
            raise InvalidRequestError("That grants nothing", hint="Choose another level; on a single file, viewer.")
        now = self._clock.now_us()

        def work(tx: CatalogTx) -> Mount:
            if len(tx.mounts.all()) >= MOUNTS_MAX:
                raise InvalidRequestError("There are too many folder drives", hint="Unmount some.")
            drive = tx.drives.create(name, None, now)
            target = name if kind is Kind.FOLDER else place.replace("\\", "/").rpartition("/")[2]
            tx.mounts.create(drive.id, name, place, target, kind, now)
            for each in to:
                to_account, to_group, _ = recipient(tx, each)
                tx.grants.put(drive.root_id, to_account, to_group, rights, now)
            return Mount(drive.id, drive.root_id, name, place, kind, now)

        mount = self._catalog.write(work)
        whom = ", ".join(to) or "nobody yet"
        self._audit.record(
            Category.ADMINISTRATION, "drive.mounted", f"Mounted {place} as {name} for {whom}", target=f"/Drives/{name}"
        )
        return mount

    def unmount(self, name: str) -> Mount:
        """End a folder drive, its grants and its links, and all that is done with them. The folder stays as it is.

        Raises:
            NotFoundError
        """

        def work(tx: CatalogTx) -> Mount:
            mount = tx.mounts.by_name(name)
            if mount is None:
                raise _no_drive(name)
            tx.drives.delete(mount.drive_id)
            return mount

        mount = self._catalog.write(work)
        with self._lock:
            self._trees.pop(mount.drive_id, None)
        self._audit.record(
            Category.ADMINISTRATION, "drive.unmounted", f"Unmounted {mount.name}", target=f"/Drives/{mount.name}"
        )
        return mount

    def list(self) -> Sequence[Mounted]:
        """All of them, by name."""
        found = self._catalog.read(lambda tx: [(each, tx.grants.of_drive(each.drive_id)) for each in tx.mounts.all()])
        return [Mounted(mount, grants, self._fault(mount)) for mount, grants in found]

    def _fault(self, mount: Mount) -> str:
        try:
            self._places.tree(mount.path, mount.kind, lambda _, __: None)
        except SecureFileTransferError as error:
            return str(error)
        return ""

    def tree_of(self, drive_id: DriveId) -> MountedTree:
        """The files of a folder drive. Remembered.

        Raises:
            NotFoundError: there is no such drive, or it was unmounted.
            StorageError: what it shows is not there now.
        """
        if known := self._trees.get(drive_id):
            return known
        mount = self._catalog.read(lambda tx: tx.mounts.get(drive_id))
        if mount is None:
            raise NotFoundError("This drive was unmounted", hint="List /Drives to see which there are.")
        tree = self._places.tree(mount.path, mount.kind, partial(self._changed, drive_id))
        with self._lock:
            return self._trees.setdefault(drive_id, tree)

    def _changed(self, drive_id: DriveId, place: str, moved: bool) -> None:
        """Tell whoever watches that folder; with `moved`, whoever watches anything in the drive looks where it is."""
        kind, key = ("moved", str(drive_id)) if moved else ("changed", f"{drive_id}.{place}")
        self._bus.publish(Event(Topic.FILES, kind, {}, Audience(folder=(drive_id, place)), key))

    def watch(self, places: Collection[tuple[DriveId, str]]) -> None:
        """See what other programs do in these folders of drives, and in no others, until the next call.

        A drive that is one file is left out: when something happens beside the file is not for those who see it.
        """
        mounts = {each.drive_id: each for each in self._catalog.read(lambda tx: tx.mounts.all())} if places else {}
        folders: dict[Hashable, tuple[str, str]] = {}
        for drive_id, place in places:
            mount = mounts.get(drive_id)
            if mount is not None and mount.kind is Kind.FOLDER:
                folders[drive_id, place] = mount.path, place
        self._places.watch(folders, lambda key: self._changed(*_watched(key), False))


def _watched(key: Hashable) -> tuple[DriveId, str]:
    assert isinstance(key, tuple)  # noqa: S101 - of those that `watch` made
    return key[0], key[1]


def _no_drive(name: str) -> NotFoundError:
    return NotFoundError(f"There is no folder drive {display(name)}", hint="See which there are: sft mounts.")
