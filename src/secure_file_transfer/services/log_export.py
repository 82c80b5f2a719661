"""The log as a file: a spreadsheet, a table, lines of text, or lines of JSON, made piece by piece.

Nothing in it can do anything (attack 44). What could move a terminal is shown as its code. In the spreadsheet every
text is a text by its type, never a formula, a link or a number. A table of comma-separated values has no types, so
there a text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP has it.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from secure_file_transfer.ports import LogRecord

from .log_sheet import sheets
from .log_text import FIELDS, record_json

PIECE = 256 * 1024
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a formula begins with, also in the wide forms that some spreadsheets read alike."""


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
        return sheets(records)
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
