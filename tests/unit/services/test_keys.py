import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from secure_file_transfer.errors import (
    BlockDamagedError,
    ConfigurationError,
    ConflictError,
    StorageError,
    WrongKeyError,
)
from secure_file_transfer.model import AccountId, Drive, DriveId, NodeId, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx, KeySource
from secure_file_transfer.seal.keys import MasterKey, wrapped_with
from secure_file_transfer.services.keys import FACT, Keys
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.storage.keysource import EnvKeySource, FileKeySource

T = TypeVar("T")


class PowerCut(BaseException):
    """Nothing after this happens in this process."""


class Rows:
    """The parts of a catalog that keys need, with transactions that really are undone."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.rows: dict[DriveId, Drive] = {}

    @property
    def facts(self) -> "Rows":
        return self

    @property
    def drives(self) -> "Rows":
        return self

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def set(self, name: str, value: str) -> None:
        self.values[name] = value

    def all(self) -> Sequence[Drive]:
        return list(self.rows.values())

    def set_key(self, drive_id: DriveId, wrapped_key: bytes) -> None:
        old = self.rows[drive_id]
        self.rows[drive_id] = Drive(drive_id, old.name, old.root_id, old.owner_id, wrapped_key, old.bytes, old.files)

    def add(self, drive_id: int, wrapped_key: bytes = b"") -> Drive:
        drive = Drive(DriveId(drive_id), f"d{drive_id}", NodeId(1), AccountId(1), wrapped_key, 0, 0)
        self.rows[drive.id] = drive
        return drive


class FakeCatalog:
    def __init__(self) -> None:
        self.committed = Rows()
        self.lock = threading.RLock()
        self.before_commit: Callable[[], None] = lambda: None
        self.after_commit: Callable[[], None] = lambda: None
        self.retries = 0

    def read(self, work: Callable[[Any], T]) -> T:
        return work(copy.deepcopy(self.committed))

    def write(self, work: Callable[[Any], T]) -> T:
        with self.lock:
            for _ in range(self.retries):
                work(copy.deepcopy(self.committed))  # a commit that failed: the same work runs again
            view = copy.deepcopy(self.committed)
            result = work(view)
            self.before_commit()
            self.committed = view
        self.after_commit()
        return result

    def close(self) -> None: ...


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


def keys_of(catalog: FakeCatalog, source: KeySource) -> Keys:
    keys = Keys(cast("Catalog", catalog), source)
    keys.open()
    return keys


def new_drive(catalog: FakeCatalog, keys: Keys, drive_id: int) -> Drive:
    def work(tx: Any) -> None:
        drive = tx.add(drive_id)
        tx.set_key(drive.id, keys.new_drive_secret(drive.id, tx))

    catalog.write(work)
    return catalog.committed.rows[DriveId(drive_id)]


def print_of(keys: Keys, drive: Drive) -> bytes:
    """What tells the keys of one drive from those of another."""
    return keys.drive_keys(drive).block_id(b"content")


# --- starting ---------------------------------------------------------------------------------------------------


def test_the_first_start_makes_a_key_and_records_its_id(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys_of(catalog, FileKeySource(tmp_path))
    assert catalog.committed.values == {FACT: FileKeySource(tmp_path).candidates()[0].id}
    keys_of(catalog, FileKeySource(tmp_path))
    assert len(list(tmp_path.glob("master.key*"))) == 1


def test_a_start_that_was_cut_before_the_record_takes_the_key_it_finds(catalog: FakeCatalog, tmp_path: Path) -> None:
    key = FileKeySource(tmp_path).create()
    keys_of(catalog, FileKeySource(tmp_path))
    assert catalog.committed.values == {FACT: key.id}


def test_a_lost_key_is_not_replaced_by_a_new_one(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys_of(catalog, FileKeySource(tmp_path))
    recorded = catalog.committed.values[FACT]
    (tmp_path / "master.key").unlink()
    with pytest.raises(WrongKeyError) as caught:
        keys_of(catalog, FileKeySource(tmp_path))
    assert recorded in str(caught.value)
    assert str(tmp_path / "master.key") in str(caught.value)
    assert "no key" in str(caught.value)
    assert not (tmp_path / "master.key").exists()
    assert catalog.committed.values[FACT] == recorded


def test_the_wrong_key_is_named_with_the_right_one_and_where_it_came_from(catalog: FakeCatalog, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.mkdir()
    wrong.mkdir()
    keys_of(catalog, FileKeySource(right))
    given = FileKeySource(wrong).create()
    with pytest.raises(WrongKeyError) as caught:
        keys_of(catalog, FileKeySource(wrong))
    for part in (catalog.committed.values[FACT], given.id, str(wrong / "master.key")):
        assert part in str(caught.value)
    assert caught.value.hint


def test_of_two_first_starts_at_once_the_first_record_stands(catalog: FakeCatalog) -> None:
    first, second = MasterKey.generate(), MasterKey.generate()

    class Slow(EnvKeySource):
        def candidates(self) -> Sequence[MasterKey]:
            if not catalog.committed.values:
                keys_of(catalog, EnvKeySource(environ={"SFT_MASTER_KEY": first.to_text()}))
            return super().candidates()

    with pytest.raises(WrongKeyError, match=first.id):
        keys_of(catalog, Slow(environ={"SFT_MASTER_KEY": second.to_text()}))
    assert catalog.committed.values == {FACT: first.id}


# --- drives -----------------------------------------------------------------------------------------------------


def test_each_drive_has_keys_of_its_own_that_survive_a_restart(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    one, two = new_drive(catalog, keys, 1), new_drive(catalog, keys, 2)
    assert print_of(keys, one) != print_of(keys, two)
    again = keys_of(catalog, FileKeySource(tmp_path))
    assert print_of(again, one) == print_of(keys, one)


def test_the_keys_of_a_drive_are_remembered(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    drive = new_drive(catalog, keys, 1)
    assert keys.drive_keys(drive) is keys.drive_keys(drive)


def test_a_drive_made_again_under_the_same_id_inherits_no_keys(catalog: FakeCatalog, tmp_path: Path) -> None:
    # Attack 30: delete an account, make it again.
    keys = keys_of(catalog, FileKeySource(tmp_path))
    old = print_of(keys, new_drive(catalog, keys, 1))
    drive = new_drive(catalog, keys, 1)
    assert print_of(keys, drive) != old
    assert print_of(keys_of(catalog, FileKeySource(tmp_path)), drive) == print_of(keys, drive)


def test_a_wrapped_key_of_another_drive_is_damage(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    one, two = new_drive(catalog, keys, 1), new_drive(catalog, keys, 2)
    catalog.committed.set_key(two.id, one.wrapped_key)
    with pytest.raises(BlockDamagedError):
        keys.drive_keys(catalog.committed.rows[two.id])


def test_a_drive_without_a_key_is_damage(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    with pytest.raises(BlockDamagedError):
        keys.drive_keys(catalog.committed.add(1))


def test_the_key_ring_shows_no_secret(catalog: FakeCatalog, tmp_path: Path) -> None:
    source = FileKeySource(tmp_path)
    keys = keys_of(catalog, source)
    new_drive(catalog, keys, 1)
    shown = f"{keys!r} {vars(keys)!r}"
    assert source.candidates()[0].to_text()[13:] not in shown
    assert MasterKey.from_text((tmp_path / "master.key").read_text()).id in shown  # the public id is what is shown


# --- rotation ---------------------------------------------------------------------------------------------------


def test_a_rotation_wraps_every_drive_key_again_and_changes_none(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    drives = [new_drive(catalog, keys, n) for n in range(1, 6)]
    prints = [print_of(keys, drive) for drive in drives]
    old = catalog.committed.values[FACT]
    assert keys.rotate() == (old, catalog.committed.values[FACT])
    new = catalog.committed.values[FACT]
    assert old != new
    rows = catalog.committed.all()
    assert {wrapped_with(drive.wrapped_key) for drive in rows} == {new}
    for ring in (keys, keys_of(catalog, FileKeySource(tmp_path))):
        assert [print_of(ring, drive) for drive in rows] == prints
    assert [key.id for key in FileKeySource(tmp_path).candidates()] == [new]


def test_a_rotation_may_follow_a_rotation(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    new_drive(catalog, keys, 1)
    first, second = keys.rotate(), keys.rotate()
    assert first[1] == second[0]
    assert len({*first, *second}) == 3


def test_work_that_runs_again_after_a_failed_commit_does_the_same(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    before = print_of(keys, new_drive(catalog, keys, 1))
    catalog.retries = 2
    keys.rotate()
    again = keys_of(catalog, FileKeySource(tmp_path))
    assert print_of(again, catalog.committed.rows[DriveId(1)]) == before


class Cut(FileKeySource):
    """Loses power before or after a step."""

    def __init__(self, folder: Path, at: str) -> None:
        super().__init__(folder)
        self.at = at

    def _maybe(self, at: str) -> None:
        if at == self.at:
            raise PowerCut

    def stage(self) -> MasterKey:
        self._maybe("before stage")
        key = super().stage()
        self._maybe("after stage")
        return key

    def promote(self) -> None:
        self._maybe("before promote")
        super().promote()
        self._maybe("after promote")


STEPS = ["before stage", "after stage", "before commit", "after commit", "before promote", "after promote"]


@pytest.mark.parametrize("step", STEPS)
def test_a_power_cut_at_any_step_of_a_rotation_loses_nothing(catalog: FakeCatalog, tmp_path: Path, step: str) -> None:
    keys = keys_of(catalog, Cut(tmp_path, step))
    drives = [new_drive(catalog, keys, n) for n in (1, 2, 3)]
    prints = [print_of(keys, drive) for drive in drives]
    old = catalog.committed.values[FACT]

    def cut() -> None:
        raise PowerCut

    if step == "before commit":
        catalog.before_commit = cut
    if step == "after commit":
        catalog.after_commit = cut
    with pytest.raises(PowerCut):
        keys.rotate()
    catalog.before_commit = catalog.after_commit = lambda: None

    again = keys_of(catalog, FileKeySource(tmp_path))
    assert (catalog.committed.values[FACT] == old) == (step in STEPS[:3])
    assert [print_of(again, drive) for drive in catalog.committed.all()] == prints
    assert FileKeySource(tmp_path).candidates()[0].id == catalog.committed.values[FACT]

    made = new_drive(catalog, again, 4)
    again.rotate()
    last = keys_of(catalog, FileKeySource(tmp_path))
    assert [print_of(last, drive) for drive in catalog.committed.all()] == [*prints, print_of(again, made)]
    assert [path.name for path in tmp_path.glob("master.key*")] == ["master.key"]


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_was_running_meanwhile_goes_on(catalog: FakeCatalog, tmp_path: Path, step: str) -> None:
    # The server runs; the command line rotates, and may lose its life in between. Neither restarts the server.
    server = keys_of(catalog, FileKeySource(tmp_path))
    before = new_drive(catalog, server, 1)
    expected = print_of(server, before)
    other = keys_of(catalog, Cut(tmp_path, step))

    def cut() -> None:
        raise PowerCut

    catalog.before_commit = cut if step == "before commit" else lambda: None
    catalog.after_commit = cut if step == "after commit" else lambda: None
    with pytest.raises(PowerCut):
        other.rotate()
    catalog.before_commit = catalog.after_commit = lambda: None

    assert print_of(server, catalog.committed.rows[DriveId(1)]) == expected
    made = new_drive(catalog, server, 2)
    assert wrapped_with(made.wrapped_key) == catalog.committed.values[FACT]
    again = keys_of(catalog, FileKeySource(tmp_path))
    assert print_of(again, made) == print_of(server, made)
    old, new = server.rotate()
    assert (old, new) != (new, old)
    last = keys_of(catalog, FileKeySource(tmp_path))
    assert [print_of(last, drive) for drive in catalog.committed.all()] == [expected, print_of(server, made)]


def test_a_stale_process_that_rotates_does_not_overwrite_the_key_in_use(catalog: FakeCatalog, tmp_path: Path) -> None:
    # One process committed and died before it promoted, so the staged file holds the key in use. Another process,
    # which started before all that, must not stage its own key over it.
    stale = keys_of(catalog, FileKeySource(tmp_path))
    expected = print_of(stale, new_drive(catalog, stale, 1))
    with pytest.raises(PowerCut):
        keys_of(catalog, Cut(tmp_path, "before promote")).rotate()
    committed = catalog.committed.values[FACT]

    def full() -> None:
        raise StorageError("the disk is full")

    catalog.before_commit = full
    with pytest.raises(StorageError):
        stale.rotate()
    catalog.before_commit = lambda: None
    assert catalog.committed.values[FACT] == committed
    again = keys_of(catalog, FileKeySource(tmp_path))
    assert print_of(again, catalog.committed.rows[DriveId(1)]) == expected


def test_a_start_during_a_rotation_leaves_it_alone(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    expected = print_of(keys, new_drive(catalog, keys, 1))
    found: list[list[str]] = []

    def start() -> None:
        started = keys_of(catalog, FileKeySource(tmp_path))
        assert print_of(started, catalog.committed.rows[DriveId(1)]) == expected
        found.append([key.id for key in FileKeySource(tmp_path).candidates()])

    catalog.before_commit = start
    catalog.after_commit = start
    old, new = keys.rotate()
    assert found == [[old, new], [old, new]]  # the one who rotates promotes, nobody else
    catalog.before_commit = catalog.after_commit = lambda: None
    start()
    assert found[-1] == [new]


def test_two_rotations_at_once_are_refused(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    refused: list[ConflictError] = []

    def second() -> None:
        catalog.before_commit = lambda: None
        with pytest.raises(ConflictError) as caught:
            keys_of(catalog, FileKeySource(tmp_path)).rotate()
        refused.append(caught.value)

    catalog.before_commit = second
    _, new = keys.rotate()
    assert refused
    assert [key.id for key in FileKeySource(tmp_path).candidates()] == [new]


def test_a_drive_key_that_cannot_be_opened_stops_the_rotation(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    drives = [new_drive(catalog, keys, n) for n in (1, 2)]
    catalog.committed.set_key(drives[1].id, drives[0].wrapped_key)
    before = copy.deepcopy(catalog.committed)
    with pytest.raises(BlockDamagedError):
        keys.rotate()
    assert vars(catalog.committed) == vars(before)
    assert print_of(keys_of(catalog, FileKeySource(tmp_path)), drives[0]) == print_of(keys, drives[0])


class OneKey:
    """A source whose next key is the one in use."""

    describes = "one key"

    def __init__(self) -> None:
        self.key = MasterKey.generate()

    def candidates(self) -> Sequence[MasterKey]:
        return [self.key]

    def create(self) -> MasterKey:
        raise AssertionError("there is a key")

    @contextmanager
    def rotation(self) -> Iterator[None]:
        yield

    def stage(self) -> MasterKey:
        return self.key

    def promote(self) -> None:
        raise AssertionError("there is nothing to promote")


def test_rotating_to_the_key_in_use_is_refused(catalog: FakeCatalog) -> None:
    with pytest.raises(ConfigurationError, match="the one in use"):
        keys_of(catalog, OneKey()).rotate()


def test_a_row_that_was_read_just_before_a_rotation_still_opens(catalog: FakeCatalog, tmp_path: Path) -> None:
    keys = keys_of(catalog, FileKeySource(tmp_path))
    read_before = new_drive(catalog, keys, 1)
    keys.rotate()
    assert print_of(keys, read_before) == print_of(keys, catalog.committed.rows[DriveId(1)])


# --- with the real catalog --------------------------------------------------------------------------------------


def test_a_rotation_on_a_real_catalog(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    catalog = open_catalog(tmp_path / "catalog.sqlite3")
    try:
        keys = Keys(catalog, FileKeySource(folder))
        keys.open()

        def make(tx: CatalogTx) -> None:
            drive = tx.drives.create("home", None, TimeUs(0))
            tx.drives.set_key(drive.id, keys.new_drive_secret(drive.id, tx))

        catalog.write(make)
        catalog.write(make)
        before = [print_of(keys, drive) for drive in catalog.read(lambda tx: tx.drives.all())]
        keys.rotate()
        again = Keys(catalog, FileKeySource(folder))
        again.open()
        assert [print_of(again, drive) for drive in catalog.read(lambda tx: tx.drives.all())] == before
        assert len(set(before)) == 2
    finally:
        catalog.close()
