import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import (
    ExistsError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    SecureFileTransferError,
    SignInRequiredError,
)
from secure_file_transfer.model import LEVELS, Conflict, Principal, Rights
from secure_file_transfer.ports import Expectation, Written
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.testing.contracts.tree_kit import ANYTHING, NEW, OLD, at, names, pattern, read, write
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world

WHO = Principal(None, None)
DROP, CONTRIBUTE = LEVELS["dropbox"], LEVELS["contributor"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        world.tree.make_folder(at("/d"))
        write(world.tree, "/d/f", OLD)
        write(world.tree, "/f", OLD)
        yield world


def files_with(world: VaultWorld, rights: Rights, **options: Any) -> Files:
    return Files(Access(guest_tree=world.tree, guest_rights=rights), **options)


def put(
    files: Files,
    path: str,
    data: bytes = NEW,
    *,
    conflict: Conflict = Conflict.OVERWRITE,
    expect: Expectation = ANYTHING,
    parents: bool = False,
) -> Written:
    draft = files.draft(WHO, at(path), parents=parents)
    try:
        draft.append(data)
        assert draft.size == len(data)
        return draft.commit(conflict=conflict, expect=expect, sha256=hashlib.sha256(data).digest(), size=len(data))
    finally:
        draft.abort()


def get(files: Files, path: str) -> bytes:
    content = files.open(WHO, at(path))
    try:
        return b"".join(bytes(piece) for piece in content.chunks(0, content.entry.size))
    finally:
        content.close()


# --- what each verb needs ---------------------------------------------------------------------------------------

VERBS: dict[str, tuple[Rights, Callable[[Files], object]]] = {
    "stat": (Rights.READ, lambda files: files.stat(WHO, at("/f"))),
    "list": (Rights.READ, lambda files: files.list(WHO, at("/"))),
    "open": (Rights.READ, lambda files: get(files, "/f")),
    "usage": (Rights.READ, lambda files: files.usage(WHO)),
    "make_folder": (Rights.READ | Rights.CREATE, lambda files: files.make_folder(WHO, at("/new"))),
    "remove": (Rights.READ | Rights.DELETE, lambda files: files.remove(WHO, at("/f"))),
    "move": (
        Rights.READ | Rights.DELETE | Rights.CREATE,
        lambda files: files.move(WHO, at("/f"), at("/g")),
    ),
    "move over": (
        Rights.ALL,
        lambda files: files.move(WHO, at("/f"), at("/d/f"), conflict=Conflict.OVERWRITE),
    ),
    "copy": (Rights.READ | Rights.CREATE, lambda files: files.copy(WHO, at("/f"), at("/g"))),
    "copy over": (
        Rights.READ | Rights.CREATE | Rights.WRITE,
        lambda files: files.copy(WHO, at("/f"), at("/d/f"), conflict=Conflict.OVERWRITE),
    ),
    "replace": (
        Rights.WRITE,
        lambda files: put(files, "/f", expect=Expectation(match=("*",))),
    ),
}


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_a_verb_with_too_few_rights_changes_nothing(world: VaultWorld, verb: str) -> None:
    needed, act = VERBS[verb]
    before, refused = state(world), 0
    for held in map(Rights, range(16)):
        if needed in held:
            continue
        expected = (ForbiddenError,) if Rights.READ in held else (NotFoundError, PreconditionFailedError)
        with pytest.raises(expected):
            act(files_with(world, held))
        assert state(world) == before
        refused += 1
    assert refused == 16 - 2 ** (4 - needed.bit_count())


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_a_verb_with_just_the_rights_it_needs_is_done(world: VaultWorld, verb: str) -> None:
    needed, act = VERBS[verb]
    act(files_with(world, needed))


def state(world: VaultWorld) -> list[tuple[str, bytes | None]]:
    return [(e.path, e.sha256) for folder in ("/", "/d") for e in world.tree.list(at(folder)).entries]


def test_one_with_all_rights_can_do_everything(world: VaultWorld) -> None:
    files = files_with(world, Rights.ALL)
    assert put(files, "/a/b/c", parents=True).outcome == "created"
    assert put(files, "/a/b/c", OLD).outcome == "replaced"
    assert get(files, "/a/b/c") == OLD
    assert files.make_folder(WHO, at("/a/x/y"), parents=True).path == "/a/x/y"
    assert [e.name for e in files.list(WHO, at("/a")).entries] == ["b", "x"]
    with pytest.raises(NotFoundError):
        put(files, "/no/b/c")
    assert put(files, "/f", conflict=Conflict.SKIP).outcome == "skipped"
    assert put(files, "/f", conflict=Conflict.RENAME).entry.path == "/f (1)"


@pytest.mark.parametrize("conflict", [Conflict.NEWER, Conflict.RESUME])
def test_moving_and_copying_know_three_choices(world: VaultWorld, conflict: Conflict) -> None:
    files = files_with(world, Rights.ALL)
    for act in (files.move, files.copy):
        with pytest.raises(InvalidRequestError):
            act(WHO, at("/f"), at("/g"), conflict=conflict)


# --- create without write ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rights", [DROP, CONTRIBUTE])
@pytest.mark.parametrize("conflict", [Conflict.OVERWRITE, Conflict.RENAME, Conflict.NEWER, Conflict.RESUME])
def test_whoever_may_only_create_never_replaces(world: VaultWorld, rights: Rights, conflict: Conflict) -> None:
    written = put(files_with(world, rights), "/f", conflict=conflict)
    assert (written.outcome, written.entry.path) == ("created", "/f (1)")
    assert (read(world.tree, "/f"), read(world.tree, "/f (1)")) == (OLD, NEW)


def test_whoever_sees_what_is_there_may_choose_to_skip(world: VaultWorld) -> None:
    assert put(files_with(world, CONTRIBUTE), "/f", conflict=Conflict.SKIP).outcome == "skipped"
    with pytest.raises(PreconditionFailedError):
        put(files_with(world, CONTRIBUTE), "/f", expect=Expectation(none_match=("*",)))
    with pytest.raises(ForbiddenError):
        put(files_with(world, CONTRIBUTE), "/f", expect=Expectation(match=("*",)))
    assert names(world.tree) == ["d", "f"]


# --- create without read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("conflict", list(Conflict))
@pytest.mark.parametrize("expected", ["nothing", "a new file", "this very file", "any file", "another file"])
def test_a_drop_box_answers_alike_whether_the_name_is_taken_or_not(
    world: VaultWorld, conflict: Conflict, expected: str
) -> None:
    """Only the name that the new file got tells; docs/security.md says so."""
    etag = world.tree.stat(at("/f")).etag
    expect = {
        "nothing": ANYTHING,
        "a new file": Expectation(none_match=("*",)),
        "this very file": Expectation(match=(etag,)),
        "any file": Expectation(match=("*",)),
        "another file": Expectation(match=("x",)),
    }[expected]
    files = files_with(world, DROP)

    def answer(path: str) -> str:
        try:
            return put(files, path, conflict=conflict, expect=expect).outcome
        except SecureFileTransferError as error:
            return error.code

    answers = {answer(path) for path in ("/f", "/d", "/free")}
    assert answers == ({"created"} if expect.match is None else {"precondition_failed"})
    assert read(world.tree, "/f") == OLD


def test_a_drop_box_takes_a_file_with_the_name_of_a_folder_under_another_name(world: VaultWorld) -> None:
    world.tree.make_folder(at("/d (1)"))
    assert put(files_with(world, DROP), "/d").entry.path == "/d (2)"


@pytest.mark.parametrize("parents", [False, True])
@pytest.mark.parametrize("path", ["/d/new", "/d/f", "/f/new", "/nothing/new"])
def test_a_drop_box_has_no_folders_to_find(world: VaultWorld, path: str, parents: bool) -> None:
    with pytest.raises(NotFoundError) as refused:
        put(files_with(world, DROP), path, parents=parents)
    assert str(refused.value) == f"'{path.rsplit('/', 1)[0]}' is not there"
    assert names(world.tree) == ["d", "f"]


def test_a_drop_box_takes_a_file_at_the_top_when_parents_are_asked_for(world: VaultWorld) -> None:
    assert put(files_with(world, DROP), "/new", parents=True).outcome == "created"


# --- write without create ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rights", [Rights.WRITE | Rights.READ, Rights.WRITE])
def test_whoever_may_only_replace_creates_nothing(world: VaultWorld, rights: Rights) -> None:
    files = files_with(world, rights)
    assert put(files, "/f").outcome == "replaced"
    for options in ({}, {"conflict": Conflict.RENAME}, {"expect": Expectation(none_match=("*",))}):
        with pytest.raises(SecureFileTransferError) as refused:
            put(files, "/new", **options)
        assert refused.value.code in {"forbidden", "not_found"}
    with pytest.raises((ForbiddenError, NotFoundError)):
        put(files, "/x/y", parents=True)
    assert names(world.tree) == ["d", "f"]


def test_whoever_may_only_replace_keeps_their_own_expectation(world: VaultWorld) -> None:
    with pytest.raises(PreconditionFailedError):
        put(files_with(world, Rights.WRITE | Rights.READ), "/f", expect=Expectation(match=("old",)))


# --- sessions that end ------------------------------------------------------------------------------------------


class Sessions:
    def __init__(self) -> None:
        self.ended = False
        self.asked = 0

    def check(self, principal: Principal) -> None:
        assert principal is WHO
        self.asked += 1
        if self.ended:
            raise SignInRequiredError("The session has ended")


def test_a_download_stops_at_the_next_piece_once_the_session_has_ended(world: VaultWorld) -> None:
    sessions = Sessions()
    files = files_with(world, Rights.ALL, alive=sessions.check)
    put(files, "/large", pattern(3 * BLOCK))
    content = files.open(WHO, at("/large"))
    pieces = content.chunks(0, 3 * BLOCK)
    next(pieces)
    sessions.ended = True
    with pytest.raises(SignInRequiredError):
        next(pieces)
    content.close()


@pytest.mark.parametrize("step", ["append", "commit"])
def test_an_upload_is_not_published_once_the_session_has_ended(world: VaultWorld, step: str) -> None:
    sessions = Sessions()
    draft = files_with(world, Rights.ALL, alive=sessions.check).draft(WHO, at("/new"))
    draft.append(NEW)
    assert sessions.asked == 1
    sessions.ended = True
    with pytest.raises(SignInRequiredError):
        draft.append(NEW) if step == "append" else draft.commit()
    draft.abort()
    assert names(world.tree) == ["d", "f"]


# --- what was removed -------------------------------------------------------------------------------------------


def test_whoever_gives_back_space_is_told_of_removals(world: VaultWorld) -> None:
    told: list[int] = []
    files = files_with(world, Rights.ALL, on_removed=lambda: told.append(1))
    put(files, "/g")
    files.copy(WHO, at("/g"), at("/h"))
    files.move(WHO, at("/h"), at("/i"))
    with pytest.raises(ExistsError):
        files.move(WHO, at("/i"), at("/g"))
    assert told == []
    files.move(WHO, at("/i"), at("/g"), conflict=Conflict.OVERWRITE)
    files.remove(WHO, at("/g"))
    assert told == [1, 1]
