"""What `sft logs` prints: aligned, within the width, and nothing that moves the terminal."""

import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from secure_file_transfer.client import LogLine
from secure_file_transfer.frontends.cli import logs, values
from secure_file_transfer.frontends.cli.failures import UsageError
from secure_file_transfer.frontends.cli.terminal import cells
from secure_file_transfer.model import Severity, TimeUs

NOW = 1_790_000_000_000_000
Show = Callable[..., list[str]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def line(text: str, **given: object) -> LogLine:
    values: dict[str, object] = {"actor": "sara", "address": "192.0.2.7", "severity": Severity.INFO, **given}
    return LogLine(
        1, TimeUs(NOW), category="file", kind="file.x", door="http", text=text, target="", session=None, request="",
        **values,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    def show(*lines: LogLine, columns: int = 80, terminal: bool = True, colour: bool = False) -> list[str]:
        stream = Terminal() if terminal else io.StringIO()
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        if colour:
            monkeypatch.delenv("NO_COLOR", raising=False)
        else:
            monkeypatch.setenv("NO_COLOR", "1")
        printer = logs._Lines()
        for each in lines:
            printer.show(each)
        return stream.getvalue().splitlines()

    return show


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("text", ["word " * 60, "x" * 300, "گزارش " * 50, "報告書" * 60, "short"])
def test_lines_keep_to_the_width_and_lose_nothing(show: Show, columns: int, text: str) -> None:
    day, *told = show(line(text.strip(), actor="a-rather-long-account-name"), columns=columns)
    assert day.endswith("2026-09-21")
    assert max(map(cells, told)) <= max(columns, 60)
    indent = 19 + min(26, columns // 4)
    joined = "".join(each[indent:] for each in told)
    assert joined.replace(" ", "") == text.replace(" ", "")


def test_the_day_stands_above_its_events_once(show: Show) -> None:
    assert [each[:3] for each in show(line("a"), line("b"))][1:] != ["Mon", "Mon"]
    assert len(show(line("a"), line("b"))) == 3


def test_severities_have_their_colours_and_nothing_else_moves_the_terminal(show: Show) -> None:
    hostile = line("a\x1b[2J\u202eb", severity=Severity.ERROR, actor="\x1b]0;x\x07")
    told = "\n".join(show(hostile, colour=True))
    assert "\x1b[1;31mERROR" in told
    assert r"a\u001b[2J\u202eb" in told
    assert "\x1b" not in "\n".join(show(hostile))


def test_in_a_pipe_each_event_is_one_line(show: Show) -> None:
    (told,) = show(line("word " * 100), terminal=False)
    assert "file.x" in told
    assert "sara 192.0.2.7" in told


@pytest.mark.parametrize(("text", "ago"), [("2h", 7200), ("30m", 1800), ("7d", 7 * 86_400)])
def test_how_long_ago(text: str, ago: int) -> None:
    found = values.moment_of(text, "--since")
    assert found
    assert abs(datetime.now(UTC).timestamp() - found / 1e6 - ago) < 60


def test_a_date_and_a_time_with_a_zone() -> None:
    assert values.moment_of("2026-11-21T09:30:00+00:00", "--since") == 1_795_253_400_000_000
    assert values.moment_of(None, "--since") is None
    for bad in ("soon", "2026-13-01", "0h", "\x1b[2J"):
        with pytest.raises(UsageError, match="is no time") as caught:
            values.moment_of(bad, "--since")
        assert "\x1b" not in str(caught.value)
