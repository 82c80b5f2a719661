"""Jobs: whole or not at all, whatever is cut, cancelled, filled up or taken away in the middle."""

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.model import (
    LEVELS,
    ApiToken,
    Job,
    JobId,
    JobKind,
    JobState,
    Principal,
    Role,
    Scope,
    TimeUs,
    TokenId,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.services import jobs as jobs_module
from secure_file_transfer.services import vault_copy
from secure_file_transfer.services.job_run import JobRun
from secure_file_transfer.services.jobs import CUTS_MAX, WAITING_MAX, describe, forget_old
from secure_file_transfer.services.shared import SharedFolders
from secure_file_transfer.testing.faults import disk_full
from secure_file_transfer.testing.jobs_world import JobsWorld, KilledError

FILES = {
    "/wood/a/1": b"one" * 20_000,
    "/wood/a/2": b"two",
    "/wood/c/d/large": bytes(range(256)) * 800,
    "/wood/c/d/empty": b"",
    "/wood/last": b"last",
}
SHARED = "/Shared/ada/work"
NOBODY = Principal(None, None)
MAIN = threading.main_thread()


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobsWorld]:
    monkeypatch.setattr(vault_copy, "BATCH", 3)  # so that the wood is a large tree
    world = JobsWorld(tmp_path)
    world.folder("ada", "/work")
    world.shares.grant(world.who["ada"], at("/work"), "bob", LEVELS["editor"])
    for folder in ("/wood", "/wood/a", "/wood/c", "/wood/c/d", "/wood/c/none"):
        world.folder("bob", folder)
    for path, data in FILES.items():
        world.put("bob", path, data)
    yield world
    world.close()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}


ZIPPED = {path[1:]: data for path, data in FILES.items()}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "copy": ("copy", {"source": "/wood", "target": "/forest"}),
    "copy of a small one": ("copy", {"source": "/wood/a/2", "target": "/forest"}),
    "copy to another drive": ("copy", {"source": "/wood", "target": f"{SHARED}/forest"}),
    "move": ("move", {"source": "/wood", "target": "/forest"}),
    "move to another drive": ("move", {"source": "/wood", "target": f"{SHARED}/forest"}),
    "zip": ("zip", {"paths": ["/wood"], "target": "/wood.zip"}),
    "zip with another name": ("zip", {"paths": ["/wood/a/1"], "target": "/wood/last", "conflict": "rename"}),
    "verify": ("verify", {"path": "/"}),
}


def ask(world: JobsWorld, name: str) -> Job:
    kind, what = ASKED[name]
    return world.begin("bob", kind, **what)


def state(world: JobsWorld) -> dict[str, Any]:
    """All that anybody sees."""
    return {name: world.whole(name, "/") for name in ("ada", "bob")}


# --- done -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copy", "copy to another drive"])
def test_a_tree_is_copied(world: JobsWorld, name: str) -> None:
    target = ASKED[name][1]["target"]
    before = world.whole("bob", "/wood")
    job = world.work(ask(world, name).id)
    assert (job.state, job.percent, job.result, job.error) == (JobState.DONE, 100, {"path": target}, "")
    assert world.whole("bob", target) == world.whole("bob", "/wood") == before
    assert (job.size, job.size_total) == (sum(map(len, FILES.values())),) * 2
    assert (job.items, job.items_total) == (10, 10)
    assert job.started_us is not None
    assert job.ended_us is not None


@pytest.mark.parametrize("name", ["move", "move to another drive"])
def test_a_tree_is_moved(world: JobsWorld, name: str) -> None:
    target, before = ASKED[name][1]["target"], world.whole("bob", "/wood")
    job = world.work(ask(world, name).id)
    assert (job.state, job.result) == (JobState.DONE, {"path": target})
    assert world.whole("bob", target) == before
    assert "wood" not in world.names("bob", "/")


def test_several_paths_become_an_archive(world: JobsWorld) -> None:
    job = world.done("bob", "zip", paths=["/wood", "/wood/last"], target="/wood.zip")
    assert job.state is JobState.DONE
    entry = world.files.stat(world.who["bob"], at("/wood.zip"))
    assert entry.sha256 is not None
    assert job.result == {"path": "/wood.zip", "size": entry.size, "sha256": entry.sha256.hex()}
    assert members(world.read("bob", "/wood.zip")) == {**ZIPPED, "last": b"last"}


@pytest.mark.parametrize(
    ("conflict", "path"), [("skip", None), ("overwrite", "/wood/last"), ("rename", "/wood/last (1)")]
)
def test_a_name_that_was_taken_meanwhile(world: JobsWorld, conflict: str, path: str | None) -> None:
    world.files.remove(world.who["bob"], at("/wood/last"))
    job = world.begin("bob", "zip", paths=["/wood/a"], target="/wood/last", conflict=conflict)
    world.put("bob", "/wood/last", b"mine")
    job = world.work(job.id)
    if path is None:
        assert (job.state, job.code) == (JobState.FAILED, "exists")
        assert world.read("bob", "/wood/last") == b"mine"
    else:
        assert job.result is not None
        assert job.result["path"] == path
        assert set(members(world.read("bob", path))) == {"a/1", "a/2"}


def test_everything_is_read_and_found_whole(world: JobsWorld) -> None:
    job = world.done("bob", "verify")
    size = sum(map(len, FILES.values()))
    assert job.result == {"files": 5, "size": size, "damaged": [], "damaged_files": 0}
    assert (job.items, job.items_total, job.size, job.size_total) == (10, 10, size, size)
    alone = world.done("bob", "verify", path="/wood/a/1")
    assert alone.result == {"files": 1, "size": 60_000, "damaged": [], "damaged_files": 0}


def damage(world: JobsWorld) -> None:
    """One bit of one stored block turns over."""
    (blob, *_) = sorted(path for path in (world.root / "blobs").rglob("*") if path.is_file())
    data = bytearray(blob.read_bytes())
    data[100] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(data)


def test_what_is_damaged_is_named(world: JobsWorld) -> None:
    damage(world)
    job = world.done("bob", "verify")
    assert job.state is JobState.DONE
    assert job.result is not None
    (found,) = job.result["damaged"]
    assert found["path"] in FILES
    assert found["path"] in found["error"]
    assert (job.result["files"], job.result["damaged_files"]) == (5, 1)
    assert "damaged" not in describe(job)["result"]
    assert describe(job, whole=True)["result"]["damaged"] == [found]
    assert any(each.kind == "job.done" and each.severity == "warning" for each in world.written)


def test_operators_verify_every_drive(world: JobsWorld) -> None:
    world.put("ada", "/work/hers", b"h" * 100_000)
    with pytest.raises(ForbiddenError):
        world.begin("bob", "verify", all=True)
    make_operator(world, "cyn")
    damage(world)
    job = world.done("cyn", "verify", all=True)
    assert job.result is not None
    assert (job.result["files"], job.result["damaged_files"]) == (6, 1)
    assert job.result["damaged"][0]["path"].startswith("owner-")


def make_operator(world: JobsWorld, name: str) -> None:
    account = world.who[name].account
    assert account is not None
    world.catalog.write(lambda tx: tx.accounts.set_role(account.id, Role.ADMIN))
    world.who[name] = Principal(replace(account, role=Role.ADMIN), None)


def test_what_is_long_is_told_only_to_whom_asks_for_one_job(world: JobsWorld) -> None:
    for number in range(12):
        world.put("bob", f"/wood/{number}", b"")
    paths = [f"/wood/{number}" for number in range(12)]
    job = world.begin("bob", "zip", paths=paths, target="/x.zip")
    assert describe(job)["what"] == {"paths": paths[:10], "more": 2, "target": "/x.zip", "conflict": "skip"}
    assert describe(job, whole=True)["what"]["paths"] == paths
    assert len(job.what["paths"]) == 12


# --- refused at once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "what", "error"),
    [
        ("copy", {"source": "/none", "target": "/x"}, NotFoundError),
        ("copy", {"source": "/wood", "target": "/none/x"}, NotFoundError),
        ("copy", {"source": "/wood", "target": "/wood/x"}, ConflictError),
        ("copy", {"source": "/wood/../x", "target": "/y"}, InvalidNameError),
        ("copy", {"source": "/wood/a", "target": "/wood/c"}, ExistsError),
        ("move", {"source": "/wood/a", "target": "/wood/c", "conflict": "newer"}, InvalidRequestError),
        ("move", {"source": SHARED, "target": "/x"}, ForbiddenError),
        ("zip", {"paths": ["/none"], "target": "/x.zip"}, NotFoundError),
        ("zip", {"paths": [], "target": "/x.zip"}, InvalidRequestError),
        ("zip", {"paths": ["/wood"], "target": "/wood/last"}, ExistsError),
        ("zip", {"paths": ["/wood"], "target": "/none/x.zip"}, NotFoundError),
        ("zip", {"paths": ["/wood"], "target": "/Shared/x.zip"}, SecureFileTransferError),
        ("verify", {"path": "/none"}, NotFoundError),
        ("verify", {"path": "/Shared/ada/other"}, NotFoundError),
    ],
)
def test_what_could_only_fail_is_refused(
    world: JobsWorld, kind: str, what: dict[str, Any], error: type[SecureFileTransferError]
) -> None:
    with pytest.raises(error):
        world.begin("bob", kind, **what)
    assert world.jobs.listed(world.who["bob"]) == []


def test_guests_and_visitors_have_no_jobs(world: JobsWorld) -> None:
    with pytest.raises(SignInRequiredError):
        world.jobs.listed(NOBODY)
    link = world_link(world)
    with pytest.raises(ForbiddenError):
        world.jobs.begin(link, JobKind.VERIFY, {"path": "/", "all": False})


def world_link(world: JobsWorld) -> Principal:
    from secure_file_transfer.model import Kind, Link, LinkId, NodeId, Rights

    account = world.who["bob"].account
    assert account is not None
    link = Link(
        LinkId(1), account.id, "bob", account.home_id, NodeId(1), "x", Kind.FOLDER, Rights.READ, "", False,
        TimeUs(0), None, None, 0, None,
    )  # fmt: skip
    return Principal(None, None, link)


def test_a_thousand_jobs_are_refused_beyond_the_bound(world: JobsWorld) -> None:
    taken = refused = 0
    for _ in range(1000):
        try:
            world.begin("bob", "verify")
            taken += 1
        except TooManyRequestsError:
            refused += 1
    assert (taken, refused) == (WAITING_MAX, 1000 - WAITING_MAX)
    world.begin("ada", "verify")  # nobody else is kept from theirs
    world.jobs.cancel(world.who["bob"], world.jobs.listed(world.who["bob"])[0].id)
    world.begin("bob", "verify")


# --- whose ------------------------------------------------------------------------------------------------------------


def test_another_s_job_looks_as_if_it_were_not_there(world: JobsWorld) -> None:
    job = world.begin("bob", "verify")
    for act in (world.jobs.get, world.jobs.cancel, world.jobs.remove):
        for number in (job.id, JobId(4711)):
            with pytest.raises(NotFoundError, match=f"There is no job {number}"):
                act(world.who["ada"], number)
    assert world.jobs.listed(world.who["ada"]) == []
    with pytest.raises(ForbiddenError):
        world.jobs.listed(world.who["ada"], everybody=True)
    make_operator(world, "ada")
    assert [each.id for each in world.jobs.listed(world.who["ada"], everybody=True)] == [job.id]
    assert world.jobs.listed(world.who["ada"]) == []
    assert world.jobs.cancel(world.who["ada"], job.id).state is JobState.CANCELLED
    assert world.jobs.get(world.who["bob"], job.id).state is JobState.CANCELLED


def with_token(world: JobsWorld, name: str, *scopes: Scope, path: str = "/") -> Principal:
    account = world.who[name].account
    assert account is not None
    token_id: TokenId = world.catalog.write(
        lambda tx: tx.tokens.create(account.id, bytes(32), "t", scopes, path, world.clock.now_us(), None)
    )
    return Principal(
        account,
        None,
        token=ApiToken(token_id, account.id, name, "t", frozenset(scopes), path, TimeUs(0), None, None, ""),
    )


def test_a_token_sees_its_own_jobs_and_ends_them_with_itself(world: JobsWorld) -> None:
    other = world.begin("bob", "verify")
    who = with_token(world, "bob", Scope.FILES_READ, path="/wood")
    with pytest.raises(NotFoundError):
        world.jobs.begin(who, JobKind.VERIFY, {"path": "/", "all": False})
    with pytest.raises(ForbiddenError):
        world.jobs.begin(who, JobKind.ZIP, {"paths": ["/wood/a"], "target": "/wood/x.zip", "conflict": "skip"})
    job = world.jobs.begin(who, JobKind.VERIFY, {"path": "/wood", "all": False})
    assert [each.id for each in world.jobs.listed(who)] == [job.id]
    with pytest.raises(NotFoundError):
        world.jobs.get(who, other.id)
    assert {each.id for each in world.jobs.listed(world.who["bob"])} == {job.id, other.id}
    token = who.token
    assert token is not None
    world.catalog.write(lambda tx: tx.tokens.delete(token.id))
    ended = world.work(job.id)
    assert (ended.state, ended.code) == (JobState.FAILED, "sign_in_required")


# --- in the middle ----------------------------------------------------------------------------------------------------


def in_the_middle(world: JobsWorld, act: Callable[[], object]) -> None:
    """Do something while a job is under way: after its third write, and let more than a second pass."""
    count = 0

    def before() -> None:
        nonlocal count
        count += 1
        world.clock.advance(0.6)
        if count == 3:
            act()

    world.mortal.before = before


LONG = ["copy", "copy to another drive", "move to another drive"]


@pytest.mark.parametrize("name", LONG)
def test_cancelling_leaves_nothing(world: JobsWorld, name: str) -> None:
    seen, counts = state(world), world.swept()
    job = ask(world, name)

    def cancel() -> None:
        assert world.catalog.read(lambda tx: tx.jobs.get(job.id)) is not None
        assert world.jobs.cancel(world.who["bob"], job.id).state is JobState.CANCELLING

    # From another thread: the one that writes waits for nobody.
    in_the_middle(world, lambda: in_thread(cancel))
    assert world.work(job.id).state is JobState.CANCELLED
    world.mortal.before = lambda: None
    assert state(world) == seen
    assert world.swept() == counts
    assert world.jobs.cancel(world.who["bob"], job.id).state is JobState.CANCELLED  # once more is fine


def in_thread(act: Callable[[], object]) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - handed on
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def test_nothing_is_published_once_it_is_cancelled(world: JobsWorld) -> None:
    """The answer to the cancellation is a promise, even where the job has not heard of it yet."""
    job = ask(world, "copy of a small one")

    def cancelled(tx: CatalogTx) -> None:
        found = tx.jobs.get(job.id)
        assert found is not None
        if found.state is JobState.RUNNING:
            tx.jobs.save(replace(found, state=JobState.CANCELLING))

    world.mortal.before = lambda: world.catalog.write(cancelled)
    assert world.work(job.id).state is JobState.CANCELLED
    assert "forest" not in world.names("bob", "/")


@pytest.mark.parametrize("name", LONG)
def test_a_locked_account_ends_its_jobs(world: JobsWorld, name: str) -> None:
    seen, counts = state(world), world.swept()
    account = world.who["bob"].account
    assert account is not None
    in_the_middle(world, lambda: world.catalog.write(lambda tx: tx.accounts.set_disabled(account.id, disabled=True)))
    job = world.work(ask(world, name).id)
    assert (job.state, job.code) == (JobState.FAILED, "sign_in_required")
    assert state(world) == seen
    assert world.swept() == counts


@pytest.mark.parametrize("direction", ["in", "out", "within"])
def test_a_share_that_is_taken_back_ends_what_needs_it(world: JobsWorld, direction: str) -> None:
    world.done("bob", "copy", source="/wood", target=f"{SHARED}/forest")
    what = {
        "in": {"source": "/wood", "target": f"{SHARED}/more"},
        "out": {"source": f"{SHARED}/forest", "target": "/more"},
        "within": {"source": f"{SHARED}/forest", "target": f"{SHARED}/more"},
    }[direction]
    seen, counts = {"ada": world.whole("ada", "/"), "bob": world.whole("bob", "/wood")}, world.swept()
    in_the_middle(world, lambda: world.shares.revoke(world.who["ada"], at("/work"), "bob"))
    job = world.work(world.begin("bob", "copy", **what).id)
    assert (job.state, job.code) == (JobState.FAILED, "not_found")
    assert {"ada": world.whole("ada", "/"), "bob": world.whole("bob", "/wood")} == seen
    assert world.swept() == counts


@pytest.mark.parametrize("name", ["copy", "copy to another drive", "zip"])
def test_a_quota_that_is_used_up_leaves_nothing(world: JobsWorld, name: str) -> None:
    seen, counts = state(world), world.swept()
    for each in ("ada", "bob"):
        account = world.who[each].account
        assert account is not None
        held = sum(map(len, FILES.values())) if each == "bob" else 0
        limited = replace(account, quota_bytes=held + 1000)
        world.catalog.write(lambda tx, limited=limited: tx.accounts.set_details(limited))  # type: ignore[misc]
    job = world.work(ask(world, name).id)
    assert (job.state, job.code) == (JobState.FAILED, "quota_exceeded")
    assert state(world) == seen
    assert world.swept() == counts


def test_a_full_disk_leaves_nothing_and_the_end_is_written_once_there_is_room(
    world: JobsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "_RETRY_SECONDS", 0.0)
    seen, counts = state(world), world.swept()
    writes = 0

    def before() -> None:
        nonlocal writes
        writes += 1
        if 3 <= writes < 8:
            raise disk_full()

    world.mortal.before = before
    job = world.work(ask(world, "copy").id)
    assert (job.state, job.code) == (JobState.FAILED, "no_space")
    assert writes >= 8
    assert state(world) == seen
    assert world.swept() == counts


# --- restarts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ASKED)
def test_wherever_it_is_killed_it_is_done_once_and_whole(tmp_path: Path, name: str, world: JobsWorld) -> None:
    """After every single write of the catalog the process is gone."""
    twin = JobsWorld(made(tmp_path / "twin"))
    prepare(twin)
    expected_job = twin.work(ask(twin, name).id)
    expected, counts = state(twin), twin.swept()
    twin.close()
    deaths = 0
    while True:
        one = JobsWorld(made(tmp_path / f"{deaths}"))
        prepare(one)
        job = ask(one, name)
        one.mortal.left = deaths
        try:
            ended = one.work(job.id)
        except KilledError:
            one.restart()
            waits = one.job(job.id)
            assert waits.state in {JobState.WAITING, JobState.DONE}, deaths
            if waits.state is JobState.WAITING:
                one.swept()  # what a restarted server does meanwhile
            ended = one.work(job.id)
        assert (ended.state, ended.result) == (JobState.DONE, expected_job.result), deaths
        assert state(one) == expected, deaths
        assert one.swept() == counts, deaths
        one.close()
        if one.mortal.left:
            break
        deaths += 1
    assert deaths >= 1


def made(path: Path) -> Path:
    path.mkdir()
    return path


def prepare(world: JobsWorld) -> None:
    world.folder("ada", "/work")
    world.shares.grant(world.who["ada"], at("/work"), "bob", LEVELS["editor"])
    for folder in ("/wood", "/wood/a", "/wood/c", "/wood/c/d", "/wood/c/none"):
        world.folder("bob", folder)
    for path, data in FILES.items():
        draft = world.files.draft(world.who["bob"], at(path))
        draft.append(data)
        draft.commit(modified_us=TimeUs(1_600_000_000_000_000))


def test_a_verification_goes_on_where_it_was(world: JobsWorld) -> None:
    job = world.begin("bob", "verify")
    opened: list[str] = []

    def slow(path: RemotePath) -> None:
        opened.append(str(path))
        world.clock.advance(2)

    world.on_open = slow
    world.mortal.left = 4
    with pytest.raises(KilledError):
        world.work(job.id)
    place = world.job(job.id).place
    assert place is not None
    already = place["found"]["files"]
    assert 0 < already < len(FILES)
    world.restart()
    assert world.job(job.id).items == place["done"]["items"]
    before, opened[:] = len(opened), []
    done = world.work(job.id)
    assert done.result is not None
    assert (done.result["files"], done.result["damaged_files"]) == (len(FILES), 0)
    assert len(opened) == len(FILES) - already
    assert before < len(FILES)


def test_a_job_that_is_cut_again_and_again_is_given_up(world: JobsWorld) -> None:
    seen = state(world)
    job = ask(world, "copy")
    for _ in range(CUTS_MAX + 1):
        assert world.job(job.id).state is JobState.WAITING
        world.mortal.left = 3
        with pytest.raises(KilledError):
            world.work(job.id)
        world.restart()
    ended = world.job(job.id)
    assert (ended.state, ended.code) == (JobState.INTERRUPTED, "interrupted")
    assert state(world) == seen


def test_a_move_whose_source_changed_across_a_restart_keeps_both(world: JobsWorld) -> None:
    job = ask(world, "move to another drive")

    def before() -> None:
        if (world.job(job.id).place or {}).get("taken"):
            world.mortal.left = 0
            raise KilledError

    world.mortal.before = before
    with pytest.raises(KilledError):
        world.work(job.id)
    assert "wood" not in world.names("bob", "/")
    world.restart()
    assert "wood" in world.names("bob", "/")
    world.put("bob", "/wood/new", b"new")
    ended = world.work(job.id)
    assert (ended.state, ended.code, ended.result) == (JobState.FAILED, "source_changed", {"path": f"{SHARED}/forest"})
    assert world.read("bob", "/wood/new") == b"new"


def test_what_was_being_cancelled_is_cancelled_after_a_restart(world: JobsWorld) -> None:
    job = ask(world, "copy")
    in_the_middle(world, lambda: world.catalog.write(lambda tx: tx.jobs.save(cancelling(world.job(job.id)))))
    world.mortal.left = 4
    with pytest.raises(KilledError):
        world.work(job.id)
    world.restart()
    assert world.job(job.id).state is JobState.CANCELLED


def test_a_drive_that_tells_nothing_is_not_tried_again(world: JobsWorld) -> None:
    """Of a folder of the disk nobody knows after a crash whether the copy was there already."""
    job = ask(world, "copy")
    begun = replace(job, state=JobState.RUNNING)
    world.catalog.write(lambda tx: tx.jobs.save(begun))
    run = JobRun(world.jobs._around, begun, world.who["bob"])
    other = SharedFolders({})
    assert run._followed(other) is other
    world.restart()
    assert world.job(job.id).state is JobState.INTERRUPTED


def test_a_move_that_is_cancelled_between_its_halves_keeps_both(world: JobsWorld) -> None:
    before = world.whole("bob", "/wood")
    job = ask(world, "move to another drive")

    def cancel() -> None:
        if (world.job(job.id).place or {}).get("copied"):
            world.jobs.cancel(world.who["bob"], job.id)

    world.mortal.before = lambda: in_thread(cancel) if threading.current_thread() is MAIN else None
    ended = world.work(job.id)
    assert (ended.state, ended.result) == (JobState.CANCELLED, {"path": f"{SHARED}/forest"})
    assert world.whole("bob", "/wood") == world.whole("bob", f"{SHARED}/forest") == before


def cancelling(job: Job) -> Job:
    return replace(job, state=JobState.CANCELLING)


# --- told -------------------------------------------------------------------------------------------------------------


def test_every_change_is_told_to_the_owner_and_operators(world: JobsWorld) -> None:
    job = world.work(ask(world, "copy to another drive").id)
    told = [event for event in world.events if event.topic == "jobs"]
    assert [event.data["state"] for event in (told[0], told[1], told[-1])] == ["waiting", "running", "done"]
    account = world.who["bob"].account
    assert account is not None
    for event in told:
        assert event.key == str(job.id)
        assert event.audience.operators
        assert event.audience.accounts == {account.id}
    assert {event.data["message"] for event in told} >= {"counting", "copying"}
    assert [each.kind for each in world.written if each.kind.startswith("job.")] == ["job.begun", "job.done"]


def test_ended_jobs_are_forgotten_when_they_are_old_or_when_one_says_so(world: JobsWorld) -> None:
    old, new = world.done("bob", "verify"), None
    world.clock.advance(31 * 86_400)
    new = world.done("bob", "verify")
    lasting = world.begin("bob", "verify")
    forget_old(world.catalog, world.clock, 30)
    assert {each.id for each in world.jobs.listed(world.who["bob"])} == {new.id, lasting.id}
    with pytest.raises(NotFoundError):
        world.jobs.get(world.who["bob"], old.id)
    with pytest.raises(ConflictError):
        world.jobs.remove(world.who["bob"], lasting.id)
    world.jobs.remove(world.who["bob"], new.id)
    assert [each.id for each in world.jobs.listed(world.who["bob"])] == [lasting.id]
    assert world.events[-1].kind == "removed"


# --- the threads ------------------------------------------------------------------------------------------------------


def test_a_server_that_stops_lets_its_jobs_rest(world: JobsWorld) -> None:
    job = ask(world, "copy")
    in_the_middle(world, world.jobs.close)
    rested = world.work(job.id)
    assert rested.state is JobState.WAITING
    assert "forest" not in world.names("bob", "/")
    world.restart()
    assert world.work(job.id).state is JobState.DONE


def test_threads_do_what_waits(world: JobsWorld) -> None:
    ended = threading.Event()
    waiting = {ask(world, "zip").id, world.begin("ada", "verify").id}

    def heard(event: Any) -> None:
        if event.data.get("state") == "done":
            waiting.discard(event.data["id"])
            if not waiting:
                ended.set()

    world.bus.subscribe(heard)
    world.jobs.start()
    more = ask(world, "copy")
    waiting.add(more.id)
    assert ended.wait(30)
    world.jobs.close()
    assert {each.state for each in world.jobs.listed(world.who["bob"])} == {JobState.DONE}
