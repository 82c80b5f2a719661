"""The parts of jobs: how far, whose turn, and a walk that can be put down and taken up."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.model import AccountId, JobId
from secure_file_transfer.services.job_line import JobLine
from secure_file_transfer.services.job_meter import ITEM_BYTES, Meter, percent
from secure_file_transfer.services.job_verify import Findings, Walk
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.tree_kit import at, write
from secure_file_transfer.testing.vault_world import VaultWorld, vault_world

MIB = 1 << 20
ADA, BOB, CYN = AccountId(1), AccountId(2), AccountId(3)


# --- how far ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "total", "said"),
    [
        ((0, 0), (None, None), 0),
        ((5, 1), (None, 3), 0),
        ((0, 0), (0, 0), 0),
        ((50 * MIB, 0), (100 * MIB, 0), 50),
        ((0, 5), (0, 10), 50),  # empty files are work, too
        ((100 * MIB, 10), (100 * MIB, 10), 99),  # until it has ended
        ((200 * MIB, 10), (100 * MIB, 10), 99),
        ((ITEM_BYTES, 1), (2 * ITEM_BYTES, 2), 50),
    ],
)
def test_how_much_is_done(done: tuple[int, int], total: tuple[int | None, int | None], said: int) -> None:
    assert percent(*done, *total) == said


def test_a_steady_job_says_its_rate_and_its_end_exactly() -> None:
    clock = FakeClock()
    meter = Meter(clock, 0, 0)
    assert (meter.rate, meter.eta(100 * MIB, 0)) == (0, None)
    for second in range(1, 11):
        clock.advance(1)
        meter.look(second * MIB, 0)
    assert meter.rate == MIB
    assert meter.eta(100 * MIB, 0) == 90
    assert meter.eta(None, 0) is None
    assert meter.eta(5 * MIB, 0) == 0


def test_what_was_done_before_a_restart_counts_for_no_speed() -> None:
    clock = FakeClock()
    meter = Meter(clock, 500 * MIB, 7)
    clock.advance(2)
    meter.look(501 * MIB, 7)
    assert meter.rate == MIB // 2


def test_a_stutter_is_smoothed_and_a_halt_is_seen() -> None:
    clock = FakeClock()
    meter, size = Meter(clock, 0, 0), 0
    for _ in range(40):
        clock.advance(0.25)
        size += MIB
        meter.look(size, 0)
    steady = meter.rate
    clock.advance(0.25)
    meter.look(size, 0)
    assert 0.9 * steady < meter.rate < steady
    clock.advance(60)
    meter.look(size, 0)
    assert meter.rate < steady / 1000
    meter.look(size, 0)  # no time has passed: nothing to divide by


def test_many_small_files_have_an_end_too() -> None:
    clock = FakeClock()
    meter = Meter(clock, 0, 0)
    clock.advance(1)
    meter.look(0, 100)
    assert meter.eta(0, 1000) == 9


# --- whose turn -------------------------------------------------------------------------------------------------------


def taken(line: JobLine) -> tuple[AccountId, JobId]:
    found = line.take()
    assert found is not None
    return found


def test_a_hundred_jobs_of_one_keep_nobody_waiting() -> None:
    line = JobLine(each=1)
    for number in range(100):
        line.put(ADA, JobId(number))
    line.put(BOB, JobId(200))
    assert taken(line) == (ADA, 0)
    assert taken(line) == (BOB, 200)  # although ada has 99 before
    line.done(ADA)
    line.put(CYN, JobId(300))
    line.put(BOB, JobId(201))
    line.done(BOB)
    order = []
    for _ in range(5):
        found = taken(line)
        order.append(found)
        line.done(found[0])
    assert order == [(ADA, 1), (CYN, 300), (BOB, 201), (ADA, 2), (ADA, 3)]


def test_who_waits_is_woken_by_a_new_job_by_an_ended_one_and_by_the_end() -> None:
    line, found, heard = JobLine(each=1), [], threading.Semaphore(0)

    def work() -> None:
        while (one := line.take()) is not None:
            found.append(one[1])
            heard.release()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    line.put(ADA, JobId(1))
    assert heard.acquire(timeout=10)
    line.put(ADA, JobId(2))
    line.put(BOB, JobId(3))
    assert heard.acquire(timeout=10)
    assert found == [1, 3]  # one of ada's is under way
    line.done(ADA)
    assert heard.acquire(timeout=10)
    assert found == [1, 3, 2]
    line.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


# --- a walk -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        for folder in ("/a/b", "/a/none", "/c"):
            world.tree.make_folder(at(folder), parents=True)
        for number in range(7):
            for folder in ("/a", "/a/b", "/c", ""):
                write(world.tree, f"{folder}/{number}", b"x" * number)
        yield world


def walk(world: VaultWorld, place: object = None) -> Walk:
    def listing(path: object, cursor: str | None, _: int) -> object:
        return world.tree.list(path, cursor=cursor, limit=3)  # type: ignore[arg-type]

    return Walk(listing, at("/"), place, skip=at("/c/3"))  # type: ignore[arg-type]


def seen(one: Walk) -> list[str]:
    return [str(path) for path, _ in one]


def test_a_walk_meets_everything_once_folders_before_what_is_in_them(world: VaultWorld) -> None:
    found = seen(walk(world))
    assert len(found) == len(set(found)) == 4 + 4 * 7 - 1
    assert "/c/3" not in found
    for path in found:
        above = path.rpartition("/")[0]
        assert not above or found.index(above) < found.index(path)


def test_a_walk_can_be_put_down_anywhere_and_taken_up(world: VaultWorld) -> None:
    whole = seen(walk(world))
    for stop in range(len(whole)):
        first = walk(world)
        begun: list[str] = []
        place: object = None
        for path, _ in first:
            if len(begun) == stop:
                place = first.place  # as it is asked for while this entry is looked at
                break
            begun.append(str(path))
        assert begun + seen(walk(world, place)) == whole, stop


def test_what_goes_or_comes_meanwhile_disturbs_nothing(world: VaultWorld) -> None:
    one, found = walk(world), []
    for path, _ in one:
        found.append(str(path))
        if str(path) == "/a/b":
            place = one.place
            break
    world.tree.remove(at("/a/b"), recursive=True)
    write(world.tree, "/new", b"")
    rest = seen(walk(world, place))
    assert "/c/6" in rest
    assert "/new" in rest
    assert not any(path.startswith("/a/b/") for path in rest)


def test_findings_are_kept_and_read_again() -> None:
    found = Findings()
    for number in range(1003):
        found.add_damaged(f"/{number}", "bad")
    found.files, found.size = 2000, 5
    assert (len(found.damaged), found.damaged_files) == (1000, 1003)
    assert Findings.read({"found": found.value()}) == found
    assert Findings.read(None) == Findings.read({"cuts": 1}) == Findings()
