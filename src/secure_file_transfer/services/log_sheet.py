"""The log as a spreadsheet (Office Open XML), made while it is sent.

A general library took four times as long. What a log needs is little: numbers, times and texts, each of them said to be
one, and there is no way here to write anything else: no formula, no link (attack 44). The parts of the file are packed
as they are made, so it needs neither a disk nor more memory than one piece.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, cast

from secure_file_transfer.paths import escaped
from secure_file_transfer.ports import LogRecord

from .log_text import FIELDS

_ROWS = 1_048_000
_BYTES = 1 << 30
"""A sheet holds little more rows, and its part of the file 2 GiB; the rest goes to the next one."""
_CELL_MAX = 32_767
_PIECE = 256 * 1024
_LEVEL = 3
"""Of compression: 6 takes half as long again for a tenth less."""
_WIDTHS = (10, 24, 10, 15, 22, 18, 24, 8, 70, 40, 10, 26)
_COLUMNS = tuple(zip("ABCDEFGHIJKL", FIELDS, strict=True))
_LAST = _COLUMNS[-1][0]
_MICROSECONDS = 86_400_000_000
_DAYS = 25_569
"""From the beginning of a spreadsheet's time to 1970."""
_BOLD, _TIME = 1, 2
_SPECIAL = re.compile(r"[&<>\ufffe\uffff]|_x|^ | $")
_LOOKS_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss.000"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def sheets(records: Iterable[LogRecord]) -> Iterator[bytes]:
    """The file in pieces. Some may be empty: between two of them one can stop."""
    out, ends, rest = _Out(), list[int](), iter(records)
    following = next(rest, None)
    with zipfile.ZipFile(cast("IO[bytes]", out), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as book:
        while following is not None or not ends:
            with book.open(f"xl/worksheets/sheet{len(ends) + 1}.xml", "w") as part:
                held, row, size = _top(), 1, 0
                while following is not None and row < _ROWS and size < _BYTES:
                    row += 1
                    held += _row(row, following)
                    following = next(rest, None)
                    if len(held) >= _PIECE:
                        size += part.write(held.encode())
                        held = ""
                        yield out.take(_PIECE)
                end = f'</sheetData><autoFilter ref="A1:{_LAST}{max(row, 2)}"/></worksheet>'
                part.write((held + end).encode())
            ends.append(row)
        for name, text in _others(ends):
            book.writestr(name, text)
    yield out.take(0)


class _Out:
    """What the archive writes to, until somebody takes it."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        pass

    def take(self, least: int) -> bytes:
        """What there is, if it is so much."""
        if len(self._held) < least:
            return b""
        taken = bytes(self._held)
        self._held.clear()
        return taken


def _top() -> str:
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(_WIDTHS, 1)
    )
    names = "".join(
        _text(letter, 1, "time (UTC)" if name == "time" else name, f' s="{_BOLD}"') for letter, name in _COLUMNS
    )
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{columns}</cols><sheetData><row r="1">{names}</row>'
    )


def _row(row: int, record: LogRecord) -> str:
    number, event = record
    days = event.at_us / _MICROSECONDS + _DAYS
    cells = [f'<row r="{row}"><c r="A{row}"><v>{number}</v></c><c r="B{row}" s="{_TIME}"><v>{days!r}</v></c>']
    for letter, name in _COLUMNS[2:]:
        value = getattr(event, name)
        if isinstance(value, int):
            cells.append(f'<c r="{letter}{row}"><v>{value}</v></c>')
        elif value:
            cells.append(_text(letter, row, escaped(str(value))))
    cells.append("</row>")
    return "".join(cells)


def _text(letter: str, row: int, text: str, style: str = "") -> str:
    shown, space = text[:_CELL_MAX], ""
    if _SPECIAL.search(shown):
        shown = _LOOKS_CODED.sub("_x005F_", shown).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        shown = shown.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")  # XML has no such characters
        space = ' xml:space="preserve"'
    return f'<c r="{letter}{row}"{style} t="inlineStr"><is><t{space}>{shown}</t></is></c>'


def _others(ends: Sequence[int]) -> Iterator[tuple[str, str]]:
    """The parts that only say what the others are. `ends` is the last row of each sheet."""
    names = ["Log", *(f"Log {number}" for number in range(2, len(ends) + 1))]
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>' for number, name in enumerate(names, 1)
    )
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{at}" hidden="1">'
        f"'{name}'!$A$1:${_LAST}${max(end, 2)}</definedName>"
        for at, (name, end) in enumerate(zip(names, ends, strict=True))
    )
    book = (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>'
        f"<definedNames>{filters}</definedNames></workbook>"
    )
    yield "xl/workbook.xml", book
    parts = [f"worksheets/sheet{number}.xml" for number in range(1, len(ends) + 1)]
    yield "xl/_rels/workbook.xml.rels", _relations([("worksheet", part) for part in parts] + [("styles", "styles.xml")])
    yield "xl/styles.xml", _STYLES
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    kinds = [("workbook.xml", "sheet.main"), ("styles.xml", "styles"), *((part, "worksheet") for part in parts)]
    listed = "".join(f'<Override PartName="/xl/{part}" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in kinds)
    types = (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )
    yield "[Content_Types].xml", types


def _relations(found: Sequence[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(found, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'
