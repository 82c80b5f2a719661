"""The choice `resume` on the way up: what stands under a path on the server, and whether it is what is here."""

from collections.abc import Sequence

from ..errors import ForbiddenError, NotAFolderError, NotFoundError, SignInRequiredError
from ..model import Entry, Kind
from ..paths import RemotePath
from .api import Api
from .local import SourceFile
from .many import side_by_side

_STATS_MAX = 8
"""More files than this of one folder are looked up by listing it."""
_SECOND_US = 1_000_000


async def standing(api: Api, targets: Sequence[RemotePath]) -> dict[RemotePath, Entry]:
    """The files that are at these paths. What may not be looked at counts as nothing."""
    folders: dict[RemotePath, list[RemotePath]] = {}
    for target in targets:
        folders.setdefault(target.parent, []).append(target)
    found: dict[RemotePath, Entry] = {}

    async def look(folder: RemotePath) -> None:
        wanted = folders[folder]
        try:
            if len(wanted) <= _STATS_MAX:
                for target in wanted:
                    found.update(await _stat(api, target))
                return
            names = {target.name: target for target in wanted}
            async for entry in api.list(str(folder)):
                if entry.name in names:
                    found[names[entry.name]] = entry
        except (NotFoundError, NotAFolderError, ForbiddenError, SignInRequiredError):
            pass

    await side_by_side(list(folders), look, api.connections)
    return {path: entry for path, entry in found.items() if entry.kind is Kind.FILE}


async def _stat(api: Api, target: RemotePath) -> dict[RemotePath, Entry]:
    try:
        return {target: await api.stat(str(target))}
    except NotFoundError:
        return {}


def same(there: Entry, source: SourceFile) -> bool:
    """Whether the server has what was read, by size and SHA-256."""
    return there.size == source.size and there.sha256 == source.sha256


def looks_same(there: Entry, source: SourceFile) -> bool:
    """Where the server does not know the digest: whether size and time, to the second, are the same."""
    return (
        there.sha256 is None
        and there.size == source.size
        and there.modified_us // _SECOND_US == source.modified_us // _SECOND_US
    )


def same_unsent(there: Entry, source: SourceFile) -> bool:
    """Whether the server has what is here; reads the file for that alone, and only if its size is the same."""
    if there.size != source.size or there.sha256 is None:
        return False
    other = SourceFile(source.path)
    try:
        while other.read():
            pass
        return same(there, other)
    finally:
        other.close()
