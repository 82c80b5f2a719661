"""Reading the log, and its exports: who may, page by page, and nothing in a file that does anything."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from secure_file_transfer.errors import ForbiddenError, InvalidRequestError, SignInRequiredError
from secure_file_transfer.model import (
    Account,
    ApiToken,
    Category,
    LogEvent,
    LogFilter,
    Principal,
    Role,
    Scope,
    Severity,
    TimeUs,
    TokenId,
)
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.services.log import Log
from secure_file_transfer.services.log_export import Form, exported, harmless
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import START_US, FakeClock
from secure_file_transfer.testing.contracts.catalog_kit import new_account

ALL = LogFilter()
HOSTILE = (
    "=1+1",
    '=HYPERLINK("http://evil","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\uff1d1+1",
    "http://evil.example/",
    "mailto:a@example.com",
    "0123",
    "1e5",
    "{=1+1}",
    '"=1+1',
    ",=1+1",
    "';=1+1",
    "a\x1b[2J\x07\x00b",
    "\u202egpj.exe",
    "\ud800",
    "_x000D_",
    "<b>&amp;]]>",
    'DDE("cmd")',
)


def hostile_events() -> Iterator[tuple[int, LogEvent]]:
    for number, text in enumerate(HOSTILE, 1):
        yield (
            number,
            LogEvent(
                TimeUs(START_US + number), Category.FILE, Severity.WARNING, text, text, actor=text, address=text,
                target=text, request=text,
            ),
        )  # fmt: skip


def whole(form: Form) -> bytes:
    return b"".join(exported(hostile_events(), form))


# --- files ------------------------------------------------------------------------------------------------------


def test_attack_44_a_spreadsheet_of_hostile_lines_holds_no_formula_link_or_number() -> None:
    book = openpyxl.load_workbook(io.BytesIO(whole(Form.XLSX)))
    sheet = book["Log"]
    rows = list(sheet.iter_rows())
    assert len(rows) == len(HOSTILE) + 1
    texts = 0
    for row in rows[1:]:
        for at, cell in enumerate(row):
            assert cell.hyperlink is None
            assert cell.data_type == ("n" if at == 0 or cell.value is None else "d" if at == 1 else "s"), cell.value
            texts += cell.data_type == "s"
    assert texts > 6 * len(HOSTILE)
    assert rows[1][8].value == "=1+1"


def test_a_spreadsheet_is_made_to_be_worked_with() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(whole(Form.XLSX)))["Log"]
    assert [cell.value for cell in sheet[1]][:4] == ["number", "time (UTC)", "severity", "category"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:L{len(HOSTILE) + 1}")
    assert sheet.column_dimensions["I"].width > 50
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=START_US)
    told = sheet["B2"].value
    assert isinstance(told, datetime)
    assert abs(told - moment.replace(tzinfo=None)) < timedelta(milliseconds=5)


def test_attack_44_a_table_of_hostile_lines_holds_nothing_that_begins_like_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(whole(Form.CSV).decode(), newline="")))
    assert len(rows) == len(HOSTILE) + 1
    for row in rows[1:]:
        assert len(row) == 12
        for cell in row:
            assert not cell.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
            assert cell.isprintable()
    assert rows[1][8] == "'=1+1"


@pytest.mark.parametrize("form", [Form.TXT, Form.CSV, Form.JSONL])
def test_attack_44_each_event_is_one_line_and_moves_no_terminal(form: Form) -> None:
    lines = whole(form).decode().splitlines()
    assert len(lines) == len(HOSTILE) + (form is Form.CSV)
    for line in lines:
        assert line.isprintable()
    assert r"a\u001b[2J\u0007\u0000b" in "\n".join(lines).replace("\\\\", "\\")


def test_lines_of_json_say_all_of_it() -> None:
    told = [json.loads(line) for line in whole(Form.JSONL).splitlines()]
    assert [each["number"] for each in told] == list(range(1, len(HOSTILE) + 1))
    assert (told[0]["text"], told[0]["severity"], told[0]["session"]) == ("=1+1", "warning", None)


@pytest.mark.parametrize("form", list(Form))
def test_an_empty_log_is_a_good_file(form: Form) -> None:
    content = b"".join(exported([], form))
    if form is Form.XLSX:
        assert len(list(openpyxl.load_workbook(io.BytesIO(content))["Log"].iter_rows())) == 1
    else:
        assert content.count(b"\n") == (form is Form.CSV)


def test_harmless_texts_stay_as_they_are() -> None:
    assert [harmless(text) for text in ("", "a=b", "/a", "'=1")] == ["", "a=b", "/a", "'=1"]


# --- reading ----------------------------------------------------------------------------------------------------


class World:
    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.catalog = open_catalog(path, self.clock)
        self.ada = Principal(new_account(self.catalog, "ada", Role.ADMIN), None)
        self.sara = Principal(new_account(self.catalog, "sara"), None)
        self.kept: list[LogEvent] = []
        self.log = Log(self.catalog, Audit(self.clock, self.kept.append))
        self.catalog.write(lambda tx: tx.log.add([event(at, "sara" if at % 2 else "ada") for at in range(10)]))


def event(at: int, actor: str) -> LogEvent:
    return LogEvent(TimeUs(START_US + at - 5), Category.FILE, Severity.INFO, "file.x", str(at), actor=actor)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "catalog.sqlite3")
    yield world
    world.catalog.close()


def test_pages_lead_to_the_beginning(world: World) -> None:
    found: list[str] = []
    cursor = None
    pages = 0
    while not pages or cursor is not None:
        pages += 1
        page = world.log.newest(world.ada, ALL, cursor=cursor, limit=4)
        found += [each.text for _, each in page.records]
        cursor = page.cursor
    assert found == [str(at) for at in reversed(range(10))]
    assert (pages, page.last) == (3, 10)


def test_following_goes_on_where_it_was(world: World) -> None:
    page = world.log.after(world.ada, ALL, 7, limit=2)
    assert ([each.text for _, each in page.records], page.last) == (["7", "8"], 9)
    page = world.log.after(world.ada, ALL, page.last, limit=2)
    assert ([each.text for _, each in page.records], page.last) == (["9"], 10)
    page = world.log.after(world.ada, LogFilter(actor="nobody"), 0, limit=2)
    assert (page.records, page.last) == ([], 10)


def test_ones_own_events_are_all_that_others_see_and_none_from_before_the_account(world: World) -> None:
    """Attack 30: whoever has the name now did not do what somebody of this name did before."""
    page = world.log.newest(world.sara, LogFilter(actor="ada"), mine=True)
    assert [each.text for _, each in page.records] == ["9", "7", "5"]
    for act in (
        lambda: world.log.newest(world.sara, ALL),
        lambda: world.log.after(world.sara, ALL, 0),
        lambda: world.log.export(world.sara, ALL, Form.TXT),
    ):
        with pytest.raises(ForbiddenError):
            act()
    with pytest.raises(SignInRequiredError):
        world.log.newest(Principal(None, None), ALL, mine=True)


def test_no_token_reads_the_log_of_others(world: World) -> None:
    assert world.ada.account
    account: Account = world.ada.account
    token = ApiToken(TokenId(1), account.id, "ada", "t", frozenset(Scope), "/", account.created_us, None, None, "")
    with pytest.raises(ForbiddenError):
        world.log.newest(replace(world.ada, token=token), ALL)


@pytest.mark.parametrize("cursor", ["", "1", "a-b", "1-", "-1", "1-2-3", "9" * 30 + "-1", "\u0661-\u0662"])
def test_a_cursor_that_is_none_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.log.newest(world.ada, ALL, cursor=cursor)


def test_an_export_ends_with_what_was_there_and_is_written_down(world: World) -> None:
    pieces = world.log.export(world.ada, LogFilter(actor="sara"), Form.JSONL)
    assert [json.loads(line)["text"] for line in b"".join(pieces).splitlines()] == ["1", "3", "5", "7", "9"]
    assert [each.kind for each in world.kept] == ["log.exported"]
