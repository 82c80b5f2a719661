"""What `ports.FileTree` promises to those who make, move, copy and remove."""

import hashlib

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    NotAFolderError,
    NotEmptyError,
    NotFoundError,
    SecureFileTransferError,
)
from secure_file_transfer.model import (
    Conflict,
    Kind,
    TimeUs,
)
from secure_file_transfer.ports import FileTree
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.tree_kit import (
    NEW,
    NO_DOOR_TO_FOLDERS,
    NO_SUCH_PARENT,
    OLD,
    SECOND,
    TreeBase,
    at,
    names,
    pattern,
    read,
    write,
)


class Times(TreeBase):
    """`set_modified`."""

    @pytest.mark.parametrize("path", ["/file", "/folder"])
    @pytest.mark.parametrize("when", [0, 1_234_567_890_123_456, 4_000_000_000_000_000])
    def test_set_modified_is_seen_and_changes_nothing_else(self, tree: FileTree, path: str, when: int) -> None:
        tree.make_folder(at("/folder"))
        write(tree, "/file", pattern(100))
        before = tree.stat(at(path))
        after = tree.set_modified(at(path), TimeUs(when))
        assert after == tree.stat(at(path))
        assert after.modified_us == when
        assert (after.size, after.kind) == (before.size, before.kind)
        if path == "/file":
            assert read(tree, "/file") == pattern(100)

    def test_set_modified_refuses(self, tree: FileTree) -> None:
        with pytest.raises(NotFoundError):
            tree.set_modified(at("/nothing"), TimeUs(0))
        with pytest.raises(ConflictError):
            tree.set_modified(at("/"), TimeUs(0))


class Folders(TreeBase):
    """`make_folder`, `remove`."""

    def test_make_folder_returns_its_entry(self, tree: FileTree) -> None:
        entry = tree.make_folder(at("/a"))
        assert (entry.path, entry.kind) == ("/a", Kind.FOLDER)
        assert tree.make_folder(at("/a/b")).path == "/a/b"
        assert names(tree, "/a") == ["b"]

    @pytest.mark.parametrize(
        ("path", "parents", "error"),
        [
            ("/folder", False, ExistsError),
            ("/file", False, ExistsError),
            ("/file", True, ExistsError),
            ("/", False, ExistsError),
            ("/nothing/f", False, NotFoundError),
            ("/file/f", False, NotAFolderError),
            ("/file/f", True, NotAFolderError),
            ("/file/f/g", True, NotAFolderError),
        ],
    )
    def test_make_folder_refuses(
        self, tree: FileTree, path: str, parents: bool, error: type[SecureFileTransferError]
    ) -> None:
        tree.make_folder(at("/folder"))
        write(tree, "/file")
        with pytest.raises(error):
            tree.make_folder(at(path), parents=parents)
        assert names(tree) == ["folder", "file"]

    def test_make_folder_with_parents(self, tree: FileTree) -> None:
        assert tree.make_folder(at("/a/b/c"), parents=True).path == "/a/b/c"
        assert tree.make_folder(at("/a/b/c"), parents=True) == tree.stat(at("/a/b/c"))
        assert tree.make_folder(at("/a"), parents=True).path == "/a"
        assert tree.make_folder(at("/"), parents=True).path == "/"
        assert names(tree, "/a/b") == ["c"]

    def test_remove_a_file_and_an_empty_folder(self, tree: FileTree) -> None:
        tree.make_folder(at("/d"))
        write(tree, "/f")
        tree.remove(at("/f"))
        tree.remove(at("/d"))
        assert names(tree) == []

    def test_a_full_folder_is_removed_only_with_recursive(self, tree: FileTree) -> None:
        tree.make_folder(at("/d/e"), parents=True)
        write(tree, "/d/e/f")
        write(tree, "/d2")
        for path in ("/d", "/d/e"):
            with pytest.raises(NotEmptyError):
                tree.remove(at(path))
        tree.remove(at("/d"), recursive=True)
        assert names(tree) == ["d2"]
        with pytest.raises(NotFoundError):
            tree.stat(at("/d/e/f"))

    @pytest.mark.parametrize("recursive", [False, True])
    def test_the_root_cannot_be_removed(self, tree: FileTree, recursive: bool) -> None:
        write(tree, "/f")
        with pytest.raises(ConflictError):
            tree.remove(at("/"), recursive=recursive)
        assert names(tree) == ["f"]

    def test_what_was_removed_can_be_made_again(self, tree: FileTree) -> None:
        tree.make_folder(at("/d"))
        write(tree, "/d/f", OLD)
        tree.remove(at("/d"), recursive=True)
        write(tree, "/d", NEW)
        assert read(tree, "/d") == NEW


class Moving(TreeBase):
    """`move`, `copy`."""

    def grow(self, tree: FileTree) -> dict[str, bytes]:
        """A small wood: `/wood` with two levels, an empty folder, and files big and small."""
        tree.make_folder(at("/wood/oak/empty"), parents=True)
        files = {"a": b"", "oak/b": pattern(90_000), "oak/می‌خواهم": NEW}
        for path, data in files.items():
            write(tree, f"/wood/{path}", data)
        return files

    def check(self, tree: FileTree, root: str, files: dict[str, bytes]) -> None:
        for path, data in files.items():
            assert read(tree, f"{root}/{path}") == data
        assert names(tree, root) == ["oak", "a"]
        assert names(tree, f"{root}/oak") == ["empty", "b", "می‌خواهم"]
        assert names(tree, f"{root}/oak/empty") == []

    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_a_tree_goes_whole(self, tree: FileTree, verb: str) -> None:
        files = self.grow(tree)
        tree.make_folder(at("/to"))
        entry = getattr(tree, verb)(at("/wood"), at("/to/park"))
        assert entry == tree.stat(at("/to/park"))
        self.check(tree, "/to/park", files)
        if verb == "copy":
            self.check(tree, "/wood", files)
        else:
            assert names(tree) == ["to"]

    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_a_file_goes_with_its_content_and_digest(self, tree: FileTree, verb: str) -> None:
        tree.make_folder(at("/to"))
        write(tree, "/f", OLD)
        entry = getattr(tree, verb)(at("/f"), at("/to/g"))
        assert (entry.path, entry.size, entry.sha256) == ("/to/g", len(OLD), hashlib.sha256(OLD).digest())
        assert entry == tree.stat(at("/to/g"))
        assert read(tree, "/to/g") == OLD
        assert names(tree) == (["to", "f"] if verb == "copy" else ["to"])

    def test_a_copy_is_independent(self, tree: FileTree) -> None:
        files = self.grow(tree)
        tree.copy(at("/wood"), at("/park"))
        write(tree, "/park/a", NEW)
        tree.remove(at("/park/oak"), recursive=True)
        self.check(tree, "/wood", files)
        tree.remove(at("/wood"), recursive=True)
        assert read(tree, "/park/a") == NEW

    def test_a_copy_counts_in_usage(self, tree: FileTree) -> None:
        files = self.grow(tree)
        before = tree.usage()
        tree.copy(at("/wood"), at("/park"))
        after = tree.usage()
        assert after.files - before.files == len(files)
        assert after.bytes - before.bytes == sum(map(len, files.values()))

    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_a_taken_name_is_refused_by_default(self, tree: FileTree, verb: str) -> None:
        write(tree, "/f", OLD)
        write(tree, "/g", NEW)
        tree.make_folder(at("/d"))
        for target in ("/g", "/d"):
            with pytest.raises(ExistsError):
                getattr(tree, verb)(at("/f"), at(target))
        assert (read(tree, "/f"), read(tree, "/g"), names(tree)) == (OLD, NEW, ["d", "f", "g"])

    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_overwrite_replaces_a_file_by_a_file(self, tree: FileTree, verb: str) -> None:
        write(tree, "/f", OLD)
        write(tree, "/g", NEW)
        entry = getattr(tree, verb)(at("/f"), at("/g"), conflict=Conflict.OVERWRITE)
        assert entry == tree.stat(at("/g"))
        assert read(tree, "/g") == OLD

    @pytest.mark.parametrize("verb", ["move", "copy"])
    @pytest.mark.parametrize(("source", "target"), [("/f", "/d"), ("/d", "/f"), ("/d", "/e")])
    def test_overwrite_never_replaces_a_folder_or_by_one(
        self, tree: FileTree, verb: str, source: str, target: str
    ) -> None:
        write(tree, "/f", OLD)
        tree.make_folder(at("/d"))
        tree.make_folder(at("/e"))
        with pytest.raises(NO_DOOR_TO_FOLDERS):
            getattr(tree, verb)(at(source), at(target), conflict=Conflict.OVERWRITE)
        assert names(tree) == ["d", "e", "f"]
        assert read(tree, "/f") == OLD

    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_rename_finds_a_free_name(self, tree: FileTree, verb: str) -> None:
        write(tree, "/f.txt", OLD)
        write(tree, "/g.txt", NEW)
        write(tree, "/g (1).txt", NEW)
        entry = getattr(tree, verb)(at("/f.txt"), at("/g.txt"), conflict=Conflict.RENAME)
        assert entry.path == "/g (2).txt"
        assert read(tree, "/g (2).txt") == OLD
        assert read(tree, "/g.txt") == NEW

    def test_a_file_copied_onto_itself_with_rename_is_a_duplicate(self, tree: FileTree) -> None:
        write(tree, "/f.txt", OLD)
        assert tree.copy(at("/f.txt"), at("/f.txt"), conflict=Conflict.RENAME).path == "/f (1).txt"
        assert read(tree, "/f.txt") == read(tree, "/f (1).txt") == OLD

    @pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.OVERWRITE])
    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_onto_itself_loses_nothing(self, tree: FileTree, verb: str, conflict: Conflict) -> None:
        write(tree, "/f", OLD)
        with pytest.raises((ExistsError, ConflictError)):
            getattr(tree, verb)(at("/f"), at("/f"), conflict=conflict)
        assert read(tree, "/f") == OLD
        assert names(tree) == ["f"]

    @pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.OVERWRITE, Conflict.RENAME])
    @pytest.mark.parametrize("target", ["/wood/in", "/wood/oak/in", "/wood/oak/empty/in"])
    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_a_folder_cannot_go_into_itself(self, tree: FileTree, verb: str, target: str, conflict: Conflict) -> None:
        files = self.grow(tree)
        with pytest.raises(ConflictError):
            getattr(tree, verb)(at("/wood"), at(target), conflict=conflict)
        self.check(tree, "/wood", files)

    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_a_name_that_merely_begins_alike_is_not_inside(self, tree: FileTree, verb: str) -> None:
        tree.make_folder(at("/al"))
        tree.make_folder(at("/alice"))
        assert getattr(tree, verb)(at("/al"), at("/alice/al")).path == "/alice/al"

    @pytest.mark.parametrize("verb", ["move", "copy"])
    def test_the_root_goes_nowhere(self, tree: FileTree, verb: str) -> None:
        write(tree, "/f", OLD)
        with pytest.raises(ConflictError):
            getattr(tree, verb)(at("/"), at("/x"))
        for conflict in (Conflict.SKIP, Conflict.OVERWRITE):
            with pytest.raises((ConflictError, ExistsError)):
                getattr(tree, verb)(at("/f"), at("/"), conflict=conflict)
        assert names(tree) == ["f"]

    @pytest.mark.parametrize("verb", ["move", "copy"])
    @pytest.mark.parametrize("target", ["/nothing/g", "/file/g"])
    def test_the_target_needs_a_parent(self, tree: FileTree, verb: str, target: str) -> None:
        write(tree, "/f", OLD)
        write(tree, "/file", NEW)
        with pytest.raises(NO_SUCH_PARENT):
            getattr(tree, verb)(at("/f"), at(target))
        assert read(tree, "/f") == OLD

    def test_a_move_out_of_a_folder_leaves_it_empty(self, tree: FileTree) -> None:
        tree.make_folder(at("/d"))
        write(tree, "/d/f", OLD)
        tree.move(at("/d/f"), at("/f"))
        tree.remove(at("/d"))
        assert read(tree, "/f") == OLD

    def test_a_renamed_file_keeps_its_time(self, tree: FileTree, clock: FakeClock) -> None:
        when = clock.now_us() - 77 * SECOND
        write(tree, "/f", modified_us=when)
        clock.advance(10)
        assert tree.move(at("/f"), at("/g")).modified_us == when
