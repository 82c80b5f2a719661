"""Whom operators shut out: kept, bounded, over in time, and lifted by the guard."""

from pathlib import Path

import pytest

from secure_file_transfer.errors import InvalidRequestError, SessionEndedError, TooManyRequestsError
from secure_file_transfer.model import Account, AccountId, DriveId, Principal, Role, TimeUs, TokenId
from secure_file_transfer.services import bars as module
from secure_file_transfer.services.bars import ACCOUNT, MINUTES_MAX, SOURCE, TOKEN, Bars
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

BOSS = Principal(Account(AccountId(1), "boss", Role.ADMIN, False, DriveId(1), TimeUs(0)), None)


def test_bars_hold_until_their_time_and_over_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    catalog = open_catalog(tmp_path / "catalog.db")
    bars = Bars(catalog, clock)
    bars.put(ACCOUNT, "Sara", 10, "enough", "boss")
    bars.put(SOURCE, "2001:db8::1", 10, "", "boss")
    bars.put(TOKEN, "5", 10, "too fast", "boss")
    for each in (bars, Bars(catalog, clock)):
        with pytest.raises(TooManyRequestsError, match="blocked your sign-ins: enough") as told:
            each.require(ACCOUNT, "sARA")
        assert told.value.seconds == 600
        with pytest.raises(TooManyRequestsError):
            each.require(SOURCE, "2001:db8::ffff")  # the same network
        with pytest.raises(SessionEndedError, match="too fast"):
            each.require_token(TokenId(5))
        each.require(ACCOUNT, "sara2")
        each.require(SOURCE, "2001:db8:1::1")
        each.require_token(TokenId(50))
    clock.advance(600)
    bars.require(ACCOUNT, "sara")
    bars.remove_expired()
    assert catalog.read(lambda tx: tx.bars.all()) == []
    catalog.close()


def test_the_guard_asks_before_a_guess_and_lifts(tmp_path: Path) -> None:
    clock = FakeClock()
    catalog = open_catalog(tmp_path / "catalog.db")
    guard = Guard(clock, bars=Bars(catalog, clock))
    bars = guard._bars
    assert bars is not None
    bars.put(SOURCE, "192.0.2.7", 10, "enough", "boss")
    with pytest.raises(TooManyRequestsError), guard.attempt("192.0.2.7", "sara"):
        raise AssertionError("it was tried")
    (block,) = guard.blocks(BOSS)
    assert (block.kind, block.subject, block.author, block.reason) == ("source", "192.0.2.7", "boss", "enough")
    assert guard.unblock(BOSS, "192.0.2.8") == 0
    assert guard.unblock(BOSS, "192.0.2.7") == 1
    with guard.attempt("192.0.2.7", "sara"):
        pass
    assert guard.blocks(BOSS) == []
    catalog.close()


@pytest.mark.parametrize("minutes", [-1, 0, MINUTES_MAX + 1])
def test_a_time_that_makes_no_sense_is_refused(tmp_path: Path, minutes: int) -> None:
    catalog = open_catalog(tmp_path / "catalog.db")
    with pytest.raises(InvalidRequestError):
        Bars(catalog, FakeClock()).put(ACCOUNT, "sara", minutes, "", "boss")
    catalog.close()


def test_bars_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BARS_MAX", 2)
    catalog = open_catalog(tmp_path / "catalog.db")
    bars = Bars(catalog, FakeClock())
    for name in ("a", "b"):
        bars.put(ACCOUNT, name, 10, "", "boss")
    with pytest.raises(InvalidRequestError):
        bars.put(ACCOUNT, "c", 10, "", "boss")
    catalog.close()
