"""Jobs: what they do, whose they are, and what is told of them."""

import io
import threading
import zipfile
from collections.abc import Iterator
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
    ApiToken,
    JobId,
    JobKind,
    JobState,
    Principal,
    Role,
    Scope,
    TimeUs,
    TokenId,
)
from secure_file_transfer.services import vault_copy
from secure_file_transfer.services.jobs import WAITING_MAX, describe, forget_old
from secure_file_transfer.testing.jobs_world import ASKED, FILES, SHARED, JobsWorld, ask, at, in_the_middle, prepare

NOBODY = Principal(None, None)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobsWorld]:
    monkeypatch.setattr(vault_copy, "BATCH", 3)  # so that the wood is a large tree
    world = JobsWorld(tmp_path)
    prepare(world)
    yield world
    world.close()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}


ZIPPED = {path[1:]: data for path, data in FILES.items()}
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
