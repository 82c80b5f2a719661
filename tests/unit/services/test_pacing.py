from secure_file_transfer.services import pacing
from secure_file_transfer.services.pacing import Pace
from secure_file_transfer.testing.clock import FakeClock


def test_a_burst_and_then_so_many_a_minute() -> None:
    clock = FakeClock()
    pace = Pace(clock, 30, 3)
    assert [pace.take("a") for _ in range(5)] == [0, 0, 0, 2, 2]
    assert pace.take("b") == 0
    clock.advance(2)
    assert [pace.take("a"), pace.take("a")] == [0, 2]
    clock.advance(3600)
    assert [pace.take("a") for _ in range(4)] == [0, 0, 0, 2]


def test_of_two_buckets_none_is_touched_unless_both_have_one() -> None:
    pace = Pace(FakeClock(), 60, 1)
    assert pace.take("link", "one") == 0
    assert pace.take("link", "two") == 1
    assert pace.take("two") == 0


def test_memory_is_bounded() -> None:
    clock = FakeClock()
    pace = Pace(clock, 1, 1)
    for number in range(pacing.REMEMBERED_MAX + 10):
        pace.take(str(number))
    assert len(pace._buckets) == pacing.REMEMBERED_MAX
