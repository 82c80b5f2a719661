"""Jobs that are cut, cancelled, refused or killed in the middle: nothing half is left, and nothing is done twice."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secure_file_transfer.model import (
    JobState,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.services import jobs as jobs_module
from secure_file_transfer.services import vault_copy
from secure_file_transfer.services.job_run import JobRun
from secure_file_transfer.services.jobs import CUTS_MAX
from secure_file_transfer.services.shared import SharedFolders
from secure_file_transfer.testing.faults import disk_full
from secure_file_transfer.testing.jobs_world import (
    ASKED,
    FILES,
    SHARED,
    JobsWorld,
    KilledError,
    ask,
    at,
    cancelling,
    in_the_middle,
    in_thread,
    made,
    prepare,
    state,
)

MAIN = threading.main_thread()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobsWorld]:
    monkeypatch.setattr(vault_copy, "BATCH", 3)  # so that the wood is a large tree
    world = JobsWorld(tmp_path)
    prepare(world)
    yield world
    world.close()


# --- in the middle ----------------------------------------------------------------------------------------------------


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
