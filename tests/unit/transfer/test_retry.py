"""What an operator holds is asked for again for as long as it takes; it is no failure of the way."""

import pytest

from secure_file_transfer.errors import PausedError, SessionEndedError, UnreachableError
from secure_file_transfer.transfer.retry import Retry


@pytest.mark.parametrize(("said", "least"), [(None, 1.0), (2.0, 2.0), (1e9, 60.0)])
def test_a_pause_uses_no_try_up(said: float | None, least: float) -> None:
    tries = Retry(tries=2).begun(lambda: 0.0)
    error = PausedError()
    error.retry_after = said
    for _ in range(10_000):
        assert tries.delay(error) == least
    assert tries.failed == 0
    assert tries.delay(UnreachableError()) is not None
    assert tries.delay(UnreachableError()) is None


def test_an_ended_session_is_not_tried_again() -> None:
    assert Retry().begun().delay(SessionEndedError()) is None
