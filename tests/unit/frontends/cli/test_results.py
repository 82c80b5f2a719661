from pathlib import Path

import pytest

from secure_file_transfer.client import Progress, Transferred
from secure_file_transfer.errors import (
    ForbiddenError,
    MaintenanceError,
    NotFoundError,
    SecureFileTransferError,
    UnreachableError,
)
from secure_file_transfer.frontends.cli.progress import Display
from secure_file_transfer.frontends.cli.results import Tally


def failed(error: SecureFileTransferError) -> Transferred:
    return Transferred(Path("x"), "/x", "failed", error=error)


FINE = Transferred(Path("y"), "/y", "created")


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], 0),
        ([FINE, FINE], 0),
        ([failed(NotFoundError())], 3),
        ([failed(NotFoundError()), FINE], 1),
        ([failed(NotFoundError()), failed(NotFoundError())], 1),
        ([failed(NotFoundError()), failed(ForbiddenError())], 1),
        ([failed(UnreachableError()), failed(UnreachableError())], 7),
        ([failed(UnreachableError()), FINE], 1),
        ([failed(UnreachableError()), failed(NotFoundError())], 1),
    ],
)
def test_the_exit_code_of_many_items(results: list[Transferred], code: int) -> None:
    tally = Tally()
    for result in results:
        tally.add(result)
    assert tally.finish() == code


def test_what_concerns_all_items_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    for _ in range(30):
        tally.add(failed(MaintenanceError("The server is in maintenance: back at 18:00")))
    assert tally.finish() == 75
    told = capsys.readouterr().err
    assert told.count("back at 18:00") == 1
    assert "and 29 more failed" in told


def test_what_concerns_single_items_is_told_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    for _ in range(12):
        tally.add(failed(NotFoundError("not there")))
    tally.finish()
    told = capsys.readouterr().err
    assert (told.count("not there"), "and 2 more failed" in told) == (10, True)


class Ticks:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_summary_counts_only_the_time_of_transfers(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Ticks()
    display = Display(quiet=False, clock=clock)
    clock.now += 60
    for _ in range(2):
        with display.watch("x") as tell:
            assert tell is None, "nobody looks"
            clock.now += 2
    display.summary(3, 1_288_490_188)
    assert capsys.readouterr().err == "3 files, 1.2 GiB in 4.0 s, 307 MiB/s, SHA-256 verified\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"files": 0, "size": 0}, "0 files"),
        ({"files": 1, "size": 12}, "1 file, 12 B in 0.0 s, SHA-256 verified"),
        ({"files": 0, "size": 0, "skipped": 2, "failed": 1}, "0 files, 2 skipped, 1 failed"),
    ],
)
def test_summaries(arguments: dict[str, int], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    Display(quiet=False, clock=Ticks()).summary(**arguments)  # type: ignore[arg-type]
    assert capsys.readouterr().err == f"{line}\n"
    Display(quiet=True, clock=Ticks()).summary(**arguments)  # type: ignore[arg-type]
    assert capsys.readouterr().err == ""


async def test_the_bar_shows_files_amount_and_the_current_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("secure_file_transfer.frontends.cli.progress.is_terminal", lambda _: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    with Display(quiet=False).watch("photos") as tell:
        assert tell is not None
        tell(Progress("photos/\x1b[2Jevil.jpg", 3 << 20, 10 << 20, 3, 12))
    shown = capsys.readouterr().err
    assert "3/12 files" in shown
    assert "3.0 MiB of 10.0 MiB" in shown
    assert "30%" in shown
    assert "photos/\\u001b[2Jevil.jpg" in shown
