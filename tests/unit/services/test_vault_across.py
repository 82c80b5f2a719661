"""Journeys between drives: whole or not at all, with the rights at both ends, and nothing lost on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import (
    BusyError,
    ConflictError,
    ExistsError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    ShuttingDownError,
    SignInRequiredError,
    SourceChangedError,
    StorageError,
)
from secure_file_transfer.model import LEVELS, Conflict, Entry, Kind, Principal
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services import vault_across
from secure_file_transfer.services.files import Files
from secure_file_transfer.testing.rights_world import SharingWorld

SHARED = "/Shared/ada/work"
FILES = {
    "/wood/a/1": b"one",
    "/wood/a/2": b"two",
    "/wood/c/d/large": bytes(range(256)) * 800,
    "/wood/c/d/empty": b"",
    "/wood/last": b"last",
}
OLD = 1_600_000_000_000_000


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


class Journeys(SharingWorld):
    """Bob, who has a wood, and may edit the work of Ada and that of Cyn."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for name in ("ada", "cyn"):
            self.folder(name, "/work")
            self.shares.grant(self.who[name], at("/work"), "bob", LEVELS["editor"])
        for folder in ("/wood", "/wood/a", "/wood/c", "/wood/c/d", "/wood/c/none"):
            self.folder("bob", folder)
        for path, data in FILES.items():
            self.stored("bob", path, data)

    @property
    def bob(self) -> Principal:
        return self.who["bob"]

    def stored(self, who: str, path: str, data: bytes) -> None:
        draft = self.files.draft(self.who[who], at(path))
        draft.append(data)
        draft.commit(modified_us=OLD + len(path))  # type: ignore[arg-type]

    def tree(self, who: str, top: str) -> dict[str, Any]:
        """All below a folder: names, times, and what is in them."""
        found: dict[str, Any] = {}

        def look(path: RemotePath) -> None:
            for entry in self.files.list(self.who[who], path).entries:
                below = path / entry.name
                data = None if entry.kind is Kind.FOLDER else self.read(who, str(below))
                found["/".join(below.parts[len(at(top).parts) :])] = entry.modified_us, data
                if entry.kind is Kind.FOLDER:
                    look(below)

        look(at(top))
        return found

    def usage(self, name: str) -> tuple[int, int]:
        found = self.files.usage(self.who[name])
        return found.bytes, found.files

    def purge(self) -> None:
        while self.catalog.write(lambda tx: tx.nodes.purge_batch(100)):
            pass

    def copy(self, source: str, target: str, conflict: Conflict = Conflict.SKIP) -> Entry:
        return self.files.copy(self.bob, at(source), at(target), conflict=conflict)

    def move(self, source: str, target: str, conflict: Conflict = Conflict.SKIP) -> Entry:
        return self.files.move(self.bob, at(source), at(target), conflict=conflict)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journeys]:
    monkeypatch.setattr(vault_across, "PAGE", 2)
    world = Journeys(tmp_path)
    yield world
    world.close()


@pytest.fixture
def before_write(world: Journeys, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], None]:
    """Have something done before each write of the catalog, which is numbered from 1."""
    inner = world.catalog.write

    def set_(before: Callable[[int], None]) -> None:
        count = 0

        def write(work: Callable[..., Any]) -> Any:
            nonlocal count
            count += 1
            monkeypatch.setattr(world.catalog, "write", inner)
            before(count)
            monkeypatch.setattr(world.catalog, "write", write)
            return inner(work)

        monkeypatch.setattr(world.catalog, "write", write)

    return set_


@pytest.mark.parametrize("there", [SHARED, "/Shared/cyn/work"])
def test_a_tree_goes_to_another_drive_and_back(world: Journeys, there: str) -> None:
    wood = world.tree("bob", "/wood")
    copied = world.copy("/wood", f"{there}/trees")
    assert (copied.path, copied.kind) == (f"{there}/trees", Kind.FOLDER)
    assert world.tree("bob", f"{there}/trees") == world.tree("bob", "/wood") == wood
    assert world.copy(f"{there}/trees", "/again").path == "/again"
    assert world.tree("bob", "/again") == wood
    moved = world.move(f"{there}/trees/c/d/large", "/large")
    assert (moved.path, moved.modified_us, moved.sha256) == (
        "/large",
        OLD + len("/wood/c/d/large"),
        world.files.stat(world.bob, at("/wood/c/d/large")).sha256,
    )
    with pytest.raises(NotFoundError):
        world.read("bob", f"{there}/trees/c/d/large")


def test_it_goes_between_two_drives_that_are_both_of_others(world: Journeys) -> None:
    wood = world.tree("bob", "/wood")
    world.copy("/wood", f"{SHARED}/trees")
    world.move(f"{SHARED}/trees", "/Shared/cyn/work/trees")
    assert world.tree("cyn", "/work/trees") == wood
    assert world.names("ada", "/work") == []


def test_it_is_sealed_anew_and_counts_where_it_is(world: Journeys) -> None:
    size, count = sum(map(len, FILES.values())), len(FILES)
    world.move("/wood", f"{SHARED}/wood")
    world.purge()
    assert (world.usage("bob"), world.usage("ada")) == ((0, 0), (size, count))
    rows = world.catalog.read(
        lambda tx: [
            tx.blocks.get(ref.id)
            for node in [tx.nodes.get(world.node_id("ada", at("/work/wood/c/d/large")))]
            if node and node.version_id
            for version in [tx.versions.get(node.version_id)]
            if version
            for ref in version.manifest
        ]
    )
    account = world.who["ada"].account
    assert account
    assert len(rows) > 1
    assert {row and row.drive_id for row in rows} == {account.home_id}


def test_nobody_sees_a_part_of_it_attack_51(world: Journeys, before_write: Any) -> None:
    seen = []
    before_write(lambda _: seen.append((world.names("ada", "/work"), world.names("bob", "/"))))
    world.move("/wood", f"{SHARED}/trees")
    assert len(seen) > 15
    top = seen.index(next(each for each in seen if each[0]))
    assert all(each == ([], ["Shared", "wood"]) for each in seen[:top])
    assert all(each[0] == ["trees"] for each in seen[top:])
    assert (world.names("ada", "/work"), world.names("bob", "/")) == (["trees"], ["Shared"])


@pytest.mark.parametrize("act", ["copy", "move"])
def test_whatever_fails_nothing_is_lost_and_nothing_half_is_there(world: Journeys, before_write: Any, act: str) -> None:
    wood = world.tree("bob", "/wood")
    used = world.usage("ada")
    writes = 0
    while True:
        writes += 1

        def fail(number: int) -> None:
            if number == writes:  # noqa: B023 - it is called within this round
                raise StorageError("injected")

        before_write(fail)
        try:
            getattr(world, act)("/wood", f"{SHARED}/trees")
        except StorageError:
            before_write(lambda _: None)
        else:
            break
        assert world.tree("bob", "/wood") == wood, f"after write {writes} failed"
        if world.names("ada", "/work"):  # the copy was whole already
            assert act == "move"
            assert world.tree("ada", "/work/trees") == wood
            world.files.remove(world.who["ada"], at("/work/trees"), recursive=True)
        world.purge()
        assert world.usage("ada") == used
    assert writes > 15
    assert world.tree("ada", "/work/trees") == wood
    assert ("wood" in world.names("bob", "/")) == (act == "copy")


@pytest.mark.parametrize("how", ["target revoked", "target narrowed", "source revoked", "target gone", "signed out"])
def test_attack_58_it_ends_with_what_it_stands_on(world: Journeys, before_write: Any, how: str) -> None:
    world.copy("/wood", f"{SHARED}/wood")
    wood = world.tree("bob", "/wood")
    out = False

    def alive(_: Principal) -> None:
        if out:
            raise SignInRequiredError("The session has ended")

    def change(number: int) -> None:
        nonlocal out
        if number != 8:
            return
        if how == "signed out":
            out = True
        elif how == "source revoked":
            world.shares.revoke(world.who["ada"], at("/work"))
        elif how == "target revoked":
            world.shares.revoke(world.who["cyn"], at("/work"))
        elif how == "target narrowed":
            world.shares.grant(world.who["cyn"], at("/work"), "bob", LEVELS["viewer"])
        else:
            world.files.remove(world.who["cyn"], at("/work"))

    before_write(change)
    with pytest.raises((SignInRequiredError, NotFoundError, ForbiddenError)):
        Files(world.access, alive).move(world.bob, at(f"{SHARED}/wood"), at("/Shared/cyn/work/wood"))
    before_write(lambda _: None)
    assert world.tree("ada", "/work/wood") == wood
    if how != "target gone":
        assert world.names("cyn", "/work") == []


def test_a_grant_does_not_follow_into_another_drive_attack_58(world: Journeys) -> None:
    world.folder("ada", "/work/inner")
    world.put("ada", "/work/inner/f", b"x")
    world.shares.grant(world.who["ada"], at("/work/inner"), "cyn", LEVELS["viewer"])
    assert world.names("cyn", "/Shared/ada") == ["inner"]
    world.move(f"{SHARED}/inner", "/inner")
    assert world.names("cyn", "/") == ["work"]
    assert world.shares.given(world.bob) == []
    world.move("/inner", f"{SHARED}/inner")
    assert world.names("cyn", "/") == ["work"]


@pytest.mark.parametrize(
    ("level", "path", "may_copy", "may_move"),
    [
        ("viewer", f"{SHARED}/d/f", True, False),
        ("contributor", f"{SHARED}/d/f", True, False),
        ("dropbox", f"{SHARED}/d/f", False, False),
        ("editor", f"{SHARED}/d/f", True, True),
        ("editor", SHARED, True, False),
        ("editor", "/Shared/ada", False, False),
        ("editor", "/Shared", False, False),
    ],
)
def test_attack_9_a_move_is_no_way_around_a_right(
    world: Journeys, level: str, path: str, may_copy: bool, may_move: bool
) -> None:
    world.folder("ada", "/work/d")
    world.put("ada", "/work/d/f", b"x")
    world.shares.grant(world.who["ada"], at("/work"), "bob", LEVELS[level])
    for act, may in ((world.move, may_move), (world.copy, may_copy)):
        if may:
            act(path, f"/{act.__name__}")
            if act == world.move:
                world.put("ada", "/work/d/f", b"x")
        else:
            with pytest.raises((ForbiddenError, NotFoundError)):
                act(path, f"/{act.__name__}")
    assert world.read("ada", "/work/d/f") == b"x"


@pytest.mark.parametrize("target", ["/Shared/x", "/Shared/ada/x", "/Shared/dan/x/y", "/Shared/ada/secret/x"])
def test_attack_9_it_arrives_only_where_it_may(world: Journeys, target: str) -> None:
    for act in (world.move, world.copy):
        with pytest.raises((ForbiddenError, NotFoundError)):
            act("/wood", target)
    for level, refused in (("viewer", ForbiddenError), ("dropbox", NotFoundError)):
        world.shares.grant(world.who["ada"], at("/work"), "bob", LEVELS[level])
        for act in (world.move, world.copy):
            with pytest.raises(refused):
                act("/wood", f"{SHARED}/wood")
    assert len(world.tree("bob", "/wood")) == 9


CHOICES: list[tuple[str, str, Conflict, str | type[SecureFileTransferError]]] = [
    ("/wood/last", "there", Conflict.SKIP, ExistsError),
    ("/wood/last", "there", Conflict.OVERWRITE, "there"),
    ("/wood/last", "there", Conflict.RENAME, "there (1)"),
    ("/wood/last", "folder", Conflict.OVERWRITE, ExistsError),
    ("/wood/last", "folder", Conflict.RENAME, "folder (1)"),
    ("/wood", "there", Conflict.OVERWRITE, ExistsError),
    ("/wood", "folder", Conflict.OVERWRITE, ExistsError),
    ("/wood", "folder", Conflict.RENAME, "folder (1)"),
    ("/wood/last", "nothing/x", Conflict.SKIP, NotFoundError),
    ("/wood/last", "new", Conflict.NEWER, InvalidRequestError),
    ("/nothing", "new", Conflict.SKIP, NotFoundError),
    ("/", "new", Conflict.SKIP, ConflictError),
]


@pytest.mark.parametrize("act", ["copy", "move"])
@pytest.mark.parametrize(("source", "name", "conflict", "becomes"), CHOICES)
def test_a_taken_name_is_judged_as_within_a_drive(
    world: Journeys, act: str, source: str, name: str, conflict: Conflict, becomes: Any
) -> None:
    results = []
    for folder in (SHARED, "/mine"):
        if folder == "/mine":
            world.folder("bob", "/mine")
        world.stored("bob", f"{folder}/there", b"old")
        world.folder("bob", f"{folder}/folder")
        if act == "move" and folder == "/mine" and isinstance(becomes, str):
            continue  # it is there already
        try:
            results.append(getattr(world, act)(source, f"{folder}/{name}", conflict).name)
        except SecureFileTransferError as error:
            results.append(type(error))
    assert results == [becomes] * len(results)
    if becomes == "there":
        assert world.read("bob", f"{SHARED}/there") == b"last"
    elif not isinstance(becomes, str):
        assert len(world.tree("bob", "/wood")) == 9
        assert world.read("bob", f"{SHARED}/there") == b"old"


def test_what_is_replaced_keeps_what_was_granted_on_it(world: Journeys) -> None:
    world.stored("ada", "/work/f", b"old")
    world.shares.grant(world.who["ada"], at("/work/f"), "cyn", LEVELS["viewer"])
    world.move("/wood/last", f"{SHARED}/f", Conflict.OVERWRITE)
    assert world.read("cyn", "/Shared/ada/f") == b"last"
    world.purge()
    assert world.usage("ada") == (4, 1)


@pytest.mark.parametrize("change", ["new", "replaced", "removed", "folder", "top replaced", "copy changed"])
def test_what_changes_meanwhile_is_not_lost_by_a_move(world: Journeys, before_write: Any, change: str) -> None:
    wood = world.tree("bob", "/wood")
    done = False

    def meddle(_: int) -> None:
        nonlocal done
        if done or world.names("ada", "/work") != ["trees"]:  # the copy is there, and the source not gone yet
            return
        done = True
        if change == "new":
            world.stored("bob", "/wood/a/3", b"three")
        elif change == "replaced":
            world.stored("bob", "/wood/a/2", b"TWO")
        elif change == "removed":
            world.files.remove(world.bob, at("/wood/a/2"))
        elif change == "folder":
            world.folder("bob", "/wood/c/d/new")
        elif change == "top replaced":
            world.files.move(world.bob, at("/wood"), at("/forest"))
            world.stored("bob", "/wood", b"another")
        else:
            world.stored("ada", "/work/trees/last", b"other")

    before_write(meddle)
    with pytest.raises(SourceChangedError, match="still there"):
        world.move("/wood", f"{SHARED}/trees")
    assert "wood" in world.names("bob", "/")
    world.purge()
    if change == "copy changed":
        assert world.tree("bob", "/wood") == wood
    else:
        assert world.tree("ada", "/work/trees") == wood
    if change == "new":
        assert world.read("bob", "/wood/a/3") == b"three"
        assert len(world.tree("bob", "/wood")) == 10
    if change == "top replaced":
        assert world.read("bob", "/wood") == b"another"
        assert world.tree("bob", "/forest") == wood


def test_a_journey_ends_alone_when_the_source_ends_meanwhile(world: Journeys, before_write: Any) -> None:
    def meddle(number: int) -> None:
        if number == 6:
            world.files.remove(world.bob, at("/wood"), recursive=True)

    before_write(meddle)
    with pytest.raises(NotFoundError):
        world.copy("/wood", f"{SHARED}/trees")
    assert world.names("ada", "/work") == []


def test_a_server_that_stops_does_not_wait_for_it(world: Journeys, before_write: Any) -> None:
    def stop(number: int) -> None:
        if number == 7:
            world.files.stop()

    before_write(stop)
    with pytest.raises(ShuttingDownError):
        world.move("/wood", f"{SHARED}/trees")
    assert world.names("ada", "/work") == []
    assert len(world.tree("bob", "/wood")) == 9


def test_so_many_run_at_once(world: Journeys) -> None:
    for _ in range(vault_across.AT_ONCE):
        assert vault_across._running.acquire(blocking=False)
    try:
        with pytest.raises(BusyError):
            world.copy("/wood/last", f"{SHARED}/x")
    finally:
        vault_across._running.release(vault_across.AT_ONCE)
    world.copy("/wood/last", f"{SHARED}/x")


def test_the_purge_waits_for_it(world: Journeys, before_write: Any) -> None:
    leases = world.trees[next(iter(world.trees))].room.leases
    may = []

    def look(_: int) -> None:
        with leases.purging() as now:
            may.append(now)

    before_write(look)
    world.move("/wood", f"{SHARED}/trees")
    assert len(may) > 15
    assert not any(may)
    with leases.purging() as now:
        assert now
