from typing import get_args

import pytest

from secure_file_transfer.frontends.cli.tokens import ScopeName
from secure_file_transfer.frontends.cli.values import seconds_of
from secure_file_transfer.model import Scope


def test_the_command_knows_every_scope() -> None:
    assert get_args(ScopeName) == tuple(Scope)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90d", 90 * 86_400), ("12h", 43_200), ("1m", 60), ("5s", 5), ("2w", 14 * 86_400)]
)
def test_a_time_as_people_write_it(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5h", "1 d", "1d ", "٣d", "1000000d", "1D"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="a time is needed"):
        seconds_of(text)
