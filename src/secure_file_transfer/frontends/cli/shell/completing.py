"""What Tab offers: commands, names there, names here. Silent when anything is in the way, and never for long."""

import asyncio
import os
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ....errors import SecureFileTransferError
from ....model import LEVELS, Kind
from ....paths import RemotePath
from ..connection import connected
from ..failures import UsageError
from ..terminal import safe
from .lexer import MARK, Line, is_pattern, plain, quoted, read
from .table import VERBS, Verb, Words, find

_SECONDS = 1.0
"""Longer than this nobody waits for Tab."""
_FRESH_SECONDS = 5.0
_FOLDERS_MAX = 8
_NAMES_MAX = 5000
_OFFERED_MAX = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to complete to: what is added at the cursor, and what people see."""

    insert: str
    shown: str


@dataclass(frozen=True, slots=True)
class _Name:
    name: str
    folder: bool


class Listings:
    """Folders of the server as they were a moment ago."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[RemotePath, tuple[float, list[_Name]]] = OrderedDict()

    def forget(self) -> None:
        """Something may have changed."""
        self._kept.clear()

    async def beginning(self, folder: RemotePath, beginning: str) -> list[_Name]:
        """The names in a folder that begin like this; those that arrived in time."""
        moment, names = self._kept.get(folder, (float("-inf"), []))
        if self._clock() - moment < _FRESH_SECONDS:
            return [each for each in names if each.name.startswith(beginning)][:_OFFERED_MAX]
        found: list[_Name] = []
        try:
            async with asyncio.timeout(_SECONDS):
                await self._fetch(folder, beginning, found)
        except (SecureFileTransferError, UsageError, TimeoutError):
            pass
        return found

    async def _fetch(self, folder: RemotePath, beginning: str, found: list[_Name]) -> None:
        names: list[_Name] = []
        async with connected(None) as client:
            async for entry in client.list(str(folder)):
                each = _Name(entry.name, entry.kind is Kind.FOLDER)
                if len(names) <= _NAMES_MAX:
                    names.append(each)
                if each.name.startswith(beginning):
                    found.append(each)
                    if len(found) == _OFFERED_MAX:
                        return
        if len(names) <= _NAMES_MAX:
            self._kept[folder] = self._clock(), names
            while len(self._kept) > _FOLDERS_MAX:
                self._kept.popitem(last=False)


async def choices(text: str, cwd: RemotePath, listings: Listings) -> list[Choice]:
    """What may follow `text`, which is a line up to the cursor."""
    try:
        line = read(text)
    except UsageError:
        return []
    if line.cut or line.comment:
        return []
    words = line.statements[-1]
    word = words.pop() if line.in_word else ""
    if is_pattern(word):
        return []
    if not words:
        return _commands(plain(word))
    verb = find(plain(words[0]).removeprefix("-"))
    if verb is None:
        return []
    if word.startswith("-"):
        return _texts(_options(verb), plain(word), line)
    at = sum(1 for each in words[1:] if not each.startswith("-"))
    return await _arguments(verb.words, at, word, line, cwd, listings)


async def _arguments(kind: Words, at: int, word: str, line: Line, cwd: RemotePath, listings: Listings) -> list[Choice]:
    if kind is Words.COMMAND:
        return _commands(plain(word))
    if kind is Words.SHARE and at:
        return _texts(LEVELS, plain(word), line) if at == 2 else []
    found: list[Choice] = []
    if kind in _THERE or (kind is Words.PUT and at):
        found += await _remote(word, line, cwd, listings, folders=kind is Words.FOLDER)
    if kind in _HERE or (kind is Words.GET and at):
        found += await asyncio.to_thread(_local, word, line)
    return found


_THERE = frozenset({Words.REMOTE, Words.MOVE, Words.FOLDER, Words.NEW, Words.LIST, Words.GET, Words.MGET, Words.SHARE})
_HERE = frozenset({Words.LOCAL, Words.PUT, Words.MPUT})


def _commands(typed: str) -> list[Choice]:
    """Commands as they are typed: in capitals those of FTP."""
    lower = sorted(verb.name for verb in VERBS if verb.name.startswith(typed))
    upper = sorted(name for verb in VERBS for name in verb.others if name.isupper() and name.startswith(typed))
    names = lower if not typed or lower else upper
    return _ended([Choice(name[len(typed) :], name) for name in names], Line())


def _options(verb: Verb) -> list[str]:
    """The long options of a command."""
    from .helppage import HIDDEN
    from .running import parser

    arguments = parser()[verb.name].assemble_argument_collection(parse_docstring=False)
    names = [name for argument in arguments if argument.show for name in argument.names]
    return [name for name in names if name.startswith("--") and name not in HIDDEN]


def _texts(texts: Iterable[str], typed: str, line: Line) -> list[Choice]:
    return _ended([Choice(text[len(typed) :], text) for text in texts if text.startswith(typed)], line)


async def _remote(word: str, line: Line, cwd: RemotePath, listings: Listings, *, folders: bool) -> list[Choice]:
    folder, _, beginning = unicodedata.normalize("NFC", plain(word)).rpartition("/")
    try:
        where = cwd.walk(folder or ("/" if word.startswith("/") else ""))
    except SecureFileTransferError:
        return []
    names = await listings.beginning(where, beginning)
    return _offered([each for each in names if each.folder or not folders], beginning, line)


def _local(word: str, line: Line) -> list[Choice]:
    text = plain(word)
    folder, beginning = os.path.split(text)
    try:
        where = Path(folder or ".")
        with os.scandir(where.expanduser() if word.startswith(f"{MARK}~") else where) as entries:
            names = sorted((_Name(entry.name, entry.is_dir()) for entry in entries), key=lambda each: each.name)
    except (OSError, ValueError, RuntimeError):
        return []
    return _offered([each for each in names if each.name.startswith(beginning)], beginning, line)


def _offered(names: list[_Name], beginning: str, line: Line) -> list[Choice]:
    """Names as choices. One that a terminal could not show as it is, is not offered: nobody would know what it is."""
    shown = [each for each in names if safe(each.name) == each.name and (beginning or not each.name.startswith("."))]
    return _ended(
        [
            Choice(quoted(each.name[len(beginning) :], line.quote) + "/" * each.folder, each.name + "/" * each.folder)
            for each in shown[:_OFFERED_MAX]
        ],
        line,
    )


def _ended(found: list[Choice], line: Line) -> list[Choice]:
    """The only choice ends its word, unless it is a folder, into which people go on."""
    if len(found) == 1 and not found[0].shown.endswith("/"):
        return [Choice(f"{found[0].insert}{line.quote} ", found[0].shown)]
    return found
