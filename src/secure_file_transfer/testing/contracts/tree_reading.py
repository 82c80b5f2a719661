"""What `ports.FileTree` promises to those who look and read."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from secure_file_transfer.errors import (
    InvalidRequestError,
    IsAFolderError,
    NotAFolderError,
    NotFoundError,
)
from secure_file_transfer.model import (
    KIB,
    Conflict,
    Kind,
    SortKey,
)
from secure_file_transfer.ports import FileTree
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.tree_kit import (
    NEW,
    NO_SUCH_PARENT,
    OLD,
    SECOND,
    UNUSUAL_NAMES,
    TreeBase,
    at,
    listing,
    names,
    pattern,
    read,
    write,
)


class Looking(TreeBase):
    """`stat`, `list`, `usage`."""

    def test_the_root_is_an_empty_folder(self, tree: FileTree) -> None:
        root = tree.stat(at("/"))
        assert (root.path, root.name, root.kind, root.size, root.sha256) == ("/", "", Kind.FOLDER, 0, None)
        page = tree.list(at("/"))
        assert (list(page.entries), page.cursor) == ([], None)

    def test_stat_describes_a_file(self, tree: FileTree, clock: FakeClock) -> None:
        tree.make_folder(at("/docs"))
        clock.advance(3)
        write(tree, "/docs/a.txt", OLD)
        entry = tree.stat(at("/docs/a.txt"))
        assert (entry.path, entry.name, entry.kind, entry.size) == ("/docs/a.txt", "a.txt", Kind.FILE, len(OLD))
        assert entry.modified_us == clock.now_us()
        assert entry.sha256 == hashlib.sha256(OLD).digest()
        assert entry.etag
        assert '"' not in entry.etag

    def test_stat_describes_a_folder(self, tree: FileTree) -> None:
        tree.make_folder(at("/docs"))
        entry = tree.stat(at("/docs"))
        assert (entry.path, entry.name, entry.kind) == ("/docs", "docs", Kind.FOLDER)
        assert (entry.size, entry.sha256) == (0, None)

    @pytest.mark.parametrize("path", ["/nothing", "/nothing/below", "/file/below", "/folder/nothing"])
    def test_what_is_not_there_is_not_found(self, tree: FileTree, path: str) -> None:
        write(tree, "/file")
        tree.make_folder(at("/folder"))
        with pytest.raises(NotFoundError):
            tree.stat(at(path))
        with pytest.raises(NotFoundError):
            tree.open(at(path))
        with pytest.raises(NotFoundError):
            tree.remove(at(path))
        with pytest.raises(NotFoundError):
            tree.move(at(path), at("/elsewhere"))
        with pytest.raises(NotFoundError):
            tree.copy(at(path), at("/elsewhere"))
        with pytest.raises(NO_SUCH_PARENT):
            tree.list(at(path))

    def test_a_file_cannot_be_listed(self, tree: FileTree) -> None:
        write(tree, "/file")
        with pytest.raises(NotAFolderError):
            tree.list(at("/file"))

    def test_a_listing_tells_the_same_as_stat(self, tree: FileTree) -> None:
        tree.make_folder(at("/in/side"), parents=True)
        write(tree, "/in/a", b"1")
        write(tree, "/in/b", b"22")
        assert [entry.path for entry in listing(tree, "/in")] == ["/in/side", "/in/a", "/in/b"]
        for entry in listing(tree, "/in"):
            assert entry == tree.stat(at(entry.path))

    @pytest.mark.parametrize("name", UNUSUAL_NAMES, ids=lambda name: name[:24])
    def test_unusual_names_come_back_as_they_are(self, tree: FileTree, name: str) -> None:
        write(tree, f"/{name}", OLD)
        tree.make_folder(at("/d") / name, parents=True)
        assert read(tree, f"/{name}") == OLD
        assert names(tree) == ["d", name]
        assert names(tree, "/d") == [name]
        assert tree.stat(at(f"/{name}")).name == name

    def test_usage_counts_files_and_bytes(self, tree: FileTree) -> None:
        before = tree.usage()
        tree.make_folder(at("/d"))
        write(tree, "/d/a", pattern(100_000))
        write(tree, "/d/empty", b"")
        after = tree.usage()
        assert after.files - before.files == 2
        assert after.bytes - before.bytes == 100_000
        assert after.free > 0

    def test_usage_of_a_replaced_file_counts_it_once(self, tree: FileTree) -> None:
        before = tree.usage()
        write(tree, "/a", pattern(70_000))
        write(tree, "/a", pattern(50_000, seed=2))
        after = tree.usage()
        assert (after.files - before.files, after.bytes - before.bytes) == (1, 50_000)


class Listing(TreeBase):
    """Order and paging."""

    @pytest.fixture
    def shelf(self, tree: FileTree, clock: FakeClock) -> FileTree:
        """Three folders, and five files whose orders by name, size and time all differ; two sizes and times tie."""
        for folder in ("zoo", "Aaa", "mid"):
            tree.make_folder(at(f"/{folder}"))
        base = clock.now_us()
        for name, size, age in (("b", 10, 3), ("A", 30, 1), ("d", 20, 5), ("C", 20, 5), ("e", 0, 2)):
            write(tree, f"/{name}", pattern(size), modified_us=base - age * SECOND)
        return tree

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (SortKey.NAME, ["A", "b", "C", "d", "e"]),
            (SortKey.SIZE, ["e", "b", "C", "d", "A"]),
            (SortKey.MODIFIED, ["C", "d", "b", "e", "A"]),
        ],
    )
    def test_files_are_ordered_by_key_then_name(self, shelf: FileTree, sort: SortKey, expected: list[str]) -> None:
        entries = listing(shelf, sort=sort)
        assert [e.kind for e in entries] == [Kind.FOLDER] * 3 + [Kind.FILE] * 5
        assert [e.name for e in entries if e.kind is Kind.FILE] == expected

    def test_folders_are_ordered_by_name_without_regard_to_case(self, shelf: FileTree) -> None:
        assert [e.name for e in listing(shelf) if e.kind is Kind.FOLDER] == ["Aaa", "mid", "zoo"]
        assert [e.name for e in listing(shelf, sort=SortKey.SIZE) if e.kind is Kind.FOLDER] == ["Aaa", "mid", "zoo"]

    @pytest.mark.parametrize("sort", list(SortKey))
    def test_descending_turns_folders_and_files_round_each_for_itself(self, shelf: FileTree, sort: SortKey) -> None:
        up, down = listing(shelf, sort=sort), listing(shelf, sort=sort, descending=True)
        assert down == up[:3][::-1] + up[3:][::-1]

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("sort", list(SortKey))
    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8, 9])
    def test_pages_join_to_the_whole(self, shelf: FileTree, sort: SortKey, descending: bool, limit: int) -> None:
        whole = listing(shelf, sort=sort, descending=descending)
        assert len(whole) == 8
        assert listing(shelf, sort=sort, descending=descending, limit=limit) == whole

    def test_a_page_that_ends_the_folder_has_no_cursor(self, shelf: FileTree) -> None:
        assert shelf.list(at("/"), limit=8).cursor is None
        assert shelf.list(at("/"), limit=7).cursor is not None

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("sort", list(SortKey))
    def test_a_cursor_stays_valid_while_entries_come_and_go(
        self, tree: FileTree, clock: FakeClock, sort: SortKey, descending: bool
    ) -> None:
        base = clock.now_us()
        for number in range(10, 30):  # the three orders agree
            write(tree, f"/f{number}", pattern(number), modified_us=base + number * SECOND)
        first = tree.list(at("/"), sort=sort, descending=descending, limit=8)
        seen = [entry.name for entry in first.entries]
        tree.remove(at(f"/{seen[-1]}"))  # the very entry that the cursor stands on
        tree.remove(at(f"/{seen[2]}"))
        ahead = 12 if descending else 27
        tree.remove(at(f"/f{ahead}"))
        write(tree, "/f99", pattern(99), modified_us=base + 99 * SECOND)  # behind the cursor, or at the far end
        write(tree, "/f00", b"", modified_us=base)
        cursor = first.cursor
        while cursor is not None:
            page = tree.list(at("/"), sort=sort, descending=descending, cursor=cursor, limit=3)
            seen += [entry.name for entry in page.entries]
            cursor = page.cursor
        expected = [f"f{number}" for number in range(10, 30) if number != ahead]
        if descending:
            assert seen == [*expected[::-1], "f00"]
        else:
            assert seen == [*expected, "f99"]

    @pytest.mark.parametrize(
        "cursor", ["x", "%", "é", "AAAA", "bnVsbA", "W10", "e30", "WzEsMiwzXQ", "A" * 5000, "../..", "1", "-1"]
    )
    def test_a_cursor_that_no_page_gave_is_an_invalid_request(self, tree: FileTree, cursor: str) -> None:
        write(tree, "/a")
        with pytest.raises(InvalidRequestError):
            tree.list(at("/"), cursor=cursor)


class Reading(TreeBase):
    """`open`, `Content`."""

    @pytest.mark.parametrize("unit", ["frame", "block"])
    @pytest.mark.parametrize(("times", "plus"), [(0, 0), (0, 1), (1, -1), (1, 0), (1, 1), (2, 0), (2, 1)])
    def test_sizes_around_a_boundary_come_back(self, tree: FileTree, unit: str, times: int, plus: int) -> None:
        data = pattern((64 * KIB if unit == "frame" else self.block_size) * times + plus)
        written = write(tree, "/f", data)
        assert written.entry.size == len(data)
        assert read(tree, "/f") == data

    @pytest.mark.parametrize("piece", [1, 7, 1000, 64 * KIB, 64 * KIB + 1])
    def test_the_size_of_the_pieces_appended_does_not_matter(self, tree: FileTree, piece: int) -> None:
        data = pattern(min(3000 * piece, 300 * KIB))
        write(tree, "/f", data, piece=piece)
        assert read(tree, "/f") == data

    def test_ranges_of_a_file(self, tree: FileTree) -> None:
        frame, block = 64 * KIB, self.block_size
        data = pattern(2 * block + 12_345)
        write(tree, "/f", data)
        edges = (0, 1, frame - 1, frame, frame + 1, block - 1, block, block + 1, 2 * block, len(data) - 1)
        for start in edges:
            for length in (0, 1, 2, frame, frame + 1, block, block + 1, len(data)):
                wanted = min(length, len(data) - start)
                assert read(tree, "/f", start, wanted) == data[start : start + wanted], (start, wanted)

    def test_an_empty_file_has_no_pieces(self, tree: FileTree) -> None:
        write(tree, "/empty", b"")
        content = tree.open(at("/empty"))
        assert content.entry.size == 0
        assert content.entry.sha256 == hashlib.sha256(b"").digest()
        assert list(content.chunks(0, 0)) == []
        content.close()

    def test_open_tells_the_same_as_stat(self, tree: FileTree) -> None:
        write(tree, "/a")
        content = tree.open(at("/a"))
        assert content.entry == tree.stat(at("/a"))
        content.close()
        content.close()

    @pytest.mark.parametrize("path", ["/", "/folder"])
    def test_a_folder_cannot_be_opened(self, tree: FileTree, path: str) -> None:
        tree.make_folder(at("/folder"))
        with pytest.raises(IsAFolderError):
            tree.open(at(path))

    @pytest.mark.parametrize("change", ["replace", "remove", "move", "cover"])
    def test_an_open_content_outlives_its_path(self, tree: FileTree, change: str) -> None:
        data = pattern(2 * self.block_size + 99)
        tree.make_folder(at("/d"))
        write(tree, "/d/f", data)
        content = tree.open(at("/d/f"))
        pieces: Iterator[bytes] = (bytes(piece) for piece in content.chunks(0, len(data)))
        got = next(pieces)
        if change == "replace":
            write(tree, "/d/f", pattern(len(data), seed=2))
        elif change == "remove":
            tree.remove(at("/d"), recursive=True)
        elif change == "move":
            tree.move(at("/d"), at("/elsewhere"))
        else:
            write(tree, "/other", NEW)
            tree.move(at("/other"), at("/d/f"), conflict=Conflict.OVERWRITE)
        assert got + b"".join(pieces) == data
        content.close()

    def test_one_content_serves_many_readers(self, tree: FileTree) -> None:
        data = pattern(self.block_size + 4096)
        write(tree, "/f", data)
        content = tree.open(at("/f"))
        spans = [(start, min(50_000, len(data) - start)) for start in range(0, len(data), 50_000)]
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(lambda span: b"".join(map(bytes, content.chunks(*span))), spans))
        content.close()
        assert b"".join(parts) == data

    def test_etags_tell_contents_apart(self, tree: FileTree, clock: FakeClock) -> None:
        when = clock.now_us()
        tags = {write(tree, "/f", b"%03d" % number, modified_us=when).entry.etag for number in range(20)}
        assert len(tags) == 20  # same path, same size, same time: only the content differs
