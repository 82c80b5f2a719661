"""Progress: seldom enough for speed, and always at the end."""

from secure_file_transfer.client import Progress
from secure_file_transfer.client.progress import Meter


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_at_most_twenty_reports_a_second_and_one_at_the_end() -> None:
    time = Time()
    seen: list[Progress] = []
    meter = Meter(seen.append, total=1000, files_total=1, clock=time)
    for _ in range(1000):
        meter.add("f", 1)
        time.now += 0.001
    assert 15 <= len(seen) <= 21
    meter.file_done("f")
    assert seen[-1] == Progress("f", 1000, 1000, 1, 1)


def test_the_last_of_many_files_is_always_reported() -> None:
    seen: list[Progress] = []
    meter = Meter(seen.append, total=0, files_total=3, clock=Time())
    for name in ("a", "b", "c"):
        meter.file_done(name)
    assert [(p.path, p.files_done) for p in seen] == [("a", 1), ("c", 3)]


def test_bytes_that_must_move_again_are_taken_back() -> None:
    seen: list[Progress] = []
    meter = Meter(seen.append, total=10, clock=Time())
    meter.add("f", 7)
    meter.add("f", -7)
    meter.file_done("f")
    assert seen[-1].done == 0


def test_without_a_listener_nothing_happens() -> None:
    meter = Meter(None, total=None)
    meter.add("f", 1)
    meter.file_done("f")
