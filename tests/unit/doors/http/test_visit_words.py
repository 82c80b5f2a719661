"""What the pages of links say: the languages, their digits and calendars."""

import pytest

from secure_file_transfer.doors.http.visit_words import ENGLISH, PERSIAN, solar, spoken
from secure_file_transfer.errors import ForbiddenError, SecureFileTransferError


def test_persian_says_all_that_english_says_with_the_same_variables() -> None:
    assert len(ENGLISH.texts) > 60
    own = [key for key in PERSIAN.texts if not key.startswith(("fault-", "hint-")) and key != "digits"]
    assert own == list(ENGLISH.texts)
    for key, text in ENGLISH.texts.items():
        names = [word for word in text.split() if word.startswith("$")]
        assert {each.strip(".,:") for each in names} == {
            each.strip(".,:،") for each in PERSIAN.texts[key].split() if each.startswith("$")
        }, key
    assert all("hint-" + key[6:] in PERSIAN.texts for key in PERSIAN.texts if key.startswith("fault-"))


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        (b"", "en"),
        (b"fa-IR,fa;q=0.9,en;q=0.8", "fa"),
        (b"de, en;q=0.5, FA;q=0.7", "fa"),
        (b"en, fa", "en"),
        (b"fa;q=0", "en"),
        (b"fa;q=x, en;q=0.1", "en"),
        (b"fa;q=7", "en"),
        (b"\xff, *", "en"),
        (b",;;q=," * 10_000, "en"),
    ],
)
def test_the_browser_says_which_language(accept: bytes, code: str) -> None:
    assert spoken(accept).code == code


@pytest.mark.parametrize(
    ("day", "solar_day"),
    [
        ((1979, 2, 11), (1357, 11, 22)),
        ((2021, 3, 20), (1399, 12, 30)),
        ((2021, 3, 21), (1400, 1, 1)),
        ((2024, 3, 20), (1403, 1, 1)),
        ((2025, 3, 20), (1403, 12, 30)),
        ((2026, 11, 21), (1405, 8, 30)),
    ],
)
def test_days_of_the_solar_calendar(day: tuple[int, int, int], solar_day: tuple[int, int, int]) -> None:
    assert solar(*day) == solar_day


def test_sizes_have_the_digits_and_the_words_of_the_language() -> None:
    assert [ENGLISH.size(each) for each in (0, 1, 999, 1000, 3_456_789, 999_960)] == [
        "0 bytes", "1 byte", "999 bytes", "1 kB", "3.5 MB", "1 MB",
    ]  # fmt: skip
    assert PERSIAN.size(3_456_789) == "۳٫۵ مگابایت"


def test_errors_are_told_in_the_language_of_the_page() -> None:
    assert ENGLISH.told(ForbiddenError("No", hint="Ask")) == "No. Ask."
    assert PERSIAN.title(ForbiddenError("No")) == "اجازه ندارید"
    assert PERSIAN.title(SecureFileTransferError("x")) == "انجام نشد"
