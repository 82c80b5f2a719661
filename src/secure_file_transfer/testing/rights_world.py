"""Three accounts, two groups and their shares over a real catalog, beside a small model of who may do what."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from secure_file_transfer.model import AccountId, DriveId, Kind, LogEvent, NodeId, Principal, Rights
from secure_file_transfer.paths import RemotePath, numbered
from secure_file_transfer.seal.keys import DriveKeys
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.services.block_leases import BlockLeases
from secure_file_transfer.services.blocks import Blocks
from secure_file_transfer.services.commits import Commits
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.groups import Groups
from secure_file_transfer.services.keeping import NOTHING, Keeping
from secure_file_transfer.services.mounts import Mounts
from secure_file_transfer.services.shares import Shares
from secure_file_transfer.services.sweep import Sweeper
from secure_file_transfer.services.trash import Trash
from secure_file_transfer.services.uploads import Uploads
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.services.vault_nodes import find
from secure_file_transfer.services.versions import Versions
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.storage.events import LocalEventBus
from secure_file_transfer.storage.folder import Places

from .clock import FakeClock
from .contracts.catalog_kit import new_account

PEOPLE = ("ada", "bob", "cyn")
VISITORS = ("vic", "viv")
"""Whoever holds links. Each has one session at a time."""
GROUPS = ("@red", "@blue")


class SharingWorld:
    """The services over one catalog under `root`."""

    def __init__(self, root: Path, keeping: Keeping = NOTHING) -> None:
        self.clock = FakeClock()
        self.bus = LocalEventBus()
        self.catalog = open_catalog(root / "catalog.db", self.clock)
        self.trees: dict[DriveId, VaultTree] = {}
        self.who: dict[str, Principal] = {}
        blobs, leases = LocalBlobStore(root / "blobs"), BlockLeases()
        for name in PEOPLE:
            account = new_account(self.catalog, name)
            drive = self.catalog.read(lambda tx, account=account: tx.drives.get(account.home_id))  # type: ignore[misc]
            assert drive is not None
            keys = DriveKeys.generate()
            self.trees[drive.id] = VaultTree(
                drive, keys, self.catalog, blobs, self.clock, leases, 64 * 1024, self.bus.publish, keeping
            )
            self.who[name] = Principal(account, None)
        self.log: list[LogEvent] = []
        audit = Audit(self.clock, self.log.append)
        self.mounts = Mounts(self.catalog, self.clock, Places(self.clock, [root]), audit, self.bus)
        self.access = Access(self.trees.__getitem__, self.catalog, self.clock, mounted=self.mounts.tree_of)
        self.files = Files(self.access)
        self.shares = Shares(self.catalog, self.clock, publish=self.bus.publish)
        self.groups = Groups(self.catalog, self.clock)
        self.uploads = Uploads(self.catalog, self.access, self.files, lambda _: None, self.clock, 10**12)
        self.blocks = Blocks(self.access, lambda _: None, self.clock)
        self.commits = Commits(self.blocks)
        self.trash = Trash(self.access, self.trees.__getitem__, lambda: None, audit, keeping)
        self.versions = Versions(self.access, audit)
        self.sweeper = Sweeper(self.catalog, blobs, leases, self.clock, 0, keeping)

    def close(self) -> None:
        """Let go of the catalog."""
        self.catalog.close()

    def account_id(self, name: str) -> AccountId:
        """The number of an account."""
        account = self.who[name].account
        assert account is not None
        return account.id

    def put(self, name: str, path: str, data: bytes = b"") -> RemotePath:
        """Store a file as that account, whole; where it went."""
        draft = self.files.draft(self.who[name], RemotePath.parse(path))
        try:
            draft.append(data)
            return RemotePath.parse(draft.commit().entry.path)
        finally:
            draft.abort()

    def read(self, name: str, path: str) -> bytes:
        """Read a file as that account."""
        content = self.files.open(self.who[name], RemotePath.parse(path))
        try:
            return b"".join(content.chunks(0, content.entry.size))
        finally:
            content.close()

    def folder(self, name: str, path: str) -> None:
        """Make a folder as that account."""
        self.files.make_folder(self.who[name], RemotePath.parse(path))

    def names(self, name: str, path: str) -> list[str]:
        """What that account sees in a folder."""
        return sorted(entry.name for entry in self.files.list(self.who[name], RemotePath.parse(path)).entries)

    def node_id(self, owner: str, path: RemotePath) -> NodeId:
        """The number of what is at a path of the owner's home."""
        account = self.who[owner].account
        assert account is not None
        room = self.trees[account.home_id].room
        return self.catalog.read(lambda tx: find(tx, room, path).id)


@dataclass(eq=False)
class Thing:
    """A file or folder of the model. The root of a home has no parent."""

    owner: str
    name: str
    parent: "Thing | None"
    data: bytes | None
    id: NodeId

    @property
    def kind(self) -> Kind:
        """Folders have no content."""
        return Kind.FOLDER if self.data is None else Kind.FILE

    def up(self) -> Iterator["Thing"]:
        """It, and all above it."""
        at: Thing | None = self
        while at is not None:
            yield at
            at = at.parent


@dataclass(eq=False)
class LinkThing:
    """A link of the model."""

    thing: Thing
    rights: Rights
    number: int
    secret: str
    expires_us: int | None
    downloads_max: int | None
    downloads: int = 0
    revoked: bool = False


@dataclass(eq=False)
class Visit:
    """A visitor's session."""

    link: LinkThing
    ends_us: int
    counted: bool = False


class Model:
    """Who may do what, in the fewest words."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.links: list[LinkThing] = []
        self.visits: dict[str, Visit] = {}
        self.homes = {name: Thing(name, "", None, None, NodeId(0)) for name in PEOPLE}
        self.things: set[Thing] = set()
        self.grants: dict[tuple[Thing, str], Rights] = {}
        self.members: set[tuple[str, str]] = set()

    def mine(self, who: str) -> set[str]:
        """The names that something for `who` is granted to."""
        return {who} | {group for group, member in self.members if member == who}

    def granted(self, who: str, thing: Thing) -> Rights:
        """What was granted on just this."""
        masks = [mask for (on, to), mask in self.grants.items() if on is thing and to in self.mine(who)]
        return Rights(sum({bit for mask in masks for bit in mask}))

    def rights(self, who: str, thing: Thing) -> Rights:
        """The union of all grants on the way up; everything for the owner; what the link gives for a visitor."""
        if who in VISITORS:
            link = self.link_of(who)
            return link.rights if link is not None and link.thing in thing.up() else Rights.NONE
        if who == thing.owner:
            return Rights.ALL
        return Rights(sum({bit for each in thing.up() for bit in self.granted(who, each)}))

    def child(self, folder: Thing, name: str) -> Thing | None:
        """What is called so in a folder."""
        return next((each for each in self.things if each.parent is folder and each.name == name), None)

    def shared(self, who: str) -> dict[tuple[str, str], Thing]:
        """What `who` finds below /Shared."""
        found: dict[tuple[str, str], Thing] = {}
        for each in sorted(self.things, key=lambda thing: thing.id):
            if each.owner != who and self.granted(who, each):
                name = each.name
                if (each.owner, name) in found:
                    name = numbered(name, each.id)
                found[each.owner, name] = each
        return found

    def at(self, who: str, path: RemotePath) -> Thing | None:
        """What this path means to `who`; None where there is nothing for them."""
        at: Thing | None
        if who in VISITORS:
            link = self.link_of(who)
            at, rest = None if link is None else link.thing, path.parts
            if link is not None and link.thing.kind is Kind.FILE:
                return link.thing if rest == (link.thing.name,) else None
        elif path.parts[:1] == ("Shared",):
            at, rest = self.shared(who).get((path.parts[1], path.parts[2])), path.parts[3:]
        else:
            at, rest = self.homes[who], path.parts
        for name in rest:
            at = at and self.child(at, name)
        return at

    def drop(self, thing: Thing) -> None:
        """Remove it and all below, with the grants on them."""
        gone = {each for each in self.things if thing in each.up()}
        self.things -= gone
        self.grants = {key: mask for key, mask in self.grants.items() if key[0] not in gone}

    # --- links --------------------------------------------------------------------------------------------------

    def works(self, link: LinkThing) -> bool:
        """Whether it gives anything to those who have opened it."""
        over = link.expires_us is not None and link.expires_us <= self.clock.now_us()
        return not (over or link.revoked) and link.thing in self.things

    def opens(self, link: LinkThing) -> bool:
        """Whether somebody new comes in by it."""
        return self.works(link) and link.downloads != link.downloads_max

    def link_of(self, who: str) -> LinkThing | None:
        """By which link a visitor is in."""
        visit = self.visits.get(who)
        if visit is None or visit.ends_us <= self.clock.now_us():
            return None
        return visit.link if (self.works if visit.counted else self.opens)(visit.link) else None

    def is_in(self, who: str) -> bool:
        """Whether somebody's session lasts."""
        return who in PEOPLE or self.link_of(who) is not None

    def fetched(self, who: str) -> None:
        """They had something: a visitor counts once."""
        visit = self.visits.get(who)
        if visit is not None and not visit.counted:
            visit.counted = True
            visit.link.downloads += 1
