"""The bookkeeping of wrong guesses, with hypothesis against a plain count."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.services import ledger as module
from secure_file_transfer.services.ledger import DELAY_FIRST, DELAY_MAX, FORGET_SECONDS, SHARED, Budget, Ledger


def guess(ledger: Ledger, key: str, now: float, *, wrong: bool = True) -> float | None:
    """Guess if one may; returns the block that follows, or None if one may not."""
    record = ledger.record(key, now)
    if ledger.wait(record, now) > 0:
        return None
    ledger.reserve(record)
    return ledger.settle(record, now, wrong=wrong)


def test_the_budget_is_exact_and_the_wait_doubles_up_to_a_bound() -> None:
    ledger, now, waits = Ledger(Budget(10, 60)), 1000.0, []
    for _ in range(9):
        made = [guess(ledger, "a", now) for _ in range(11)]
        assert made[:9] == [0.0] * 9
        assert made[9]
        assert made[10] is None
        waits.append(made[9])
        assert guess(ledger, "a", now + made[9] - 0.1) is None
        now += made[9]
    assert waits == [min(DELAY_FIRST * 2**n, DELAY_MAX) for n in range(9)]


def test_after_a_quiet_day_nothing_is_held_against_anybody() -> None:
    ledger = Ledger(Budget(2, 60))
    assert [guess(ledger, "a", 0), guess(ledger, "a", 0)] == [0.0, 60]
    later = FORGET_SECONDS
    assert [guess(ledger, "a", later), guess(ledger, "a", later)] == [0.0, 60]


def test_a_right_guess_costs_nothing_and_leaves_nothing() -> None:
    ledger = Ledger(Budget(2, 60))
    for _ in range(100):
        assert guess(ledger, "a", 0, wrong=False) == 0
    assert len(ledger) == 0


def test_guesses_under_way_count() -> None:
    ledger = Ledger(Budget(3, 60))
    record = ledger.record("a", 0)
    for _ in range(3):
        assert ledger.wait(record, 0) == 0
        ledger.reserve(record)
    assert ledger.wait(record, 0) > 0
    ledger.settle(record, 0, wrong=False)
    assert ledger.wait(record, 0) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(0, 100, allow_nan=False), st.booleans()), min_size=1, max_size=200
    )
)
def test_no_window_ever_holds_more_wrong_guesses_than_the_budget(steps: list[tuple[str, float, bool]]) -> None:
    ledger, now = Ledger(Budget(4, 60)), 0.0
    wrong: dict[str, list[float]] = {}
    for key, passes, is_wrong in steps:
        now += passes
        if guess(ledger, key, now, wrong=is_wrong) is not None and is_wrong:
            wrong.setdefault(key, []).append(now)
    for times in wrong.values():
        for at in times:
            assert sum(at <= other < at + 60 for other in times) <= 4


def test_a_flood_neither_grows_the_memory_nor_pushes_out_the_guilty(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(Budget(3, 3600), records_max=100)
    for _ in range(3):
        guess(ledger, "blocked", 0)
    for _ in range(2):
        guess(ledger, "nearly", 0)
    for number in range(5000):
        assert guess(ledger, f"flood {number}", 1) == 0
    assert len(ledger) <= 100
    assert guess(ledger, "blocked", 1) is None
    assert guess(ledger, "nearly", 1)


def test_where_all_are_guilty_newcomers_share_and_nobody_is_let_off() -> None:
    ledger = Ledger(Budget(1, 3600), records_max=50)
    for number in range(50):
        assert guess(ledger, f"guilty {number}", 0)
    for number in range(3000):
        guess(ledger, f"new {number}", 1)
    assert len(ledger) <= 50 + SHARED
    assert all(guess(ledger, f"guilty {number}", 1) is None for number in range(50))


@pytest.mark.parametrize("act", [lambda ledger, record: ledger.forgive(record)])
def test_the_forgiven_begin_anew(act: Callable[[Ledger, object], None]) -> None:
    ledger = Ledger(Budget(2, 60))
    for _ in range(2):
        guess(ledger, "a", 0)
    ((record, wait),) = ledger.blocked(0)
    assert (record.key, wait) == ("a", 60)
    act(ledger, record)
    assert list(ledger.blocked(0)) == []
    assert guess(ledger, "a", 0) == 0


def test_time_frees_the_blocked() -> None:
    ledger = Ledger(Budget(1, 60))
    guess(ledger, "a", 0)
    assert len(list(ledger.blocked(59.9))) == 1
    assert list(ledger.blocked(60)) == []


def test_the_bound_on_memory_is_sane() -> None:
    assert module.RECORDS_MAX * 400 < 16 * 1024 * 1024
