"""What was deleted and can come back, and what files were before they were replaced."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Conflict, Entry, Kind, TimeUs
from ..paths import RemotePath
from . import wire
from .api import Api
from .how import choice
from .wire_values import flag, hex_digest, listed, members, text_of, time_us, violation, whole

_KINDS = {"file": Kind.FILE, "folder": Kind.FOLDER}


@dataclass(frozen=True, slots=True)
class TrashedInfo:
    """Something in the trash: what it is called, where it lay, who deleted it, and when it goes for good.

    `size` is in bytes, of all that is in it; None for a large folder that was not counted yet.
    """

    id: int
    name: str
    kind: Kind
    folder: str
    deleted_us: TimeUs
    by: str
    expires_us: TimeUs
    size: int | None


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version of a file, by whom and since when. `expires_us` is when it goes; None for the present one."""

    number: int
    current: bool
    size: int
    sha256: bytes
    modified_us: TimeUs
    created_us: TimeUs
    by: str
    expires_us: TimeUs | None


class KeptRequests(Api):
    """The requests about the trash and about versions."""

    async def trash(self) -> Sequence[TrashedInfo]:
        """What lies in our trash, what was deleted last first."""
        found: list[TrashedInfo] = []
        cursor: int | None = None
        while True:
            query = [] if cursor is None else [("cursor", str(cursor))]
            answer = members(await self._call("GET", "/api/v1/trash", query=query), "the trash")
            found += [_trashed(each) for each in listed(answer, "entries")]
            following = None if answer.get("cursor") is None else whole(answer, "cursor")
            if following is None:
                return found
            if cursor is not None and following >= cursor:
                raise violation("the trash goes round in a circle")
            cursor = following

    async def restore(self, number: int, *, conflict: Conflict | str = Conflict.SKIP) -> Entry:
        """Put something back where it was; the result says where it is now.

        Raises:
            NotFoundError: that is not in our trash.
            ExistsError: its name is taken, and `conflict` is skip.
        """
        taken = choice(conflict, (Conflict.SKIP, Conflict.OVERWRITE, Conflict.RENAME)).value
        return wire.entry(await self._call("POST", f"/api/v1/trash/{number}/restore", {"conflict": taken}))

    async def remove_from_trash(self, number: int) -> None:
        """Remove something for good. Raises NotFoundError: that is not in our trash."""
        await self._call("DELETE", f"/api/v1/trash/{number}", expect=(204,))

    async def empty_trash(self) -> int:
        """Remove all that lies in our trash for good; returns how many entries."""
        return wire.count(await self._call("DELETE", "/api/v1/trash"), "removed")

    async def versions(self, path: str) -> Sequence[KeptVersion]:
        """All versions of a file, the present one first. Raises NotFoundError, IsAFolderError."""
        answer = await self._call("GET", _url(path))
        return [_version(each) for each in listed(answer, "versions")]

    async def restore_version(self, path: str, number: int) -> Entry:
        """Make a version the present one; what is there now becomes an earlier one.

        Raises:
            NotFoundError: the file is not there, or has no such version.
        """
        return wire.entry(await self._call("POST", _url(path), {"restore": number}))

    async def remove_version(self, path: str, number: int) -> None:
        """Remove an earlier version of a file of ours for good. Raises NotFoundError, ForbiddenError, ConflictError."""
        await self._call("DELETE", _url(path), query=[("version", str(number))], expect=(204,))


def _url(path: str) -> str:
    return "/api/v1/versions" + RemotePath.parse(path).to_url()


def _trashed(values: object) -> TrashedInfo:
    each = members(values, "an entry of the trash")
    kind = _KINDS.get(text_of(each, "kind"))
    if kind is None:
        raise violation("an entry of the trash is neither file nor folder")
    return TrashedInfo(
        whole(each, "id"),
        text_of(each, "name"),
        kind,
        text_of(each, "folder"),
        time_us(each.get("deleted")),
        text_of(each, "by"),
        time_us(each.get("expires")),
        None if each.get("size") is None else whole(each, "size"),
    )


def _version(values: object) -> KeptVersion:
    each = members(values, "a version")
    return KeptVersion(
        whole(each, "number"),
        flag(each, "current"),
        whole(each, "size"),
        hex_digest(each.get("sha256")),
        time_us(each.get("modified")),
        time_us(each.get("created")),
        text_of(each, "by"),
        None if each.get("expires") is None else time_us(each.get("expires")),
    )
