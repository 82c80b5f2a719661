"""The JSON of the block protocol: what is taken, and how results are written."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import SecureFileTransferError
from ...model import BLOCK_SIZE_MAX, BlockId, BlockRef, Conflict
from ...paths import RemotePath
from ...ports import Buffer, Expectation, Written
from ...services.batch_read import Read
from ...services.blocks import MISSING_MAX, Into
from ...services.commits import FILES_MAX, Listed, Result, Small, Terms
from ...transfer.frames import Frame, frame_head
from . import problems, schemas

TAGS_MAX = 16

M = TypeVar("M", bound=BaseModel)
Hex32 = Annotated[str, Field(pattern=r"\A[0-9a-f]{64}\z")]
Token = Annotated[str, Field(pattern=r"\A[0-9a-f]{32}\z")]
Path = Annotated[str, Field(max_length=2 * schemas.TEXT_MAX)]
Tags = Annotated[str, Field(max_length=256)] | Annotated[list[str], Field(max_length=TAGS_MAX)]


class _Taken(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)


class IntoIn(_Taken):
    """The file that blocks shall become."""

    path: Path
    size: Annotated[int, Field(ge=0, lt=2**62)]
    conflict: Literal["overwrite", "skip", "rename", "newer"] = "overwrite"


class MissingIn(_Taken):
    """Which blocks are meant, and what for: a file for which there is no room is refused before it is sent."""

    ids: Annotated[list[Hex32], Field(max_length=MISSING_MAX)]
    into: IntoIn | None = None

    def meant(self) -> Into | None:
        """In the words of the service. Raises InvalidNameError."""
        into = self.into
        return None if into is None else Into(RemotePath.parse(into.path), into.size, Conflict(into.conflict))


class FileIn(_Taken):
    """How one file is to be published. Tags are without quotes; `*` is any file."""

    path: Path
    size: Annotated[int, Field(ge=0, lt=2**62)]
    sha256: Hex32 | None = None
    modified: Annotated[str, Field(max_length=64)] | None = None
    conflict: Literal["overwrite", "skip", "rename", "newer"] = "overwrite"
    parents: bool = False
    if_match: Tags | None = None
    if_none_match: Tags | None = None

    def terms(self) -> Terms:
        """In the words of the service. Raises InvalidRequestError for a time that is none."""
        return Terms(
            self.path,
            Conflict(self.conflict),
            self.parents,
            Expectation(match=_tags(self.if_match), none_match=_tags(self.if_none_match)),
            None if self.modified is None else schemas.read_time(self.modified),
            None if self.sha256 is None else bytes.fromhex(self.sha256),
        )


def _tags(given: str | list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else (given,) if isinstance(given, str) else tuple(given)


class ListedIn(FileIn):
    """A file by its blocks."""

    hint: Token | None = None
    blocks: list[tuple[Hex32, Annotated[int, Field(ge=1, le=BLOCK_SIZE_MAX)]]]

    def listed(self) -> Listed:
        """In the words of the service."""
        manifest = tuple([BlockRef(BlockId(bytes.fromhex(name)), length) for name, length in self.blocks])
        return Listed(self.terms(), self.size, manifest, self.hint)


class CommitIn(_Taken):
    """Files to publish together."""

    files: Annotated[list[ListedIn], Field(max_length=FILES_MAX)]


class ReadIn(_Taken):
    """Files to send together."""

    paths: Annotated[list[Path], Field(max_length=FILES_MAX)]


# --- what is given: these document; the functions below write ---------------------------------------------------


class TransferOut(BaseModel):
    """What the block protocol needs to know before it begins."""

    naming_key: str
    block_min: int
    block_default: int
    block_max: int
    missing_max: int
    batch_bytes_max: int
    batch_file_max: int
    batch_files_max: int
    connections: int
    codings: list[str]


class MissingOut(BaseModel):
    """Which blocks have to be sent."""

    missing: list[str]


class ResultOut(BaseModel):
    """What became of one file: `entry` and `outcome`, or `error`."""

    entry: schemas.EntryOut | None = None
    outcome: Literal["created", "replaced", "skipped"] | None = None
    error: schemas.ProblemOut | None = None


class ResultsOut(BaseModel):
    """What became of each file, in the order of the request."""

    results: list[ResultOut]


class ManifestOut(BaseModel):
    """A file and its blocks: id and length of each, in order."""

    entry: schemas.EntryOut
    naming_key: str
    blocks: list[tuple[str, int]]


def taken(model: type[M], body: Buffer) -> M:
    """A JSON body, checked. Raises RequestValidationError."""
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None


def small(frame: Frame) -> Small:
    """A frame of a batch. Raises RequestValidationError, InvalidRequestError."""
    try:
        wanted = FileIn.model_validate(frame.header)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None
    return Small(wanted.terms(), frame.data)


def results_json(results: Sequence[Result]) -> dict[str, Any]:
    """What became of each file."""
    return {"results": [_result_json(each) for each in results]}


def _result_json(result: Result) -> dict[str, Any]:
    if isinstance(result, Written):
        return {"entry": schemas.entry_json(result.entry), "outcome": result.outcome}
    return {"error": problems.document(result)}


def read_frame(read: Read) -> bytes:
    """One file as a frame."""
    return frame_head(_head(read)) + bytes(read.data)


def _head(read: Read) -> Mapping[str, Any]:
    if read.entry is None:
        return {"path": read.path, "size": 0, "error": problems.document(read.error or SecureFileTransferError())}
    entry = read.entry
    return {
        "path": read.path,
        "size": len(read.data),
        "sha256": entry.sha256.hex() if entry.sha256 else None,
        "modified": schemas.write_time(entry.modified_us),
        "etag": entry.etag,
    }
