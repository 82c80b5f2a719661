"""What guests are called: chosen names are made fit to be shown, and no two of a link are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.services.guests import NAME_MAX, cleaned, guest_name


def test_those_without_a_name_are_numbered() -> None:
    taken: list[str] = []
    for number in range(1, 4):
        taken.append(guest_name("", taken))
        assert taken[-1] == f"Guest {number}"
    assert guest_name("", taken[1:]) == "Guest 4"  # a number that somebody had a moment ago is not given again
    assert guest_name("  ", ["Sara"]) == "Guest 1"


def test_the_same_name_twice_is_told_apart_whatever_its_case() -> None:
    assert guest_name("Sara", []) == "Sara"
    assert guest_name("sara", ["Sara"]) == "sara (2)"
    assert guest_name("Sara", ["Sara", "SARA (2)"]) == "Sara (3)"


def test_nobody_can_choose_one_of_our_numbers() -> None:
    assert guest_name("Guest 7", []) == "Guest 1"
    assert guest_name("Guest 1", ["Guest 1"]) == "Guest 2"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Sara   Lee ", "Sara Lee"),
        ("a\x1b[31mred\x07", "a [31mred"),
        ("one\r\ntwo", "one two"),
        ("left\u202eright", "left right"),
        ("سارا", "سارا"),
        ("e\u0301", "é"),
        ("x" * 1000, "x" * NAME_MAX),
        ("\x00\u200b", ""),
    ],
)
def test_what_somebody_typed_is_made_fit_to_be_shown(typed: str, shown: str) -> None:
    assert cleaned(typed) == shown


@given(st.text(), st.lists(st.text(max_size=50), max_size=8))
def test_a_name_is_always_one_visible_line_and_new(wanted: str, others: list[str]) -> None:
    taken: list[str] = []
    for each in [*others, wanted, wanted]:
        name = guest_name(each, taken)
        assert name
        assert name.isprintable()
        assert len(name) <= NAME_MAX + 12
        assert name.casefold() not in {one.casefold() for one in taken}
        taken.append(name)
