"""Several folders and files under one root: what is there, what is not, and that the root stays as it is."""

from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    ForbiddenError,
    InvalidRequestError,
    IsAFolderError,
    NotFoundError,
)
from secure_file_transfer.model import Conflict, Kind, SortKey, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.joined import JoinedTree, Place
from secure_file_transfer.storage.folder import FolderTree, SingleFile
from secure_file_transfer.testing.clock import FakeClock


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    (tmp_path / "music").mkdir()
    (tmp_path / "note.txt").write_bytes(b"note!")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return tmp_path


@pytest.fixture
def tree(disk: Path) -> JoinedTree:
    clock = FakeClock()
    return JoinedTree(
        {
            "photos": Place(FolderTree(disk / "photos", clock), at("/"), Kind.FOLDER),
            "note.txt": Place(SingleFile(disk / "note.txt", clock), at("/note.txt"), Kind.FILE),
            "tunes": Place(FolderTree(disk / "music", clock), at("/"), Kind.FOLDER),
        }
    )


def names(tree: JoinedTree, path: str = "/", **how: object) -> list[str]:
    return [each.path for each in tree.list(at(path), **how).entries]  # type: ignore[arg-type]


def test_the_root_holds_each_by_its_name_and_nothing_beside_it(tree: JoinedTree) -> None:
    assert names(tree) == ["/photos", "/tunes", "/note.txt"]
    assert names(tree, sort=SortKey.NAME, descending=True) == ["/tunes", "/photos", "/note.txt"]
    assert names(tree, "/photos") == ["/photos/sub", "/photos/cat.jpg"]
    assert tree.stat(at("/note.txt")).size == 5
    assert tree.stat(at("/")).kind is Kind.FOLDER
    for path in ("/secret.txt", "/music", "/note.txt/x", "/photos/../secret.txt"[:7] + "none", "/cat.jpg"):
        with pytest.raises(NotFoundError):
            tree.stat(at(path))


def test_the_root_is_listed_in_pages(tree: JoinedTree) -> None:
    first = tree.list(at("/"), limit=2)
    assert first.cursor is not None
    rest = tree.list(at("/"), limit=2, cursor=first.cursor)
    assert [each.name for each in (*first.entries, *rest.entries)] == ["photos", "tunes", "note.txt"]
    assert rest.cursor is None
    with pytest.raises(InvalidRequestError):
        tree.list(at("/"), cursor="x")


def test_content_comes_and_goes_under_the_paths_that_are_shown(tree: JoinedTree, disk: Path) -> None:
    content = tree.open(at("/photos/cat.jpg"))
    assert content.entry.path == "/photos/cat.jpg"
    assert b"".join(map(bytes, content.chunks(0, 3))) == b"cat"
    content.close()
    draft = tree.draft(at("/tunes/song"))
    draft.append(b"la")
    assert draft.size == 2
    assert draft.commit().entry.path == "/tunes/song"
    assert (disk / "music" / "song").read_bytes() == b"la"
    assert tree.make_folder(at("/tunes/new")).path == "/tunes/new"
    assert tree.move(at("/tunes/song"), at("/tunes/new/song")).path == "/tunes/new/song"
    assert tree.copy(at("/tunes/new/song"), at("/tunes/song")).path == "/tunes/song"
    assert tree.set_modified(at("/tunes/song"), TimeUs(5_000_000)).modified_us == 5_000_000
    tree.remove(at("/tunes/new"), recursive=True)
    assert names(tree, "/tunes") == ["/tunes/song"]
    usage = tree.usage()
    assert (usage.files, usage.bytes) == (3, 3 + 5 + 2)
    with pytest.raises(IsAFolderError):
        tree.open(at("/"))


def test_the_root_and_what_was_joined_stay_as_they_are(tree: JoinedTree, disk: Path) -> None:
    for act in (
        lambda: tree.draft(at("/new")),
        lambda: tree.draft(at("/note.txt")),
        lambda: tree.make_folder(at("/new")),
        lambda: tree.remove(at("/photos"), recursive=True),
        lambda: tree.remove(at("/note.txt")),
        lambda: tree.move(at("/photos"), at("/other")),
        lambda: tree.copy(at("/photos/cat.jpg"), at("/cat.jpg")),
        lambda: tree.set_modified(at("/photos"), TimeUs(0)),
    ):
        with pytest.raises(ForbiddenError):
            act()
    with pytest.raises(ExistsError):
        tree.make_folder(at("/photos"))
    assert tree.make_folder(at("/photos"), parents=True).path == "/photos"
    with pytest.raises(ConflictError):
        tree.move(at("/photos/cat.jpg"), at("/tunes/cat.jpg"), conflict=Conflict.SKIP)
    assert sorted(each.name for each in disk.iterdir()) == ["music", "note.txt", "photos", "secret.txt"]


def test_what_goes_away_on_the_disk_goes_away_from_the_root(tree: JoinedTree, disk: Path) -> None:
    (disk / "note.txt").unlink()
    (disk / "music").rmdir()
    assert names(tree) == ["/photos"]
