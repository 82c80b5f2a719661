"""What `ports.FileTree` promises to those who write."""

import hashlib
from collections.abc import Sequence
from typing import ClassVar

import pytest

from secure_file_transfer.errors import (
    DigestMismatchError,
    IsAFolderError,
    LengthMismatchError,
    NotAFolderError,
    NotFoundError,
    PreconditionFailedError,
    SecureFileTransferError,
)
from secure_file_transfer.model import (
    Conflict,
)
from secure_file_transfer.ports import Expectation, FileTree, Written
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.tree_kit import (
    NEW,
    OLD,
    SECOND,
    TreeBase,
    at,
    fill,
    names,
    pattern,
    read,
    together,
    write,
)


class Writing(TreeBase):
    """`draft`, `commit`, `abort`."""

    def test_a_draft_is_invisible_until_it_is_committed(self, tree: FileTree) -> None:
        draft = fill(tree.draft(at("/f")), pattern(self.block_size + 1))
        assert names(tree) == []
        for look in (tree.stat, tree.open):
            with pytest.raises(NotFoundError):
                look(at("/f"))
        assert tree.usage().files == 0
        draft.commit()
        assert names(tree) == ["f"]

    def test_a_draft_leaves_what_is_there_until_it_is_committed(self, tree: FileTree) -> None:
        write(tree, "/f", OLD)
        draft = fill(tree.draft(at("/f")), NEW)
        assert read(tree, "/f") == OLD
        draft.commit()
        assert read(tree, "/f") == NEW

    def test_abort_leaves_nothing(self, tree: FileTree) -> None:
        before = tree.usage()
        draft = fill(tree.draft(at("/f")), pattern(self.block_size + 1))
        draft.abort()
        draft.abort()
        assert names(tree) == []
        assert (tree.usage().files, tree.usage().bytes) == (before.files, before.bytes)

    def test_abort_after_commit_does_nothing(self, tree: FileTree) -> None:
        draft = fill(tree.draft(at("/f")), OLD)
        draft.commit()
        draft.abort()
        assert read(tree, "/f") == OLD

    def test_a_folder_can_be_removed_while_a_draft_waits_in_it(self, tree: FileTree) -> None:
        tree.make_folder(at("/d"))
        draft = fill(tree.draft(at("/d/f")), OLD)
        tree.remove(at("/d"))
        with pytest.raises(NotFoundError):
            draft.commit()
        draft.abort()
        assert names(tree) == []

    def test_the_entry_that_commit_returns_is_what_is_there(self, tree: FileTree, clock: FakeClock) -> None:
        when = clock.now_us() - 86_400 * SECOND - 123_456
        written = write(tree, "/f", OLD, modified_us=when)
        assert written.outcome == "created"
        assert written.entry == tree.stat(at("/f"))
        assert written.entry.modified_us == when

    def test_without_a_time_of_its_own_a_file_is_modified_now(self, tree: FileTree, clock: FakeClock) -> None:
        now = clock.advance(1000)
        assert write(tree, "/f").entry.modified_us == now

    def test_a_draft_may_be_empty_and_undeclared(self, tree: FileTree) -> None:
        assert tree.draft(at("/f")).commit().entry.size == 0
        assert read(tree, "/f") == b""

    @pytest.mark.parametrize("existing", [False, True])
    @pytest.mark.parametrize("conflict", list(Conflict))
    def test_a_wrong_digest_publishes_nothing(self, tree: FileTree, existing: bool, conflict: Conflict) -> None:
        if existing:
            write(tree, "/f", OLD)
        draft = fill(tree.draft(at("/f")), NEW)
        with pytest.raises(DigestMismatchError):
            draft.commit(conflict=conflict, sha256=hashlib.sha256(OLD).digest())
        draft.abort()
        assert names(tree) == (["f"] if existing else [])
        if existing:
            assert read(tree, "/f") == OLD

    @pytest.mark.parametrize("digest", [b"", b"\0" * 20, b"\0" * 32, b"\0" * 64])
    def test_a_digest_of_another_length_or_algorithm_is_a_mismatch(self, tree: FileTree, digest: bytes) -> None:
        draft = fill(tree.draft(at("/f")), NEW)
        with pytest.raises(DigestMismatchError):
            draft.commit(sha256=digest)
        draft.abort()
        assert names(tree) == []

    @pytest.mark.parametrize("declared", [0, len(NEW) - 1, len(NEW) + 1, 1 << 60])
    def test_a_wrong_length_publishes_nothing(self, tree: FileTree, declared: int) -> None:
        draft = fill(tree.draft(at("/f")), NEW)
        with pytest.raises(LengthMismatchError):
            draft.commit(size=declared)
        draft.abort()
        assert names(tree) == []

    @pytest.mark.parametrize(
        ("path", "error"),
        [
            ("/nothing/f", NotFoundError),
            ("/nothing/at/all/f", NotFoundError),
            ("/file/f", NotAFolderError),
            ("/folder", IsAFolderError),
            ("/", IsAFolderError),
        ],
    )
    def test_a_draft_needs_a_folder_to_lie_in(
        self, tree: FileTree, path: str, error: type[SecureFileTransferError]
    ) -> None:
        write(tree, "/file")
        tree.make_folder(at("/folder"))
        with pytest.raises(error):
            tree.draft(at(path))

    @pytest.mark.parametrize("conflict", [Conflict.OVERWRITE, Conflict.SKIP, Conflict.NEWER])
    def test_a_name_that_became_a_folder_is_not_replaced(self, tree: FileTree, conflict: Conflict) -> None:
        draft = fill(tree.draft(at("/f")), NEW)
        tree.make_folder(at("/f/inside"), parents=True)
        with pytest.raises(IsAFolderError):
            draft.commit(conflict=conflict)
        draft.abort()
        assert names(tree, "/f") == ["inside"]


class Conflicts(TreeBase):
    """Conflict choices and expectations."""

    TABLE: ClassVar[Sequence[tuple[Conflict, int, str, str, bytes]]] = [
        # choice, age of the new file relative to the old one (seconds), outcome, path, content of /f.txt afterwards
        (Conflict.OVERWRITE, 0, "replaced", "/f.txt", NEW),
        (Conflict.OVERWRITE, -9, "replaced", "/f.txt", NEW),
        (Conflict.RESUME, 0, "replaced", "/f.txt", NEW),
        (Conflict.SKIP, 9, "skipped", "/f.txt", OLD),
        (Conflict.NEWER, 9, "replaced", "/f.txt", NEW),
        (Conflict.NEWER, 0, "skipped", "/f.txt", OLD),
        (Conflict.NEWER, -9, "skipped", "/f.txt", OLD),
        (Conflict.RENAME, 0, "created", "/f (1).txt", OLD),
    ]

    @pytest.mark.parametrize(("conflict", "age", "outcome", "path", "left"), TABLE)
    def test_the_table_of_choices(
        self, tree: FileTree, clock: FakeClock, conflict: Conflict, age: int, outcome: str, path: str, left: bytes
    ) -> None:
        when = clock.now_us()
        write(tree, "/f.txt", OLD, modified_us=when)
        written = write(tree, "/f.txt", NEW, conflict=conflict, modified_us=when + age * SECOND)
        assert (written.outcome, written.entry.path) == (outcome, path)
        assert written.entry == tree.stat(at(path))
        assert read(tree, "/f.txt") == left
        assert read(tree, path) == (OLD if outcome == "skipped" else NEW)
        assert len(names(tree)) == (2 if conflict is Conflict.RENAME else 1)

    @pytest.mark.parametrize("conflict", list(Conflict))
    def test_a_free_name_is_simply_taken(self, tree: FileTree, conflict: Conflict) -> None:
        written = write(tree, "/f.txt", NEW, conflict=conflict)
        assert (written.outcome, written.entry.path) == ("created", "/f.txt")
        assert read(tree, "/f.txt") == NEW

    def test_newer_without_a_time_means_now(self, tree: FileTree, clock: FakeClock) -> None:
        write(tree, "/f", OLD)
        clock.advance(1)
        assert write(tree, "/f", NEW, conflict=Conflict.NEWER).outcome == "replaced"
        write(tree, "/f", OLD, modified_us=clock.now_us() + SECOND)
        assert write(tree, "/f", NEW, conflict=Conflict.NEWER).outcome == "skipped"

    def test_rename_counts_up(self, tree: FileTree) -> None:
        paths = [write(tree, "/a.tar.gz", conflict=Conflict.RENAME).entry.name for _ in range(4)]
        assert paths == ["a.tar.gz", "a (1).tar.gz", "a (2).tar.gz", "a (3).tar.gz"]

    def test_a_skipped_draft_leaves_no_trace(self, tree: FileTree) -> None:
        write(tree, "/f", OLD)
        before = tree.usage()
        write(tree, "/f", pattern(self.block_size + 1), conflict=Conflict.SKIP)
        assert (tree.usage().files, tree.usage().bytes) == (before.files, before.bytes)

    def test_match_holds_for_the_content_named(self, tree: FileTree) -> None:
        etag = write(tree, "/f", OLD).entry.etag
        written = write(tree, "/f", NEW, expect=Expectation(match=("another", etag)))
        assert written.outcome == "replaced"
        with pytest.raises(PreconditionFailedError):
            write(tree, "/f", OLD, expect=Expectation(match=(etag,)))
        assert read(tree, "/f") == NEW

    def test_match_any_needs_a_file(self, tree: FileTree) -> None:
        with pytest.raises(PreconditionFailedError):
            write(tree, "/f", NEW, expect=Expectation(match=("*",)))
        assert names(tree) == []
        write(tree, "/f", OLD)
        assert write(tree, "/f", NEW, expect=Expectation(match=("*",))).outcome == "replaced"

    def test_match_fails_where_there_is_nothing(self, tree: FileTree) -> None:
        with pytest.raises(PreconditionFailedError):
            write(tree, "/f", NEW, expect=Expectation(match=("some",)))
        assert names(tree) == []

    @pytest.mark.parametrize("conflict", list(Conflict))
    def test_create_only_never_replaces(self, tree: FileTree, conflict: Conflict) -> None:
        create = Expectation(none_match=("*",))
        assert write(tree, "/f", OLD, expect=create, conflict=conflict).outcome == "created"
        with pytest.raises(PreconditionFailedError):
            write(tree, "/f", NEW, expect=create, conflict=conflict)
        assert names(tree) == ["f"]
        assert read(tree, "/f") == OLD

    def test_none_match_refuses_only_the_content_named(self, tree: FileTree) -> None:
        etag = write(tree, "/f", OLD).entry.etag
        with pytest.raises(PreconditionFailedError):
            write(tree, "/f", NEW, expect=Expectation(none_match=("another", etag)))
        assert write(tree, "/f", NEW, expect=Expectation(none_match=("another",))).outcome == "replaced"

    def test_an_expectation_is_about_the_moment_of_the_commit(self, tree: FileTree) -> None:
        etag = write(tree, "/f", OLD).entry.etag
        draft = fill(tree.draft(at("/f")), NEW)
        write(tree, "/f", b"in between")
        with pytest.raises(PreconditionFailedError):
            draft.commit(expect=Expectation(match=(etag,)))
        draft.abort()
        assert read(tree, "/f") == b"in between"

    def test_two_drafts_to_one_path_leave_one_whole_version(self, tree: FileTree) -> None:
        one, two = pattern(self.block_size + 10, seed=1), pattern(self.block_size + 20, seed=2)
        first, second = tree.draft(at("/f")), tree.draft(at("/f"))
        for start in range(0, len(two), 100_000):
            first.append(one[start : start + 100_000])
            second.append(two[start : start + 100_000])
        assert second.commit().outcome == "created"
        assert read(tree, "/f") == two
        assert first.commit().outcome == "replaced"
        assert read(tree, "/f") == one

    def test_commits_at_once_leave_one_whole_version(self, tree: FileTree) -> None:
        bodies = [pattern(70_000 + number, seed=number) for number in range(6)]
        results = together(6, lambda number: write(tree, "/f", bodies[number]))
        assert sorted(r.outcome for r in results if isinstance(r, Written)) == ["created"] + ["replaced"] * 5
        assert read(tree, "/f") in bodies
        assert names(tree) == ["f"]

    def test_of_creators_at_once_one_wins(self, tree: FileTree) -> None:
        create = Expectation(none_match=("*",))
        results = together(6, lambda number: write(tree, "/f", pattern(1000, seed=number), expect=create))
        won = [number for number, result in enumerate(results) if isinstance(result, Written)]
        assert len(won) == 1
        assert sum(isinstance(result, PreconditionFailedError) for result in results) == 5
        assert read(tree, "/f") == pattern(1000, seed=won[0])

    def test_of_skippers_at_once_one_wins(self, tree: FileTree) -> None:
        results = together(6, lambda number: write(tree, "/f", b"%d" % number, conflict=Conflict.SKIP))
        assert sorted(r.outcome for r in results if isinstance(r, Written)) == ["created"] + ["skipped"] * 5

    def test_renamers_at_once_all_find_a_place(self, tree: FileTree) -> None:
        results = together(6, lambda number: write(tree, "/f", b"%d" % number, conflict=Conflict.RENAME))
        assert [r.outcome for r in results if isinstance(r, Written)] == ["created"] * 6
        assert sorted(names(tree)) == ["f", *(f"f ({number})" for number in range(1, 6))]
        assert {read(tree, f"/{name}") for name in names(tree)} == {b"%d" % number for number in range(6)}
