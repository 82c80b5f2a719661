"""Versions of files, and the references that their manifests make."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....errors import BlockDamagedError, ConflictError, NotFoundError, StorageError
from ....model import BlockId, Manifest, NodeId, Version, VersionId
from ....ports import Clock
from ....seal.manifest import decode_manifest, encode_manifest
from ..sql import Sql, Statement
from ..tables import counters, versions
from .blocks import Blocks

_COUNT = Statement(
    insert(counters)
    .values(name="version", value=bindparam("count"))
    .on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + bindparam("count")})
    .returning(counters.c.value)
)
_COLUMNS = sa.select(
    versions.c.id,
    versions.c.node_id,
    versions.c.size,
    versions.c.sha256,
    versions.c.created_us,
    versions.c.manifest,
    versions.c.mac,
)
_GET = Statement(_COLUMNS.where(versions.c.id == bindparam("version")))
_INSERT = Statement(sa.insert(versions).values({each.name: bindparam(each.name) for each in versions.c}))
_DELETE = Statement(sa.delete(versions).where(versions.c.id == bindparam("version")).returning(versions.c.manifest))
_DELETE_OF = Statement(
    sa.delete(versions).where(versions.c.node_id == bindparam("node")).returning(versions.c.manifest)
)


class Versions:
    """See `ports.Versions`."""

    __slots__ = ("_clock", "_sql")

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock

    def next_ids(self, count: int) -> Iterator[VersionId]:
        """Numbers never used before."""
        ((last,),) = self._sql.rows(_COUNT, count=count)
        return map(VersionId, range(last - count + 1, last + 1))

    def get(self, version_id: VersionId) -> Version | None:
        """The version, or None.

        Raises:
            BlockDamagedError: its manifest cannot be read.
        """
        row = self._sql.row(_GET, version=version_id)
        if row is None:
            return None
        number, node_id, size, sha256, created_us, manifest, mac = row
        return Version(number, node_id, size, sha256, created_us, decode_manifest(manifest), mac)

    def insert(self, version: Version) -> None:
        """Record it, and count one reference for every entry of its manifest.

        Raises:
            StorageError: a block of the manifest has no row. To publish it would lose data, so it is refused; it
                can only happen when the sweep took a block that a writer still counted on.
            NotFoundError: there is no such node.
        """
        try:
            self._sql.run(
                _INSERT,
                id=version.id,
                node_id=version.node_id,
                size=version.size,
                sha256=version.sha256,
                created_us=version.created_us,
                manifest=encode_manifest(version.manifest),
                mac=version.mac,
            )
        except ConflictError:
            raise NotFoundError("The file that this is a version of is gone") from None
        if not Blocks(self._sql).hold(_counts(version.manifest)):
            raise StorageError(
                "A block of the new version is no longer stored, so it was not published", hint="Send the file again."
            )

    def delete(self, version_id: VersionId) -> None:
        """Forget it and release its blocks. One that is not there is fine."""
        self._release(self._sql.rows(_DELETE, version=version_id))

    # --- for nodes ----------------------------------------------------------------------------------------------

    def delete_of(self, node_id: NodeId) -> None:
        """Forget every version of a node."""
        self._release(self._sql.rows(_DELETE_OF, node=node_id))

    def _release(self, manifests: list[tuple[bytes]]) -> None:
        counts: Counter[BlockId] = Counter()
        for (manifest,) in manifests:
            try:
                counts.update(_counts(decode_manifest(manifest)))
            except BlockDamagedError:
                # Nobody can tell which blocks it named. They stay: space is lost, and the purge goes on.
                continue
        if counts:
            Blocks(self._sql).release(counts, self._clock.now_us())


def _counts(manifest: Manifest) -> Counter[BlockId]:
    return Counter(ref.id for ref in manifest)
