"""The token bucket: what it lets through, in which order, and when its rate changes."""

import random

import pytest

from secure_file_transfer.transfer.rate import BURST_SECONDS, RateLimit

KB = 1000


def test_no_limit_never_waits() -> None:
    limit = RateLimit(0, 0.0)
    assert [limit.take(10**9, now) for now in (0.0, 0.0, 1.0)] == [0.0, 0.0, 0.0]


def test_whoever_waits_as_told_keeps_to_the_rate() -> None:
    limit, now, moved = RateLimit(100 * KB, 0.0), 0.0, 0
    while now < 60.0:
        moved += 7 * KB
        now += limit.take(7 * KB, now)
    assert moved <= 100 * KB * (now + BURST_SECONDS) + 7 * KB
    assert moved >= 100 * KB * now


def test_timers_that_wake_late_cost_nothing() -> None:
    limit, now, moved = RateLimit(1000 * KB, 0.0), 0.0, 0
    while now < 30.0:
        moved += 64 * KB
        wait = limit.take(64 * KB, now)
        now += wait + (0.02 if wait else 0)
    assert moved >= 1000 * KB * now * 0.999


def test_idle_time_is_not_saved_up() -> None:
    limit = RateLimit(100 * KB, 0.0)
    assert limit.take(100 * KB, 3600.0) == pytest.approx(1 - BURST_SECONDS)


def test_those_who_share_it_get_equal_parts() -> None:
    seed = random.randrange(2**32)  # noqa: S311 - a seed to repeat it with
    chance = random.Random(seed)  # noqa: S311
    limit = RateLimit(1000 * KB, 0.0)
    ready = {name: chance.random() / 100 for name in "abcde"}
    moved = dict.fromkeys(ready, 0)
    while min(ready.values()) < 60.0:
        name = min(ready, key=lambda each: ready[each])
        moved[name] += 16 * KB
        ready[name] += limit.take(16 * KB, ready[name])
    most = 1000 * KB * BURST_SECONDS + 2 * 16 * KB  # whoever comes first finds the burst
    assert max(moved.values()) - min(moved.values()) <= most, f"seed {seed}: {moved}"


def test_a_new_rate_holds_for_those_who_wait_already() -> None:
    limit = RateLimit(1 * KB, 0.0)
    ticket = limit.reserve(100 * KB + int(KB * BURST_SECONDS), 0.0)
    assert limit.wait(ticket, 0.0) == pytest.approx(100.0)
    assert limit.wait(ticket, 10.0) == pytest.approx(90.0)
    limit.change(90 * KB, 10.0)
    assert limit.wait(ticket, 10.0) == pytest.approx(1.0)
    limit.change(0, 10.0)
    assert limit.wait(ticket, 10.0) == 0.0


def test_a_limit_that_begins_anew_owes_nothing() -> None:
    limit = RateLimit(0, 0.0)
    limit.take(10**9, 1.0)
    limit.change(KB, 1.0)
    assert limit.take(KB, 1.0) <= 1.0


def test_later_takers_do_not_make_earlier_ones_wait_longer() -> None:
    limit = RateLimit(KB, 0.0)
    mine = limit.reserve(KB, 0.0)
    before = limit.wait(mine, 0.0)
    limit.reserve(50 * KB, 0.0)
    assert limit.wait(mine, 0.0) == before
