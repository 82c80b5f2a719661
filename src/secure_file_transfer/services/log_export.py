"""The log as a file: a spreadsheet, a table, lines of text, or lines of JSON, made piece by piece.

Nothing in it can do anything (attack 44). What could move a terminal is shown as its code. In the spreadsheet every
text is a text by its type, never a formula, a link or a number. A table of comma-separated values has no types, so
there a text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP has it.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from secure_file_transfer.ports import LogRecord

from .log_text import FIELDS, moment, record_json

PIECE = 256 * 1024
_SHEET_ROWS = 1_048_000
"""A little less than a sheet holds; the rest goes to the next one."""
_WIDTHS = (10, 24, 10, 15, 22, 18, 24, 8, 70, 40, 10, 26)
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a formula begins with, also in the wide forms that some spreadsheets read alike."""
_EPOCH_OF_SHEETS = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's times have no zone; ours are UTC
_TIME, _LAST = FIELDS.index("time"), len(FIELDS) - 1
_STEP = 1000
"""Rows of a spreadsheet between two empty pieces: it is whole before its first byte, and somebody may not wait."""


class Form(StrEnum):
    """What kind of file."""

    XLSX = "xlsx"
    TXT = "txt"
    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES = {
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.TXT: "text/plain; charset=utf-8",
    Form.CSV: "text/csv; charset=utf-8; header=present",
    Form.JSONL: "application/jsonl; charset=utf-8",
}


def exported(records: Iterable[LogRecord], form: Form) -> Iterator[bytes]:
    """The file in pieces. Some may be empty: between two of them one can stop."""
    if form is Form.XLSX:
        return _xlsx(records)
    lines = {Form.TXT: _txt, Form.CSV: _csv, Form.JSONL: _jsonl}[form]
    return _gathered(lines(records))


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def line_of(told: dict[str, Any]) -> str:
    """An event as one line."""
    who = " ".join(filter(None, (told["actor"], told["address"], told["door"]))) or "-"
    target = f"  [{told['target']}]" if told["target"] and told["target"] not in told["text"] else ""
    return f"{told['time']}  {told['severity'].upper():7}  {told['kind']:20}  {who}  {told['text']}{target}"


def _gathered(lines: Iterator[str]) -> Iterator[bytes]:
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= PIECE:
            yield "".join(held).encode()
            held, size = [], 0
    if held:
        yield "".join(held).encode()


def _txt(records: Iterable[LogRecord]) -> Iterator[str]:
    for record in records:
        yield line_of(record_json(record)) + "\n"


def _jsonl(records: Iterable[LogRecord]) -> Iterator[str]:
    for record in records:
        yield json.dumps(record_json(record), ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv(records: Iterable[LogRecord]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")  # RFC 4180
    writer.writerow(FIELDS)
    for record in records:
        told = record_json(record)
        writer.writerow(
            [harmless(value) if isinstance(value := told[name], str) else "" if value is None else value
             for name in FIELDS]
        )  # fmt: skip
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _xlsx(records: Iterable[LogRecord]) -> Iterator[bytes]:
    from xlsxwriter import Workbook  # only who exports pays for the import

    with tempfile.TemporaryDirectory(prefix="sft-log-") as folder:
        path = Path(folder, "log.xlsx")
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": folder,
        }
        book = Workbook(path, options)
        try:
            for rows, _ in enumerate(_filled(book, records)):
                if rows % _STEP == 0:
                    yield b""
            book.close()  # not where the reader has left: it would all be packed for nobody
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def _filled(book: Any, records: Iterable[LogRecord]) -> Iterator[None]:
    """Write the rows, one with each step."""
    bold = book.add_format({"bold": True})
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
    sheet, row = _sheet(book, bold, ""), 0
    for record in records:
        if row == _SHEET_ROWS:
            sheet.autofilter(0, 0, row, _LAST)
            sheet, row = _sheet(book, bold, f" {len(book.worksheets()) + 1}"), 0
        row += 1
        _write(sheet, row, record, time)
        yield
    sheet.autofilter(0, 0, max(row, 1), _LAST)


def _write(sheet: Any, row: int, record: LogRecord, time: Any) -> None:
    days = (moment(record[1].at_us).replace(tzinfo=None) - _EPOCH_OF_SHEETS).total_seconds() / 86_400
    for at, value in enumerate(record_json(record).values()):
        if at == _TIME:
            sheet.write_number(row, at, days, time)
        elif isinstance(value, int):
            sheet.write_number(row, at, value)
        elif value:
            sheet.write_string(row, at, value)


def _sheet(book: Any, bold: Any, suffix: str) -> Any:
    sheet = book.add_worksheet(f"Log{suffix}")
    for at, width in enumerate(_WIDTHS):
        sheet.set_column(at, at, width)
    sheet.freeze_panes(1, 0)
    for at, name in enumerate(FIELDS):
        sheet.write_string(0, at, f"{name} (UTC)" if name == "time" else name, bold)
    return sheet
