"""Uploads, and the references that their blocks make."""

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import NotFoundError, StorageError
from ....model import AccountId, BlockRef, Conflict, DriveId, Manifest, TimeUs, Upload, UploadId
from ....ports import Clock
from ..sql import Row, Sql, Statement
from ..tables import upload_blocks, uploads
from .blocks import Blocks

_FIELDS = (
    uploads.c.name,
    uploads.c.account_id,
    uploads.c.drive_id,
    uploads.c.path,
    uploads.c.length,
    uploads.c.offset,
    uploads.c.modified_us,
    uploads.c.conflict,
    uploads.c.concat,
    uploads.c.metadata,
    uploads.c.expires_us,
    uploads.c.published,
    uploads.c.sha256,
    uploads.c.link_id,
)
_THIS = uploads.c.name == bindparam("upload")
_ITS = upload_blocks.c.upload_id == bindparam("number")
_INSERT = Statement(sa.insert(uploads).values({each.name: bindparam(each.name) for each in _FIELDS}))
_GET = Statement(sa.select(*_FIELDS).where(_THIS))
_NUMBER = Statement(sa.select(uploads.c.id).where(_THIS))
_COUNT = Statement(sa.select(sa.func.count()).where(uploads.c.account_id == bindparam("account")))
_UNFINISHED = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(uploads.c.offset), 0)).where(
        uploads.c.drive_id == bindparam("drive"), uploads.c.published.is_(None)
    )
)
_NEWEST = Statement(
    sa.select(*_FIELDS)
    .where(
        uploads.c.account_id == bindparam("account"),
        uploads.c.drive_id == bindparam("drive"),
        uploads.c.path == bindparam("target"),
        uploads.c.published.is_(None),
        # What visitors of links send is theirs alone.
        uploads.c.link_id.is_(None),
    )
    .order_by(uploads.c.id.desc())
    .limit(1)
)
_SET_LENGTH = Statement(sa.update(uploads).where(_THIS).values(length=bindparam("total")))
_MOVE = Statement(
    sa.update(uploads).where(_THIS).values(offset=uploads.c.offset + bindparam("more"), expires_us=bindparam("expires"))
)
_PUBLISH = Statement(sa.update(uploads).where(_THIS).values(published=bindparam("where"), sha256=bindparam("digest")))
_EXPIRED = Statement(
    sa.select(uploads.c.name)
    .where(sa.or_(uploads.c.expires_us <= bindparam("now"), uploads.c.account_id.is_(None)))
    .limit(bindparam("most", type_=sa.Integer))
)
_DELETE = Statement(sa.delete(uploads).where(_THIS))

_BLOCKS = Statement(
    sa.select(upload_blocks.c.block_id, upload_blocks.c.length).where(_ITS).order_by(upload_blocks.c.position)
)
_TAIL = Statement(
    sa.select(upload_blocks.c.block_id, upload_blocks.c.length, upload_blocks.c.position)
    .where(_ITS)
    .order_by(upload_blocks.c.position.desc())
    .limit(bindparam("most", type_=sa.Integer))
)
_INSERT_BLOCK = Statement(
    sa.insert(upload_blocks).values({each.name: bindparam(each.name) for each in upload_blocks.c})
)
_DELETE_BLOCKS = Statement(
    sa.delete(upload_blocks)
    .where(_ITS, upload_blocks.c.position >= bindparam("first"))
    .returning(upload_blocks.c.block_id, upload_blocks.c.length)
)


class Uploads:
    """See `ports.Uploads`."""

    __slots__ = ("_clock", "_sql")

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock

    def create(self, upload: Upload) -> None:
        """Record a new one, without blocks."""
        self._sql.run(
            _INSERT,
            name=upload.id,
            account_id=upload.account_id,
            drive_id=upload.drive_id,
            path=upload.path,
            length=upload.length,
            offset=upload.offset,
            modified_us=upload.modified_us,
            conflict=upload.conflict.value,
            concat=upload.concat,
            metadata=upload.metadata,
            expires_us=upload.expires_us,
            published=upload.published,
            sha256=upload.sha256,
            link_id=upload.link_id,
        )

    def get(self, upload_id: UploadId) -> Upload | None:
        """The upload, or None."""
        return _upload(self._sql.row(_GET, upload=upload_id))

    def newest(self, account_id: AccountId, drive_id: DriveId, path: str) -> Upload | None:
        """The unfinished one to that place that was begun last, or None."""
        return _upload(self._sql.row(_NEWEST, account=account_id, drive=drive_id, target=path))

    def count(self, account_id: AccountId) -> int:
        """How many an account has."""
        ((count,),) = self._sql.rows(_COUNT, account=account_id)
        return int(count)

    def unfinished(self, drive_id: DriveId) -> int:
        """Bytes of a drive's uploads that are no files yet."""
        ((size,),) = self._sql.rows(_UNFINISHED, drive=drive_id)
        return int(size)

    def manifest(self, upload_id: UploadId) -> Manifest:
        """All its blocks, in order; none for an upload that is not there."""
        number = self._number(upload_id)
        return tuple([BlockRef(*row) for row in self._sql.rows(_BLOCKS, number=number)])

    def tail(self, upload_id: UploadId, limit: int) -> Manifest:
        """Its last blocks, at most `limit`, in order."""
        rows = self._sql.rows(_TAIL, number=self._number(upload_id), most=limit)
        return tuple([BlockRef(block_id, length) for block_id, length, _ in reversed(rows)])

    def set_length(self, upload_id: UploadId, length: int) -> None:
        """From now on its length is known."""
        self._sql.run(_SET_LENGTH, upload=upload_id, total=length)

    def extend(self, upload_id: UploadId, drop: int, blocks: Sequence[BlockRef], expires: TimeUs) -> None:
        """Release the last `drop` blocks, put `blocks` in their place, and let it live until `expires`."""
        number = self._number(upload_id)
        if number is None:
            raise NotFoundError("This upload is not there any more")
        last = self._sql.row(_TAIL, number=number, most=1)
        first = (last[2] + 1 if last else 0) - drop
        dropped = self._sql.rows(_DELETE_BLOCKS, number=number, first=first)
        self._sql.many(
            _INSERT_BLOCK,
            (
                {"upload_id": number, "position": first + at, "block_id": ref.id, "length": ref.length}
                for at, ref in enumerate(blocks)
            ),
        )
        if not Blocks(self._sql).hold(Counter(ref.id for ref in blocks)):
            raise StorageError(
                "A block of the upload is no longer stored, so it was not recorded", hint="Continue the upload."
            )
        self._release(dropped)
        more = sum(ref.length for ref in blocks) - sum(length for _, length in dropped)
        self._sql.run(_MOVE, upload=upload_id, more=more, expires=expires)

    def publish(self, upload_id: UploadId, path: str, sha256: bytes) -> None:
        """Note what became of it, and release its blocks."""
        self._sql.run(_PUBLISH, upload=upload_id, where=path, digest=sha256)
        self._drop_blocks(upload_id)

    def expired(self, now: TimeUs, limit: int) -> Sequence[UploadId]:
        """Those whose time is up, or whose account is gone."""
        return [UploadId(name) for (name,) in self._sql.rows(_EXPIRED, now=now, most=limit)]

    def delete(self, upload_id: UploadId) -> None:
        """Forget it and release its blocks."""
        self._drop_blocks(upload_id)
        self._sql.run(_DELETE, upload=upload_id)

    def _number(self, upload_id: UploadId) -> int | None:
        row = self._sql.row(_NUMBER, upload=upload_id)
        return row[0] if row else None

    def _drop_blocks(self, upload_id: UploadId) -> None:
        self._release(self._sql.rows(_DELETE_BLOCKS, number=self._number(upload_id), first=0))

    def _release(self, dropped: list[Row]) -> None:
        if dropped:
            Blocks(self._sql).release(Counter(block_id for block_id, _ in dropped), self._clock.now_us())


def _upload(row: Row | None) -> Upload | None:
    if row is None:
        return None
    fields = dict(zip([each.name for each in _FIELDS], row, strict=True))
    fields["id"] = fields.pop("name")
    return Upload(**{**fields, "conflict": Conflict(fields["conflict"])})
