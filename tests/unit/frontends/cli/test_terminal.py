import io

import pytest

from secure_file_transfer.frontends.cli import terminal


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (102_298, "99.9 KiB"),
        (102_400, "100 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (1024**2, "1.0 MiB"),
        (999 * 1024**2, "999 MiB"),
        (1000 * 1024**2, "1.0 GiB"),
        (5 * 1024**4, "5.0 TiB"),
        (2**63, "8192 PiB"),
    ],
)
def test_sizes_are_short_and_binary(size: int, text: str) -> None:
    assert terminal.size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7620, "2 h 07 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert terminal.duration_text(seconds) == text


@pytest.mark.parametrize("moment", [-(2**63), 2**63, -62_135_596_800_000_001 * 10])
def test_a_time_outside_the_calendar_prints_something(moment: int) -> None:
    assert terminal.time_text(moment).startswith("1970-01-01")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.txt", "plain.txt"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍👧", "👩‍👧"),
        ("a\x1b[2Jb", "a\\u001b[2Jb"),
        ("evil\u202egpj.exe", "evil\\u202egpj.exe"),
        ("two\nlines\r\a", "two\\u000alines\\u000d\\u0007"),
        ("c1\x9b31m", "c1\\u009b31m"),
        ("x" * 1000, "x" * 1000),
    ],
)
def test_nothing_in_a_name_can_drive_a_terminal(name: str, shown: str) -> None:
    assert terminal.safe(name) == shown


def test_names_are_escaped_for_eyes_and_untouched_in_pipes() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert terminal.name_for("a\x1bb", Screen()) == "a\\u001bb"
    assert terminal.name_for("a\x1bb", io.StringIO()) == "a\x1bb"


def test_columns_count_what_the_terminal_draws() -> None:
    assert terminal.cells("漢字") == 4
    assert terminal.padded("漢字", 6) == "漢字  "
    assert terminal.table([["漢字", "1"], ["a", "22"]], right=frozenset({1})) == ["漢字   1", "a     22"]
    assert terminal.table([]) == []


def test_counts_and_plurals() -> None:
    assert terminal.count_text(1, "file") == "1 file"
    assert terminal.count_text(0, "file") == "0 files"
    assert terminal.count_text(12345, "entry", "entries") == "12,345 entries"


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not terminal.is_terminal(stream)
