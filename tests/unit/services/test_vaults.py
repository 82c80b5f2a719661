from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from secure_file_transfer.errors import NotFoundError, StorageError
from secure_file_transfer.model import AccountId, DriveId, Role
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.seal.keys import MasterKey
from secure_file_transfer.services.keys import Keys
from secure_file_transfer.services.vaults import Vaults, removed_drives
from secure_file_transfer.testing.contracts.tree_kit import names, pattern, read, write
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world


class FixedSource:
    """A master key that stays."""

    describes = "a fixed key"

    def __init__(self) -> None:
        self._keys = [MasterKey.generate()]

    def candidates(self) -> Sequence[MasterKey]:
        return self._keys

    def create(self) -> MasterKey:
        raise AssertionError("there is a key")

    stage = create

    def promote(self) -> None:
        pass

    def rotation(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        yield world


@pytest.fixture
def source() -> FixedSource:
    return FixedSource()


def vaults_of(world: VaultWorld, source: FixedSource) -> Vaults:
    keys = Keys(world.catalog, source)
    keys.open()
    return Vaults(world.catalog, world.disk, keys, world.clock, world.leases, BLOCK)


def test_drives_are_worlds_of_their_own_and_are_found_again(world: VaultWorld, source: FixedSource) -> None:
    vaults = vaults_of(world, source)
    one, two = vaults.create("one"), vaults.create("two")
    assert one.wrapped_key
    assert one.wrapped_key != two.wrapped_key
    write(vaults.tree(one.id), "/f", pattern(BLOCK))
    write(vaults.tree(two.id), "/g", pattern(BLOCK))
    assert world.counts()["blobs"] == 2  # equal content of two drives is not the same block
    assert vaults.tree(one.id) is vaults.tree(one.id)
    later = vaults_of(world, source)
    assert (names(later.tree(one.id)), names(later.tree(two.id))) == (["f"], ["g"])
    assert read(later.tree(one.id), "/f") == pattern(BLOCK)


def test_a_drive_made_in_a_transaction_that_fails_was_never_there(world: VaultWorld, source: FixedSource) -> None:
    vaults, made = vaults_of(world, source), []

    def work(tx: CatalogTx) -> None:
        made.append(vaults.create_in(tx, "home", None).id)
        raise StorageError("no")

    with pytest.raises(StorageError):
        world.catalog.write(work)
    with pytest.raises(NotFoundError):
        vaults.tree(made[0])


def test_a_drive_can_belong_to_an_account(world: VaultWorld, source: FixedSource) -> None:
    vaults = vaults_of(world, source)

    def work(tx: CatalogTx) -> tuple[AccountId, DriveId]:
        home = vaults.create_in(tx, "ali", None)
        return tx.accounts.create("ali", Role.USER, home.id, "hash", world.clock.now_us()).id, home.id

    account_id, home_id = world.catalog.write(work)
    assert vaults.create("more", account_id).owner_id == account_id
    assert names(vaults.tree(home_id)) == []


@pytest.mark.parametrize("known", [False, True])
def test_a_removed_drive_is_gone_at_once_and_its_space_after_the_sweep(
    world: VaultWorld, source: FixedSource, known: bool
) -> None:
    vaults = vaults_of(world, source)
    before = world.counts()
    drive = vaults.create("home")
    write(vaults.tree(drive.id), "/f", pattern(3 * BLOCK))
    if not known:
        vaults = vaults_of(world, source)
    vaults.remove(drive.id)
    with pytest.raises(NotFoundError):
        vaults.tree(drive.id)
    assert world.catalog.read(removed_drives) == [drive.id]
    world.sweep_all()
    assert world.counts() == before
    assert world.catalog.read(removed_drives) == []


def test_no_such_drive(world: VaultWorld, source: FixedSource) -> None:
    with pytest.raises(NotFoundError):
        vaults_of(world, source).tree(DriveId(4711))
