"""What the words of a line mean where one stands: paths here and there, and the files that a pattern matches."""

import fnmatch
import glob
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import NotAFolderError, NotFoundError, TooLargeError
from ....model import Entry, Kind
from ....paths import RemotePath, display
from ..connection import connected, run
from ..failures import UsageError
from ..options import STDIO
from .lexer import MARK, is_pattern, pattern, plain

if TYPE_CHECKING:
    from ....client import AsyncClient

MATCHES_MAX = 10_000
"""What one pattern may stand for: a folder of a million files is fetched with `get -r`, not with a star."""


def there(cwd: RemotePath, word: str) -> str:
    """The absolute path on the server that a word means, with a slash at the end if it can only be a folder."""
    text = unicodedata.normalize("NFC", plain(word))
    path = cwd.walk(text)
    folder = text.endswith("/") or text.rpartition("/")[2] in {".", ".."}
    return f"{path}/" if folder and not path.is_root else str(path)


def all_there(cwd: RemotePath, words: Sequence[str]) -> list[str]:
    """The same for several words, each pattern replaced by what matches it.

    Raises:
        NotFoundError: nothing does.
        TooLargeError: too much does.
    """
    found: list[str] = []
    for word in words:
        if word == STDIO or not is_pattern(word):
            found.append(word if word == STDIO else there(cwd, word))
        else:
            found += [entry.path for entry in run(_matching(cwd, word))]
    return found


async def _matching(cwd: RemotePath, word: str) -> list[Entry]:
    async with connected(None) as client:
        return await matching(client, cwd, word)


async def matching(client: "AsyncClient", cwd: RemotePath, word: str) -> list[Entry]:
    """What a pattern stands for, by name, with the paths that we asked for, whatever the server calls them.

    As everywhere, a name that begins with a dot is matched only by a pattern that does.

    Raises:
        NotFoundError, TooLargeError
    """
    from dataclasses import replace

    text = unicodedata.normalize("NFC", word)
    parts = [part for part in text.split("/") if part not in {"", "."}]
    folders = [RemotePath() if text.startswith("/") else cwd]
    found: list[Entry] = []
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        found = []
        for folder in folders:
            async for entry in _named(client, folder, part, last=last):
                found.append(replace(entry, path=str(folder / entry.name)))
                if len(found) > MATCHES_MAX:
                    raise TooLargeError(
                        f"More than {MATCHES_MAX:,} names match {display(plain(word))}",
                        hint="Narrow it down, or take the whole folder with -r.",
                    )
        if not last:
            folders = _folders(folders, part, found)
    if not found:
        raise NotFoundError(f"Nothing matches {display(plain(word))}", hint="See what is there with 'ls'.")
    return found


def _folders(folders: list[RemotePath], part: str, found: list[Entry]) -> list[RemotePath]:
    """Where the next part of a pattern is looked for."""
    if is_pattern(part):
        return [RemotePath.parse(entry.path) for entry in found if entry.kind is Kind.FOLDER]
    return [folder.walk(plain(part)) for folder in folders]


async def _named(client: "AsyncClient", folder: RemotePath, part: str, *, last: bool) -> AsyncIterator[Entry]:
    """The entries of a folder that one part of a pattern means."""
    if is_pattern(part):
        fits = _fitting(part)
        with suppress(NotFoundError):  # gone since it was listed
            async for entry in client.list(str(folder)):
                if fits(entry.name):
                    yield entry
    elif last:
        with suppress(NotFoundError, NotAFolderError):
            yield await client.stat(str(folder.walk(plain(part))))


def _fitting(part: str) -> Callable[[str], bool]:
    fits = re.compile(fnmatch.translate(pattern(part))).match
    hidden = plain(part).startswith(".")
    return lambda name: fits(name) is not None and (hidden or not name.startswith("."))


def here(word: str) -> str:
    """The path of this computer that a word means; `~` is the home."""
    text = plain(word)
    return str(Path(text).expanduser()) + text[len(text.rstrip("/")) :] if word.startswith(f"{MARK}~") else text


def all_here(words: Sequence[str]) -> list[str]:
    """The same for several words, each pattern replaced by what matches it.

    Raises:
        NotFoundError: nothing does.
    """
    found: list[str] = []
    for word in words:
        if not is_pattern(word):
            found.append(here(word))
            continue
        wanted = pattern(word)
        if word.startswith(f"{MARK}~"):
            wanted = str(Path(wanted).expanduser())
        names = sorted(glob.glob(wanted))  # noqa: PTH207 - a Path forgets a leading ./ and the final slash
        if not names:
            raise NotFoundError(f"Nothing here matches {display(plain(word))}", hint="See what is here with 'lls'.")
        found += names
    return found


def one_here(word: str) -> str:
    """The one path of this computer that a word means.

    Raises:
        NotFoundError: nothing matches it.
        UsageError: more than one does.
    """
    found = all_here([word])
    if len(found) > 1:
        raise UsageError(f"{display(plain(word))} matches {len(found):,} names here", hint="Name one of them.")
    return found[0]
