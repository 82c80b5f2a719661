import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.ports import cursors

values = st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.lists(values, max_size=6))
def test_what_is_written_is_read(said: list[int | str | None]) -> None:
    assert cursors.read(cursors.write(*said)) == said


@given(st.text(max_size=60))
def test_other_texts_are_refused_or_were_written(text: str) -> None:
    try:
        said = cursors.read(text)
    except ValueError:
        return
    assert cursors.write(*said) == text


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "é",
        "W10=",
        cursors.write("a") + "\n",
        _encoded("[1, 2]"),
        _encoded('{"a":1}'),
        _encoded('["\\ud800"]'),
        _encoded("[" * 5000),
        _encoded(f"[{'9' * 5000}]"),
        _encoded(f'["{"a" * 20_000}"]'),
    ],
)
def test_hostile_ones_are_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        cursors.read(cursor)
