"""What each kind of job does. Everything a person may do by one request they may let a job do, with the same rights."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from secure_file_transfer.errors import (
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
)
from secure_file_transfer.model import Conflict, DriveId, Entry, Job, JobKind, Kind, Page, Principal
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Content, Expectation, FileTree, check_journey

from .accounts import require_operator
from .archive import SELECTION_MAX, zip_stream
from .files import Files
from .job_verify import Findings, Walk, verify_file
from .shared import SHARED
from .vault_nodes import taken

_ROOT = RemotePath()
_NEW = Expectation(none_match=("*",))

Drives = Callable[[], Sequence[tuple[DriveId, str, FileTree]]]
"""All drives that there are: number, owner's name, files."""


class Run(Protocol):
    """A job that is under way, as the work that it does sees it."""

    @property
    def job(self) -> Job:
        """What it is."""

    @property
    def who(self) -> Principal:
        """Whose rights it has."""

    @property
    def files(self) -> Files:
        """With the rights that `who` has at each moment."""

    @property
    def drives(self) -> Drives:
        """All there are, for operators."""

    def step(self, size: int = 0, items: int = 0) -> None:
        """So much more is done. Raises when it must go no further."""

    def say(self, message: str) -> None:
        """What it does now."""

    def expect(self, size: int, items: int) -> None:
        """So much is to be done in all."""

    def mark(self, place: Callable[[], Mapping[str, Any]]) -> None:
        """A place where it could go on after a restart; asked for now and then."""


# --- before it begins -------------------------------------------------------------------------------------------------


def checked(files: Files, who: Principal, kind: JobKind, what: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for in its one form. Refuses already what could only fail.

    Raises:
        InvalidRequestError, InvalidNameError, NotFoundError, ForbiddenError, ExistsError, ConflictError
    """
    if kind in {JobKind.COPY, JobKind.MOVE}:
        source, target, conflict = _path(what, "source"), _path(what, "target"), Conflict(what["conflict"])
        check_journey(source, target, conflict)
        files.may_relocate(who, source, target, conflict, moving=kind is JobKind.MOVE)
        _require_free(files, who, target, conflict)
        return {"source": str(source), "target": str(target), "conflict": conflict.value}
    if kind is JobKind.ZIP:
        return _checked_zip(files, who, what)
    everything = bool(what.get("all"))
    path = _path(what, "path")
    if everything:
        require_operator(who)
        path = _ROOT
    else:
        files.stat(who, path)
    return {"path": str(path), "all": everything}


def _checked_zip(files: Files, who: Principal, what: Mapping[str, Any]) -> dict[str, Any]:
    paths = list(dict.fromkeys(RemotePath.parse(each) for each in what["paths"]))
    target, conflict = _path(what, "target"), Conflict(what["conflict"])
    if not 1 <= len(paths) <= SELECTION_MAX:
        raise InvalidRequestError(f"An archive is made of 1 to {SELECTION_MAX} paths, not {len(paths)}").because(
            "selection", most=SELECTION_MAX
        )
    if conflict not in {Conflict.SKIP, Conflict.OVERWRITE, Conflict.RENAME}:
        raise InvalidRequestError(f"'{conflict}' is no choice here", hint="Choose skip, overwrite or rename.")
    for path in paths:
        files.stat(who, path)
    _require_free(files, who, target, conflict)
    files.draft(who, target).abort()
    return {"paths": [str(path) for path in paths], "target": str(target), "conflict": conflict.value}


def _path(what: Mapping[str, Any], name: str) -> RemotePath:
    return RemotePath.parse(what[name])


def _require_free(files: Files, who: Principal, target: RemotePath, conflict: Conflict) -> None:
    """A name that is taken is refused now: nobody wants to hear of it an hour later. What cannot be seen is free."""
    if conflict is Conflict.SKIP:
        try:
            files.stat(who, target)
        except (NotFoundError, ForbiddenError):
            return
        raise taken(target)


# --- at work ----------------------------------------------------------------------------------------------------------


def perform(run: Run) -> Mapping[str, Any]:
    """Do it, and return the result, as JSON would say it. Raises what its work raises."""
    kind = JobKind(run.job.kind)
    if kind is JobKind.ZIP:
        return _zip(run)
    if kind is JobKind.VERIFY:
        return _verify_all(run) if run.job.what["all"] else _verify(run)
    return _relocate(run, moving=kind is JobKind.MOVE)


def _relocate(run: Run, *, moving: bool) -> Mapping[str, Any]:
    what = run.job.what
    source, target = _path(what, "source"), _path(what, "target")
    if not moving or run.files.goes_across(run.who, source, target):
        run.say("counting")
        _count(run, [source])
    run.say("moving" if moving else "copying")
    act = run.files.move if moving else run.files.copy
    return published(act(run.who, source, target, conflict=Conflict(what["conflict"])))


def published(entry: Entry) -> dict[str, Any]:
    """The result of a job that put something somewhere."""
    if entry.kind is Kind.FOLDER:
        return {"path": entry.path}
    return {"path": entry.path, "size": entry.size, "sha256": entry.sha256.hex() if entry.sha256 else None}


def _zip(run: Run) -> Mapping[str, Any]:
    what = run.job.what
    paths, target = [RemotePath.parse(each) for each in what["paths"]], _path(what, "target")
    conflict = Conflict(what["conflict"])
    run.say("counting")
    _count(run, paths)
    run.say("packing")
    draft = run.files.draft(run.who, target, size=None)
    try:
        for piece in zip_stream(run.files, run.who, paths, run.step):
            draft.append(piece)
        run.step()
        if conflict is Conflict.SKIP:
            try:
                return published(draft.commit(expect=_NEW).entry)
            except PreconditionFailedError:
                raise taken(target) from None
        return published(draft.commit(conflict=conflict).entry)
    finally:
        draft.abort()


def _verify(run: Run) -> Mapping[str, Any]:
    place, path = run.job.place, _path(run.job.what, "path")
    entry = run.files.stat(run.who, path)
    found = Findings.read(place)
    listing = _listing(run)
    if entry.kind is Kind.FILE:
        run.expect(entry.size, 1)
        verify_file(partial(_open, run, path), entry, str(path), found, run.step)
        return found.value()
    skip = SHARED if path.is_root else None  # those are their owners' to verify, or asked for by name
    if place is None or "at" not in place:
        run.say("counting")
        run.expect(*_sum(run, iter(Walk(listing, path, skip=skip))))
    run.say("verifying")
    walk = Walk(listing, path, place["at"] if place and "at" in place else None, skip)
    for below, each in walk:
        run.mark(lambda: {"at": walk.place, "found": found.value()})
        if each.kind is Kind.FILE:
            verify_file(partial(_open, run, below), each, str(below), found, run.step)
        else:
            run.step(0, 1)
    return found.value()


def _verify_all(run: Run) -> Mapping[str, Any]:
    """Every drive, whoever owns it. What is in a file is read here and shown to nobody."""
    place = run.job.place if run.job.place and "at" in run.job.place else None
    drives, found = run.drives(), Findings.read(place)
    if place is None:
        run.say("counting")
        sums = [_sum(run, iter(Walk(_tree_listing(tree), _ROOT))) for _, _, tree in drives]
        run.expect(sum(size for size, _ in sums), sum(items for _, items in sums))
    for number, owner, tree in drives:
        if place is not None and number < place["drive"]:
            continue
        at = place["at"] if place is not None and number == place["drive"] else None
        run.say(f"verifying the files of {owner}")
        walk = Walk(_tree_listing(tree), _ROOT, at)
        for path, entry in walk:
            run.mark(lambda: {"drive": number, "at": walk.place, "found": found.value()})  # noqa: B023 - asked at once
            if entry.kind is Kind.FILE:
                verify_file(partial(tree.open, path), entry, f"{owner}:{path}", found, run.step)
            else:
                run.step(0, 1)
    return found.value()


def _open(run: Run, path: RemotePath) -> Content:
    return run.files.open(run.who, path)


def _listing(run: Run) -> Callable[[RemotePath, str | None, int], Page]:
    return lambda path, cursor, limit: run.files.list(run.who, path, cursor=cursor, limit=limit)


def _tree_listing(tree: FileTree) -> Callable[[RemotePath, str | None, int], Page]:
    return lambda path, cursor, limit: tree.list(path, cursor=cursor, limit=limit)


def _count(run: Run, paths: Sequence[RemotePath]) -> None:
    """Say how much there is at these paths."""
    size = items = 0
    for path in paths:
        entry = run.files.stat(run.who, path)
        size, items = size + entry.size, items + (not path.is_root)
        if entry.kind is Kind.FOLDER:
            more = _sum(run, iter(Walk(_listing(run), path)))
            size, items = size + more[0], items + more[1]
    run.expect(size, items)


def _sum(run: Run, entries: Iterator[tuple[RemotePath, Entry]]) -> tuple[int, int]:
    size = items = 0
    for _, entry in entries:
        run.step()
        size, items = size + entry.size, items + 1
    return size, items
