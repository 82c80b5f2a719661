"""What the suites for `ports.Catalog` share: words for what a test does to a catalog."""

import hashlib
import threading
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import (
    Account,
    BlockId,
    BlockRef,
    Drive,
    Kind,
    Node,
    NodeId,
    Role,
    SortKey,
    TimeUs,
    Version,
)
from secure_file_transfer.ports import BlockRow, Catalog, CatalogTx, NodeCursor
from secure_file_transfer.testing.clock import START_US, FakeClock

NOW = START_US
EVER = TimeUs(2**62)
"""Later than anything."""

HOSTILE = ("'; DROP TABLE nodes; --", 'a"b', "%_%", "x' OR '1'='1", ":name ?1 @a $b", "\\'", "日本語", "👍🏽", "{}%s")
"""Texts that mean something to a database when they are pasted into a statement."""


class CatalogBase:
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def catalog(self) -> Catalog:
        raise NotImplementedError("name the catalog under test in a fixture called 'catalog'")

    @pytest.fixture
    def drive(self, catalog: Catalog) -> Drive:
        return new_drive(catalog)


def new_drive(catalog: Catalog, name: str = "drive") -> Drive:
    return catalog.write(lambda tx: tx.drives.create(name, None, NOW))


def new_account(catalog: Catalog, name: str = "sara", role: Role = Role.USER) -> Account:
    def work(tx: CatalogTx) -> Account:
        home = tx.drives.create(name, None, NOW)
        account = tx.accounts.create(name, role, home.id, "$argon2id$", NOW)
        tx.drives.set_owner(home.id, account.id)
        return account

    return catalog.write(work)


def new_folder(catalog: Catalog, drive: Drive, name: str, parent: Node | None = None) -> Node:
    parent_id = parent.id if parent else drive.root_id
    return catalog.write(lambda tx: tx.nodes.create(drive.id, parent_id, name, Kind.FOLDER, NOW))


def block(seed: int, length: int = 1000) -> BlockRef:
    """A block that only `seed` decides."""
    return BlockRef(BlockId(hashlib.sha256(seed.to_bytes(8, "big")).digest()), length)


def keep(tx: CatalogTx, drive: Drive, refs: Iterable[BlockRef], data: bytes | None = None, now: TimeUs = NOW) -> None:
    """Record blocks."""
    for ref in refs:
        tx.blocks.insert(BlockRow(ref.id, drive.id, ref.length, data), now)


def publish(tx: CatalogTx, node: Node, refs: Sequence[BlockRef], modified_us: TimeUs = NOW) -> Version:
    """Give a file a new version of these blocks, and forget the one before."""
    version = Version(
        id=next(tx.versions.next_ids(1)),
        node_id=node.id,
        size=sum(ref.length for ref in refs),
        sha256=hashlib.sha256(b"".join(ref.id for ref in refs)).digest(),
        created_us=NOW,
        manifest=tuple(refs),
        mac=b"m" * 32,
    )
    tx.versions.insert(version)
    tx.nodes.set_version(node.id, version, modified_us)
    tx.drives.add_usage(node.drive_id, version.size - node.size, 0 if node.version_id else 1)
    if node.version_id:
        tx.versions.delete(node.version_id)
    return version


def new_file(
    catalog: Catalog, drive: Drive, name: str, refs: Sequence[BlockRef] = (), parent: Node | None = None
) -> Node:
    """A published file of these blocks."""

    def work(tx: CatalogTx) -> Node:
        node = tx.nodes.create(drive.id, parent.id if parent else drive.root_id, name, Kind.FILE, NOW)
        keep(tx, drive, refs)
        publish(tx, node, refs)
        found = tx.nodes.get(node.id)
        assert found
        return found

    return catalog.write(work)


def detach(catalog: Catalog, node_id: NodeId) -> None:
    catalog.write(lambda tx: tx.nodes.detach(node_id))


def is_within(catalog: Catalog, node_id: NodeId, ancestor_id: NodeId) -> bool:
    return catalog.read(lambda tx: tx.nodes.is_within(node_id, ancestor_id))


def set_fact(catalog: Catalog, name: str, value: str | None) -> None:
    catalog.write(lambda tx: tx.facts.set(name, value))


def unreferenced(catalog: Catalog, before: TimeUs = EVER) -> set[BlockId]:
    return {row.id for row in catalog.read(lambda tx: tx.blocks.unreferenced(before, 10_000))}


def folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def cursor_of(node: Node, sort: SortKey) -> NodeCursor:
    """Where a listing stands after `node`."""
    values: dict[SortKey, int | str] = {
        SortKey.NAME: folded(node.name),
        SortKey.SIZE: node.size,
        SortKey.MODIFIED: node.modified_us,
    }
    return NodeCursor(node.kind, values[sort], node.name)


def listing(
    catalog: Catalog, parent_id: NodeId, sort: SortKey = SortKey.NAME, *, descending: bool = False, limit: int = 1000
) -> list[Node]:
    """All children, page by page."""
    found: list[Node] = []
    after: NodeCursor | None = None
    while True:
        page = list_page(catalog, parent_id, sort, descending=descending, after=after, limit=limit)
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            return found
        after = cursor_of(page[-1], sort)


def list_page(
    catalog: Catalog, parent_id: NodeId, sort: SortKey, *, descending: bool, after: NodeCursor | None, limit: int
) -> Sequence[Node]:
    return catalog.read(lambda tx: tx.nodes.list(parent_id, sort, descending=descending, after=after, limit=limit))


def purge_all(catalog: Catalog, limit: int = 1000) -> list[int]:
    """Purge until nothing is left; what each batch returned."""
    done = [catalog.write(lambda tx: tx.nodes.purge_batch(limit))]
    while done[-1]:
        done.append(catalog.write(lambda tx: tx.nodes.purge_batch(limit)))
    return done


def in_one_group(
    catalog: Catalog, *works: Callable[[CatalogTx], object], meanwhile: Callable[[], object] = lambda: None
) -> list[Future[object]]:
    """Write all of `works` from as many threads, and hold the catalog up until they all wait.

    A catalog that commits in groups then has all of them, or all but a late one, in one group, together with the
    work that held it up; that one also does what shall happen `meanwhile`.
    """
    waiting = threading.Semaphore(0)
    held = threading.Event()

    def hold(_: CatalogTx) -> None:
        held.set()
        for _each in works:
            assert waiting.acquire(timeout=30)
        meanwhile()

    def write(work: Callable[[CatalogTx], object]) -> object:
        assert held.wait(30)
        waiting.release()
        return catalog.write(work)

    with ThreadPoolExecutor(len(works) + 1) as pool:
        holding = pool.submit(catalog.write, hold)
        futures = [pool.submit(write, work) for work in works]
    if error := holding.exception():
        assert isinstance(error, SecureFileTransferError), error
    return futures
