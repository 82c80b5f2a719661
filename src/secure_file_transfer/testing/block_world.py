"""The block protocol over real storage, with people: for tests of what one may do with another's blocks."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import BlockId, BlockRef, Principal, Rights
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import BlobStore, Catalog, Written
from secure_file_transfer.seal.keys import DriveKeys
from secure_file_transfer.services.access import Access, Grant
from secure_file_transfer.services.blocks import Blocks
from secure_file_transfer.services.commits import Commits, Listed, Result, Small, Terms
from secure_file_transfer.services.hashers import Hint
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.testing.contracts.catalog_kit import new_account

from .vault_world import VaultWorld

_ROOT = RemotePath()

TOKEN = "5" * 32


class Person:
    """Somebody with a home, and what they do with blocks."""

    def __init__(self, world: "BlockWorld", name: str) -> None:
        self.world = world
        self.account = new_account(world.vault.catalog, name)
        self.who = Principal(self.account, None)
        drive = world.vault.catalog.read(lambda tx: tx.drives.get(self.account.home_id))
        assert drive
        self.keys = DriveKeys.generate()
        self.tree = VaultTree(
            drive,
            self.keys,
            world.catalog,
            world.blobs,
            world.vault.clock,
            world.vault.leases,
            world.vault.block_size,
        )

    def ref(self, data: bytes) -> BlockRef:
        return BlockRef(self.keys.block_id(data), len(data))

    def put(self, *contents: bytes, hint: str | None = None) -> list[BlockRef]:
        """Send blocks, in order."""
        refs = [self.ref(data) for data in contents]
        for index, (ref, data) in enumerate(zip(refs, contents, strict=True)):
            self.world.blocks.put(self.who, ref.id, data, Hint(hint, index) if hint else None)
        return refs

    def missing(self, *refs: BlockRef) -> list[BlockId]:
        return self.world.blocks.missing(self.who, [ref.id for ref in refs])

    def commit(self, *files: Listed) -> list[Result]:
        return self.world.commits.commit(self.who, files)

    def commit_one(self, terms: Terms | str, refs: Sequence[BlockRef], hint: str | None = None) -> Result:
        given = Terms(terms) if isinstance(terms, str) else terms
        (result,) = self.commit(Listed(given, sum(ref.length for ref in refs), tuple(refs), hint))
        return result

    def batch(self, *files: tuple[Terms | str, bytes]) -> list[Result]:
        return self.world.commits.batch(
            self.who, [Small(Terms(terms) if isinstance(terms, str) else terms, data) for terms, data in files]
        )

    def read(self, path: str) -> bytes:
        content = self.tree.open(RemotePath.parse(path))
        try:
            return b"".join(content.chunks(0, content.entry.size))
        finally:
            content.close()


class BlockWorld:
    """A server's storage. `rights` is what everybody has in their own home; `gone` ends all sessions."""

    def __init__(self, vault: VaultWorld, *, blobs: BlobStore | None = None, catalog: Catalog | None = None) -> None:
        self.vault = vault
        self.blobs = blobs or vault.disk
        self.catalog = catalog or vault.catalog
        self.rights = Rights.ALL
        self.gone: SecureFileTransferError | None = None
        self.people: dict[str, Person] = {}
        self.blocks = Blocks(_Homes(self), self._alive, vault.clock)
        self.commits = Commits(self.blocks)

    def person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = Person(self, name)
        return self.people[name]

    def _alive(self, _: Principal) -> None:
        if self.gone is not None:
            raise self.gone


class _Homes(Access):
    def __init__(self, world: BlockWorld) -> None:
        super().__init__()
        self._world = world

    def grant(self, principal: Principal, path: RemotePath = _ROOT, *, above: bool = False) -> Grant:  # noqa: ARG002 - nothing is shared here
        if principal.account is None:
            return super().grant(principal)
        return Grant(self._world.person(principal.account.name).tree, self._world.rights)


@contextmanager
def block_world(root: Path, *, blobs: BlobStore | None = None, catalog: Catalog | None = None) -> Iterator[BlockWorld]:
    """A world that is closed at the end, when nothing may be leased any more."""
    vault = VaultWorld(root)
    try:
        yield BlockWorld(vault, blobs=blobs, catalog=catalog)
        assert len(vault.leases) == 0, "somebody kept a lease"
    finally:
        vault.close()


def written(result: Result) -> Written:
    """It was published, or here is why not."""
    if isinstance(result, SecureFileTransferError):
        raise result
    return result


def sha256(*contents: bytes) -> bytes:
    return hashlib.sha256(b"".join(contents)).digest()
