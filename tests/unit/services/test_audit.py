"""What is written down: in whose name, in what circumstances, and how much of a flood."""

import asyncio
import threading

import pytest

from secure_file_transfer import errors
from secure_file_transfer.doors.http.workers import Workers
from secure_file_transfer.model import Account, AccountId, Category, DriveId, LogEvent, Principal, Role, Severity
from secure_file_transfer.services.audit import (
    REPEATS_MAX,
    TEXT_MAX,
    Audit,
    Circumstances,
    acting,
    circumstances,
    under,
)
from secure_file_transfer.testing.clock import START_US, FakeClock

SARA = Principal(
    Account(AccountId(1), "sara", Role.USER, disabled=False, home_id=DriveId(1), created_us=START_US), None
)


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.kept: list[LogEvent] = []
        self.later: list[LogEvent] = []
        self.audit = Audit(self.clock, self.kept.append, self.later.append)

    def repeat(self, key: str) -> None:
        self.audit.repeated(Category.SECURITY, "x.refused", "No", key=key)


@pytest.fixture
def world() -> World:
    return World()


def test_an_event_has_the_circumstances_of_the_request(world: World) -> None:
    with circumstances(door="http", address="::1", request="r1"):
        acting(SARA)
        with circumstances(door="inner"):
            world.audit.record(Category.FILE, "file.x", "It", target="/a")
        world.audit.record(Category.FILE, "file.y", "It")
    world.audit.record(Category.FILE, "file.z", "It", who=SARA)
    one, two, three = world.later
    assert (one.door, one.address, one.request, one.actor, one.target) == ("inner", "::1", "r1", "sara", "/a")
    assert (two.door, two.at_us, two.severity) == ("http", START_US, Severity.INFO)
    assert (three.door, three.address, three.actor) == ("", "", "sara")


def test_who_acts_outside_of_a_request_is_nobody_elses_request(world: World) -> None:
    acting(SARA)
    world.audit.record(Category.FILE, "file.x", "It")
    assert world.later[0].actor == ""


async def test_worker_threads_see_them_and_tell_who_it_is(world: World) -> None:
    workers = Workers("test", 2)

    async def request(name: str) -> None:
        with circumstances(request=name):
            await workers.run(lambda: acting(SARA) if name == "r1" else None)
            await workers.run(lambda: world.audit.record(Category.FILE, "file.x", "It"))
            await asyncio.wrap_future(workers.submit(lambda: world.audit.record(Category.FILE, "file.x", "It")))

    try:
        await asyncio.gather(request("r1"), request("r2"))
    finally:
        workers.close()
    assert {(each.request, each.actor) for each in world.later} == {("r1", "sara"), ("r2", "")}
    assert len(world.later) == 4


def test_a_thread_of_a_command_is_put_under_its_circumstances(world: World) -> None:
    present = Circumstances("ftps", "192.0.2.1", "c.1", "sara")

    def work() -> None:
        with under(present):
            world.audit.record(Category.FILE, "file.x", "It")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert (world.later[0].door, world.later[0].request) == ("ftps", "c.1")


@pytest.mark.parametrize("category", list(Category))
def test_what_concerns_security_is_kept_at_once_and_the_rest_later(world: World, category: Category) -> None:
    world.audit.record(category, "x.y", "It")
    lasting = {Category.SIGN_IN, Category.SHARING, Category.SECURITY, Category.ADMINISTRATION}
    assert (len(world.kept), len(world.later)) == ((1, 0) if category in lasting else (0, 1))


async def test_an_event_loop_never_waits(world: World) -> None:
    world.audit.record(Category.SECURITY, "x.y", "It")
    assert (len(world.kept), len(world.later)) == (0, 1)


def test_attack_44_what_peers_say_is_one_bounded_line(world: World) -> None:
    hostile = "a\r\n2026 INFO forged\x1b[2J\u202e\ud800\u2028" + "x" * 10_000
    with circumstances(address=hostile, request="r"):
        world.audit.record(Category.FILE, "file.x", hostile, target=hostile)
    event = world.later[0]
    for text in (event.text, event.target, event.address):
        assert text.isprintable()
        assert text.startswith(r"a\u000d\u000a2026 INFO forged\u001b[2J\u202e\ud800\u2028x")
    assert len(event.text) < TEXT_MAX + 50


def test_a_flood_is_two_events(world: World) -> None:
    for _ in range(10_000):
        world.repeat("192.0.2.1")
    world.repeat("192.0.2.2")
    assert [each.text for each in world.later] == ["No", "No"]
    world.audit.settle()
    assert len(world.later) == 2
    world.clock.advance(61)
    world.audit.settle()
    assert [each.text for each in world.later[2:]] == ["No (9,999 more times within a minute)"]
    world.repeat("192.0.2.1")
    assert world.later[-1].text == "No"
    world.repeat("192.0.2.1")
    world.audit.settle(everything=True)
    assert world.later[-1].text == "No (once more within a minute)"


def test_a_flood_goes_on_and_each_minute_is_told(world: World) -> None:
    for _ in range(3):
        world.repeat("a")
        world.repeat("a")
        world.clock.advance(61)
    more = "No (once more within a minute)"
    assert [each.text for each in world.later] == ["No", more, "No", more, "No"]


def test_floods_from_everywhere_take_bounded_memory(world: World) -> None:
    for number in range(REPEATS_MAX * 3):
        world.repeat(str(number))
    assert len(world.audit._repeats) == REPEATS_MAX + 1
    assert len(world.later) == REPEATS_MAX + 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ForbiddenError(), "request.refused"),
        (errors.SignInRequiredError(), "request.refused"),
        (errors.ClientCertificateError(), "request.refused"),
        (errors.QuotaExceededError(), "quota.exceeded"),
        (errors.NoSpaceError(), "storage.failed"),
        (errors.BlockDamagedError("Block 7"), "storage.damaged"),
        (errors.InterruptedTransferError("gone"), "transfer.cut"),
        (errors.NotFoundError(), None),
        (errors.TooManyRequestsError(), None),
    ],
)
def test_what_was_refused_is_of_interest_or_not(
    world: World, error: errors.SecureFileTransferError, kind: str | None
) -> None:
    world.audit.refused(error, "GET /x")
    assert [each.kind for each in world.later] == ([kind] if kind else [])
