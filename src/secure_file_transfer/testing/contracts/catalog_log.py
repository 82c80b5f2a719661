"""What every catalog promises about the log."""

import pytest

from secure_file_transfer.model import Category, LogEvent, LogFilter, SessionId, Severity, TimeUs
from secure_file_transfer.ports import Catalog

from .catalog_kit import HOSTILE, NOW, CatalogBase

ALL = LogFilter()


def event(at: int, text: str = "", **given: object) -> LogEvent:
    values: dict[str, object] = {"category": Category.FILE, "severity": Severity.INFO, "kind": "file.created", **given}
    return LogEvent(TimeUs(NOW + at), text=text, **values)  # type: ignore[arg-type]


def written(catalog: Catalog, *events: LogEvent) -> list[int]:
    return list(catalog.write(lambda tx: tx.log.add(events)))


def texts(catalog: Catalog, wanted: LogFilter = ALL, limit: int = 100) -> list[str]:
    """Newest first, and the other way round they are the same ones."""
    newest = [each.text for _, each in catalog.read(lambda tx: tx.log.newest(wanted, None, limit))]
    oldest = [each.text for _, each in catalog.read(lambda tx: tx.log.after(wanted, 0, 100))]
    assert set(newest) <= set(oldest)
    return newest


class LogContract(CatalogBase):
    def test_an_event_is_found_as_it_was_written_down(self, catalog: Catalog) -> None:
        assert catalog.read(lambda tx: tx.log.last()) == 0
        whole = event(
            1, "a", severity=Severity.ERROR, actor="sara", address="::1", door="http", target="/a b",
            session=SessionId(7), request="r1",
        )  # fmt: skip
        one, two = written(catalog, whole, event(2, "b"))
        assert one < two == catalog.read(lambda tx: tx.log.last())
        assert catalog.read(lambda tx: tx.log.after(ALL, 0, 9)) == [(one, whole), (two, event(2, "b"))]
        assert catalog.read(lambda tx: tx.log.after(ALL, one, 9)) == [(two, event(2, "b"))]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (LogFilter(since_us=NOW + 3), ["d", "c"]),
            (LogFilter(until_us=NOW + 3), ["b", "a"]),
            (LogFilter(categories=(Category.SHARING, Category.SERVER)), ["c", "a"]),
            (LogFilter(severity=Severity.INFO), ["d", "b", "a"]),
            (LogFilter(severity=Severity.WARNING), ["d", "b"]),
            (LogFilter(severity=Severity.ERROR), ["d"]),
            (LogFilter(actor="sara"), ["b", "a"]),
            (LogFilter(address="::1"), ["c"]),
            (LogFilter(door="ftps"), ["c"]),
            (LogFilter(session=7), ["d", "b"]),
            (LogFilter(request="r1"), ["a"]),
            (LogFilter(search="FOLDER/B"), ["b"]),
            (LogFilter(actor="sara", session=7, severity=Severity.WARNING, since_us=NOW + 1), ["b"]),
            (LogFilter(actor="sara", door="ftps"), []),
        ],
    )
    def test_every_filter_finds_just_those(self, catalog: Catalog, wanted: LogFilter, found: list[str]) -> None:
        written(
            catalog,
            event(1, "a", category=Category.SERVER, actor="sara", request="r1"),
            event(2, "b", severity=Severity.WARNING, actor="sara", session=SessionId(7), target="/Folder/b"),
            event(3, "c", category=Category.SHARING, severity=Severity.DEBUG, address="::1", door="ftps"),
            event(4, "d", severity=Severity.ERROR, session=SessionId(7), actor="omid"),
        )
        assert texts(catalog, wanted) == found

    def test_the_latest_come_first_by_time_and_then_by_number(self, catalog: Catalog) -> None:
        """The wall clock may jump back, and two events may have the same time."""
        written(catalog, event(5, "a"), event(3, "b"), event(5, "c"), event(4, "d"))
        assert texts(catalog) == ["c", "a", "d", "b"]

    @pytest.mark.parametrize("wanted", [ALL, LogFilter(severity=Severity.WARNING)])
    def test_page_by_page_each_comes_once(self, catalog: Catalog, wanted: LogFilter) -> None:
        written(catalog, *(event(at // 3, str(at), severity=list(Severity)[at % 4]) for at in range(40)))
        whole = texts(catalog, wanted)
        paged: list[str] = []
        before: tuple[int, int] | None = None
        while page := catalog.read(lambda tx, before=before: tx.log.newest(wanted, before, 7)):  # type: ignore[misc]
            paged += [each.text for _, each in page]
            before = page[-1][1].at_us, page[-1][0]
        assert paged == whole
        assert len(whole) == (40 if wanted is ALL else 20)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_any_text_is_only_a_text(self, catalog: Catalog, text: str) -> None:
        written(catalog, event(1, text, actor=text, target=text), event(2, "other"))
        assert texts(catalog, LogFilter(search=text)) == [text]
        assert texts(catalog, LogFilter(actor=text)) == [text]

    def test_the_old_ones_are_forgotten_a_batch_at_a_time(self, catalog: Catalog) -> None:
        written(catalog, *(event(at, str(at)) for at in range(10)))
        assert catalog.write(lambda tx: tx.log.delete_before(TimeUs(NOW + 4), 3)) == 3
        assert catalog.write(lambda tx: tx.log.delete_before(TimeUs(NOW + 4), 3)) == 1
        assert catalog.write(lambda tx: tx.log.delete_before(TimeUs(NOW + 4), 3)) == 0
        assert texts(catalog, limit=9) == ["9", "8", "7", "6", "5", "4"]

    def test_no_more_than_so_many_are_kept(self, catalog: Catalog) -> None:
        written(catalog, *(event(at, str(at)) for at in range(10)))
        number = catalog.read(lambda tx: tx.log.beyond(4))
        assert [catalog.write(lambda tx: tx.log.delete_through(number, 5)) for _ in range(3)] == [5, 1, 0]
        assert texts(catalog) == ["9", "8", "7", "6"]
        assert catalog.read(lambda tx: tx.log.beyond(4)) == catalog.read(lambda tx: tx.log.beyond(100)) == 0

    def test_the_number_of_an_event_is_never_used_again(self, catalog: Catalog) -> None:
        (first,) = written(catalog, event(1, "a"))
        catalog.write(lambda tx: tx.log.delete_through(first, 5))
        (second,) = written(catalog, event(1, "b"))
        assert second > first
