"""Versions of files, and the references that their manifests make."""

from collections import Counter
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....errors import BlockDamagedError, ConflictError, NotFoundError, StorageError
from ....model import BlockId, DriveId, Manifest, NodeId, TimeUs, Version, VersionId, VersionInfo
from ....ports import Clock, Kept
from ....seal.manifest import decode_manifest, encode_manifest
from ..sql import Row, Sql, Statement
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
    versions.c.author,
    versions.c.modified_us,
)
_GET = Statement(_COLUMNS.where(versions.c.id == bindparam("version")))
_FIELDS = [each for each in versions.c if not each.name.startswith("kept_")]
_INSERT = Statement(sa.insert(versions).values({each.name: bindparam(each.name) for each in _FIELDS}))
_WENT = (versions.c.manifest, versions.c.size, versions.c.kept_us)
_DELETE = Statement(sa.delete(versions).where(versions.c.id == bindparam("version")).returning(*_WENT))
_DELETE_OF = Statement(sa.delete(versions).where(versions.c.node_id == bindparam("node")).returning(*_WENT))
_KEEP = Statement(
    sa.update(versions)
    .where(versions.c.id == bindparam("version"))
    .values(kept_us=bindparam("now"), kept_in=bindparam("drive"))
)
_OF = Statement(
    sa.select(
        versions.c.id,
        versions.c.size,
        versions.c.sha256,
        versions.c.created_us,
        sa.func.coalesce(versions.c.modified_us, versions.c.created_us),
        versions.c.author,
        versions.c.kept_us,
    )
    .where(versions.c.node_id == bindparam("node"))
    .order_by(versions.c.id.desc())
)
_IS_KEPT = versions.c.kept_us.is_not(None)
_MOST = bindparam("most", type_=sa.Integer)
_KEPT = sa.select(versions.c.id, versions.c.kept_in, versions.c.size).where(_IS_KEPT).order_by(versions.c.kept_us)
_KEPT_BEFORE = Statement(_KEPT.where(versions.c.kept_us < bindparam("before")).limit(_MOST))
_KEPT_IN = Statement(_KEPT.where(versions.c.kept_in == bindparam("drive")).limit(_MOST))
_KEPT_SIZE = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(versions.c.size), 0)).where(
        _IS_KEPT, versions.c.kept_in == bindparam("drive")
    )
)
_CROWDED = Statement(
    sa.select(versions.c.node_id)
    .where(_IS_KEPT)
    .group_by(versions.c.node_id)
    .having(sa.func.count() > bindparam("count"))
    .limit(_MOST)
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
        number, node_id, size, sha256, created_us, manifest, mac, author, modified_us = row
        return Version(number, node_id, size, sha256, created_us, decode_manifest(manifest), mac, author, modified_us)

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
                author=version.author,
                modified_us=version.modified_us,
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

    # --- earlier ones -------------------------------------------------------------------------------------------

    def of(self, node_id: NodeId) -> Sequence[VersionInfo]:
        """All versions of a file, the newest first."""
        return [VersionInfo(*row) for row in self._sql.rows(_OF, node=node_id)]

    def keep(self, version_id: VersionId, drive_id: DriveId, now: TimeUs) -> None:
        """Another is the present one from now on, and this one stays."""
        self._sql.run(_KEEP, version=version_id, drive=drive_id, now=now)

    def kept(self, drive_id: DriveId, limit: int) -> Sequence[Kept]:
        """Earlier versions in a drive, those first that gave way first."""
        return [Kept(*row) for row in self._sql.rows(_KEPT_IN, drive=drive_id, most=limit)]

    def kept_before(self, before: TimeUs, limit: int) -> Sequence[Kept]:
        """Earlier versions that gave way before a time, in all drives."""
        return [Kept(*row) for row in self._sql.rows(_KEPT_BEFORE, before=before, most=limit)]

    def kept_size(self, drive_id: DriveId) -> int:
        """Bytes of all earlier versions in a drive."""
        ((size,),) = self._sql.rows(_KEPT_SIZE, drive=drive_id)
        return int(size)

    def crowded(self, count: int, limit: int) -> Sequence[NodeId]:
        """Files that have more than so many earlier versions."""
        return [NodeId(row[0]) for row in self._sql.rows(_CROWDED, count=count, most=limit)]

    # --- for nodes ----------------------------------------------------------------------------------------------

    def delete_of(self, node_id: NodeId) -> int:
        """Forget every version of a node; returns the bytes of the earlier ones."""
        gone = self._sql.rows(_DELETE_OF, node=node_id)
        self._release(gone)
        return sum(size for _, size, kept in gone if kept is not None)

    def _release(self, gone: list[Row]) -> None:
        counts: Counter[BlockId] = Counter()
        for manifest, *_ in gone:
            try:
                counts.update(_counts(decode_manifest(manifest)))
            except BlockDamagedError:
                # Nobody can tell which blocks it named. They stay: space is lost, and the purge goes on.
                continue
        if counts:
            Blocks(self._sql).release(counts, self._clock.now_us())


def _counts(manifest: Manifest) -> Counter[BlockId]:
    return Counter(ref.id for ref in manifest)
