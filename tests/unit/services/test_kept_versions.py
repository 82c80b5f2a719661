"""Versions and the trash against a model: which bytes are there, and how often each block is named."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from secure_file_transfer.errors import QuotaExceededError
from secure_file_transfer.model import Conflict, Principal, TrashId, VersionId
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.seal.manifest import decode_manifest
from secure_file_transfer.services.keeping import Keeping
from secure_file_transfer.testing.contracts.tree_kit import pattern
from secure_file_transfer.testing.rights_world import SharingWorld

DAY = 86_400
KEEPING = Keeping(trash_days=3, versions=2, version_days=2)
NAMES = st.sampled_from(["/a", "/b", "/d/c"])
SIZES = (0, 10, 64 * 1024 + 7, 100_000)
CONTENTS = st.integers(0, 7)


def content(number: int) -> bytes:
    return pattern(SIZES[number % len(SIZES)], seed=number)


@dataclass
class File:
    """What a file should be. `earlier` are its versions, the newest first, with the moment when each gave way."""

    now: bytes
    earlier: list[tuple[bytes, int]] = field(default_factory=list)

    def replaced(self, data: bytes, moment: int) -> None:
        if data != self.now and self.now:
            self.earlier = [(self.now, moment), *self.earlier][: KEEPING.versions]
        self.now = data


def quota(world: SharingWorld, size: int) -> None:
    account = world.who["ada"].account
    assert account
    account = type(account)(**{**_fields(account), "quota_bytes": size})
    world.catalog.write(lambda tx: tx.accounts.set_details(account))
    world.who["ada"] = Principal(account, None)


def _fields(thing: Any) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


def references(path: Path) -> tuple[dict[bytes, int], dict[bytes, int]]:
    """How often manifests name each block, and how often the catalog believes that they do."""
    with closing(sqlite3.connect(path)) as connection:
        named = Counter(
            ref.id
            for (manifest,) in connection.execute("SELECT manifest FROM versions")
            for ref in decode_manifest(manifest)
        )
        counted = dict(connection.execute("SELECT id, refs FROM blocks WHERE refs > 0"))
    return {bytes(key): count for key, count in named.items()}, counted


class KeptMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.world = SharingWorld(self.root, KEEPING)
        self.world.folder("ada", "/d")
        self.files: dict[str, File] = {}
        self.trash: dict[TrashId, tuple[str, File, int]] = {}

    @property
    def ada(self) -> Principal:
        return self.world.who["ada"]

    @property
    def now(self) -> int:
        return self.world.clock.now_us()

    def numbers(self, name: str) -> list[VersionId]:
        return [each.info.id for each in self.world.versions.list(self.ada, RemotePath.parse(name))]

    @rule(name=NAMES, number=CONTENTS)
    def write(self, name: str, number: int) -> None:
        self.world.put("ada", name, content(number))
        if name in self.files:
            self.files[name].replaced(content(number), self.now)
        else:
            self.files[name] = File(content(number))

    @precondition(lambda self: self.files)
    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if name in self.files:
            number = self.world.files.remove(self.ada, RemotePath.parse(name))
            assert number is not None
            self.trash[number] = (name, self.files.pop(name), self.now)

    @precondition(lambda self: self.trash)
    @rule(at=st.integers(0, 9))
    def put_back(self, at: int) -> None:
        number = list(self.trash)[at % len(self.trash)]
        _, file, _ = self.trash.pop(number)
        back = self.world.trash.restore(self.ada, number, Conflict.RENAME)
        self.files[back.path] = file

    @precondition(lambda self: self.trash)
    @rule(at=st.integers(0, 9))
    def drop(self, at: int) -> None:
        number = list(self.trash)[at % len(self.trash)]
        self.world.trash.remove(self.ada, number)
        del self.trash[number]

    @rule(name=NAMES, other=NAMES)
    def move_over(self, name: str, other: str) -> None:
        if name == other or name not in self.files or other not in self.files:
            return
        before = {each.trashed.id for each in self.world.trash.list(self.ada)[0]}
        self.world.files.move(self.ada, RemotePath.parse(name), RemotePath.parse(other), conflict=Conflict.OVERWRITE)
        (number,) = {each.trashed.id for each in self.world.trash.list(self.ada)[0]} - before
        self.trash[number] = (other, self.files[other], self.now)
        self.files[other] = self.files.pop(name)

    @rule(name=NAMES, at=st.integers(0, 3))
    def restore(self, name: str, at: int) -> None:
        if name in self.files and self.files[name].earlier:
            file = self.files[name]
            at %= len(file.earlier)
            wanted = file.earlier[at][0]
            self.world.versions.restore(self.ada, RemotePath.parse(name), self.numbers(name)[at + 1])
            file.replaced(wanted, self.now)

    @rule(name=NAMES, at=st.integers(0, 3))
    def forget(self, name: str, at: int) -> None:
        if name in self.files and self.files[name].earlier:
            file = self.files[name]
            at %= len(file.earlier)
            self.world.versions.remove(self.ada, RemotePath.parse(name), self.numbers(name)[at + 1])
            del file.earlier[at]

    @rule(days=st.sampled_from([0, 1, 2]))
    def sweep(self, days: int) -> None:
        self.world.clock.advance(days * DAY + 1)
        self.world.sweeper.run()
        oldest = self.now - KEEPING.trash_days * DAY * 1_000_000
        self.trash = {number: each for number, each in self.trash.items() if each[2] >= oldest}
        oldest = self.now - KEEPING.version_days * DAY * 1_000_000
        for file in [*self.files.values(), *(each[1] for each in self.trash.values())]:
            file.earlier = [each for each in file.earlier if each[1] >= oldest]

    @invariant()
    def every_byte_is_there(self) -> None:
        for name, file in self.files.items():
            assert self.world.read("ada", name) == file.now
            numbers = self.numbers(name)
            assert len(numbers) == 1 + len(file.earlier)
            for number, (data, _) in zip(numbers[1:], file.earlier, strict=True):
                opened = self.world.files.open(self.ada, RemotePath.parse(name), version=number)
                try:
                    assert b"".join(opened.chunks(0, opened.entry.size)) == data
                finally:
                    opened.close()
        assert {each.trashed.id for each in self.world.trash.list(self.ada)[0]} == set(self.trash)

    @invariant()
    def every_block_is_counted(self) -> None:
        named, counted = references(self.root / "catalog.db")
        assert named == counted

    def teardown(self) -> None:
        self.sweep(days=0)
        kept = [*self.files.values(), *(each[1] for each in self.trash.values())]
        expected = sum(len(file.now) + sum(len(data) for data, _ in file.earlier) for file in kept)
        usage = self.world.files.usage(self.ada)
        assert (usage.bytes, usage.files) == (expected, len(kept))
        self.world.close()
        self.folder.cleanup()


def test_any_history_of_what_is_kept_agrees_with_the_model() -> None:
    run_state_machine_as_test(KeptMachine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))


@pytest.fixture
def world(tmp_path: Path) -> Any:
    world = SharingWorld(tmp_path, KEEPING)
    yield world
    world.close()


def earlier(world: SharingWorld, name: str) -> int:
    return len(world.versions.list(world.who["ada"], RemotePath.parse(name))) - 1


def test_a_full_account_replaces_and_keeps_what_fits(world: SharingWorld) -> None:
    quota(world, 100_000)
    world.put("ada", "/a", pattern(60_000, seed=1))
    world.put("ada", "/a", pattern(60_000, seed=2))
    assert earlier(world, "/a") == 0, "there is no room for both"
    world.put("ada", "/a", pattern(40_000, seed=3))
    assert earlier(world, "/a") == 1
    world.put("ada", "/b", pattern(50_000, seed=4))
    assert earlier(world, "/a") == 0, "an earlier version makes room for a file"
    with pytest.raises(QuotaExceededError):
        world.put("ada", "/c", pattern(20_000))
    assert world.files.usage(world.who["ada"]).bytes == 90_000


def test_the_trash_makes_room_before_versions_do(world: SharingWorld) -> None:
    quota(world, 100_000)
    world.put("ada", "/a", pattern(30_000, seed=1))
    world.put("ada", "/a", pattern(30_000, seed=2))
    world.put("ada", "/b", pattern(30_000, seed=3))
    world.files.remove(world.who["ada"], RemotePath.parse("/b"))
    world.put("ada", "/c", pattern(30_000, seed=4))
    assert (earlier(world, "/a"), world.trash.list(world.who["ada"])[0]) == (1, [])


def test_every_way_of_writing_keeps_what_was_there(world: SharingWorld) -> None:
    """Batches, copies over a file and whole uploads, as the doors use them."""
    ada = world.who["ada"]
    for number in range(2):
        world.put("ada", f"/{number}", pattern(100, seed=number))
    world.files.copy(ada, RemotePath.parse("/0"), RemotePath.parse("/1"), conflict=Conflict.OVERWRITE)
    assert earlier(world, "/1") == 1
    assert world.files.usage(ada).bytes == 300


def test_what_is_the_same_or_empty_is_not_kept(world: SharingWorld) -> None:
    for data in (b"", b"one", b"one", b"two"):
        world.put("ada", "/a", data)
    assert earlier(world, "/a") == 1


def test_an_open_version_can_be_read_to_its_end(world: SharingWorld) -> None:
    """The sweep leaves alone what somebody reads, also when the version goes meanwhile."""
    first = pattern(300_000, seed=1)
    world.put("ada", "/a", first)
    world.put("ada", "/a", b"two")
    ada, path = world.who["ada"], RemotePath.parse("/a")
    number = world.versions.list(ada, path)[1].info.id
    content = world.files.open(ada, path, version=number)
    pieces = content.chunks(0, len(first))
    begun = bytes(next(pieces))
    world.versions.remove(ada, path, number)
    world.clock.advance(DAY)
    world.sweeper.run()
    assert begun + b"".join(pieces) == first
    content.close()
