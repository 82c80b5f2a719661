"""What every catalog promises about endings, bars and warnings."""

import pytest

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import AccountId, Bar, SessionId, TimeUs, Warned, WarningId
from secure_file_transfer.ports import Catalog

from .catalog_kit import HOSTILE, NOW, CatalogBase, new_account

TEXT = " ".join(HOSTILE)


def session(catalog: Catalog, account_id: AccountId, token: bytes) -> SessionId:
    ends = TimeUs(NOW + 1000)
    return catalog.write(lambda tx: tx.sessions.create(account_id, token, "http", "::1", "test", NOW, ends)).id


class ControlContract(CatalogBase):
    def test_the_reason_of_an_ending_outlives_the_session(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        first, second = (session(catalog, account.id, token) for token in (b"one", b"two"))
        assert catalog.write(lambda tx: tx.endings.end(first, TEXT, NOW, 10))
        assert catalog.read(lambda tx: tx.sessions.get(first)) is None
        assert catalog.read(lambda tx: tx.sessions.get(second)) is not None
        assert catalog.read(lambda tx: tx.endings.reason(first)) == TEXT
        assert catalog.read(lambda tx: tx.endings.reason_of_token(b"one")) == TEXT
        assert catalog.read(lambda tx: tx.endings.reason(second)) is None
        assert catalog.read(lambda tx: tx.endings.reason_of_token(b"two")) is None
        assert not catalog.write(lambda tx: tx.endings.end(first, "again", NOW, 10))
        assert catalog.read(lambda tx: tx.endings.reason(first)) == TEXT

    def test_reasons_are_bounded_and_forgotten(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        ids = [session(catalog, account.id, b"%d" % number) for number in range(5)]
        for at, each in enumerate(ids):
            catalog.write(lambda tx, each=each, at=at: tx.endings.end(each, "x", TimeUs(NOW + at), 3))  # type: ignore[misc]
        kept = [each for each in ids if catalog.read(lambda tx, each=each: tx.endings.reason(each))]  # type: ignore[misc]
        assert kept == ids[2:]
        assert catalog.write(lambda tx: tx.endings.delete_before(TimeUs(NOW + 4))) == 2
        assert catalog.read(lambda tx: tx.endings.reason(ids[4])) == "x"

    def test_bars_replace_each_other_and_end(self, catalog: Catalog) -> None:
        first = Bar("account", "sara", "a", "boss", NOW, TimeUs(NOW + 10))
        second = Bar("account", "sara", TEXT, "boss", NOW, TimeUs(NOW + 20))
        other = Bar("source", "sara", "", "boss", TimeUs(NOW + 1), TimeUs(NOW + 5))
        for each in (first, second, other):
            catalog.write(lambda tx, each=each: tx.bars.put(each))  # type: ignore[misc]
        assert catalog.read(lambda tx: tx.bars.all()) == [second, other]
        assert catalog.write(lambda tx: tx.bars.delete_expired(TimeUs(NOW + 5))) == 1
        assert catalog.read(lambda tx: tx.bars.all()) == [second]
        catalog.write(lambda tx: tx.bars.delete("account", "sara"))
        catalog.write(lambda tx: tx.bars.delete("account", "sara"))
        assert catalog.read(lambda tx: tx.bars.all()) == []

    def test_a_warning_is_acknowledged_once(self, catalog: Catalog) -> None:
        account = new_account(catalog, "sara")
        number = catalog.write(lambda tx: tx.warnings.create(account.id, None, "sara", "boss", TEXT, NOW))
        other = catalog.write(lambda tx: tx.warnings.create(None, SessionId(7), "link #1", "boss", "b", NOW))
        warned = Warned(number, account.id, None, "sara", "boss", TEXT, NOW)
        assert catalog.read(lambda tx: tx.warnings.get(number)) == warned
        assert [each.id for each in catalog.read(lambda tx: tx.warnings.open(10))] == [number, other]
        assert catalog.write(lambda tx: tx.warnings.acknowledge(number, TimeUs(NOW + 1)))
        assert not catalog.write(lambda tx: tx.warnings.acknowledge(number, TimeUs(NOW + 2)))
        assert not catalog.write(lambda tx: tx.warnings.acknowledge(WarningId(4711), NOW))
        latest = catalog.read(lambda tx: tx.warnings.latest(10))
        assert [(each.id, each.acknowledged_us) for each in latest] == [(other, None), (number, NOW + 1)]
        assert [each.id for each in catalog.read(lambda tx: tx.warnings.open(10))] == [other]
        assert len(catalog.read(lambda tx: tx.warnings.latest(1))) == 1
        assert catalog.write(lambda tx: tx.warnings.delete_before(TimeUs(NOW + 1))) == 2

    def test_a_warning_needs_its_account(self, catalog: Catalog) -> None:
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.warnings.create(AccountId(4711), None, "x", "boss", "a", NOW))
