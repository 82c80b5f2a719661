"""Many files at once: what is published, what is not, and why."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    DigestMismatchError,
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    IsAFolderError,
    MissingBlocksError,
    NoSpaceError,
    NotAFolderError,
    NotFoundError,
    PreconditionFailedError,
    SecureFileTransferError,
    TooLargeError,
)
from secure_file_transfer.model import INLINE_BLOCK_MAX, KIB, Conflict, Rights, TimeUs
from secure_file_transfer.ports import Expectation
from secure_file_transfer.services.batch_read import STEP, read_many
from secure_file_transfer.services.commits import BATCH_FILE_MAX, FILES_MAX, Listed, Result, Terms
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.block_world import TOKEN, BlockWorld, Person, block_world, sha256, written
from secure_file_transfer.testing.contracts.tree_kit import at, names, pattern, write
from secure_file_transfer.testing.faults import FailingBlobStore, disk_full
from secure_file_transfer.testing.vault_world import BLOCK, RetryingCatalog

SMALL, LARGE, OTHER = pattern(5 * KIB), pattern(BLOCK, seed=1), pattern(BLOCK, seed=2)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BlockWorld]:
    with block_world(tmp_path) as world:
        yield world


@pytest.fixture
def sara(world: BlockWorld) -> Person:
    return world.person("sara")


def codes(results: list[Result]) -> list[str]:
    """What became of each: its outcome, or the code of its error."""
    return [each.code if isinstance(each, SecureFileTransferError) else each.outcome for each in results]


# --- commits -----------------------------------------------------------------------------------------------------


def test_a_commit_is_the_file_that_any_door_would_have_stored(world: BlockWorld, sara: Person) -> None:
    data = pattern(3 * BLOCK + 100)
    terms = Terms("/a", sha256=sha256(data), modified_us=TimeUs(5))
    result = written(sara.commit_one(terms, sara.put(*(data[i : i + BLOCK] for i in range(0, len(data), BLOCK)))))
    write(sara.tree, "/b", data)
    one, two = sara.tree.stat(at("/a")), sara.tree.stat(at("/b"))
    assert (one.size, one.sha256, one.etag) == (two.size, two.sha256, two.etag) == (len(data), sha256(data), one.etag)
    assert (result.entry, one.modified_us) == (one, 5)
    usage = sara.tree.usage()
    assert (usage.files, usage.bytes) == (2, 2 * len(data))


def test_an_empty_file_has_no_blocks(sara: Person) -> None:
    assert codes(sara.commit(Listed(Terms("/a", sha256=sha256(b"")), 0, ()))) == ["created"]
    assert sara.read("/a") == b""
    assert sara.commit() == []


def test_good_files_are_published_and_the_others_say_why(sara: Person, world: BlockWorld) -> None:
    small, large = sara.put(SMALL, LARGE)
    absent = sara.ref(OTHER)
    sara.tree.make_folder(at("/folder"))
    write(sara.tree, "/there", b"old")

    def listed(terms: Terms, *refs: object, size: int | None = None) -> Listed:
        manifest = tuple(refs) or (small,)
        return Listed(terms, len(SMALL) if size is None else size, manifest)  # type: ignore[arg-type]

    results = sara.commit(
        listed(Terms("/good")),
        listed(Terms("/bad\0name")),
        listed(Terms("/absent"), absent, small, absent, size=2 * BLOCK + len(SMALL)),
        listed(Terms("/length"), replace(small, length=7), size=7),
        listed(Terms("/size"), size=7),
        listed(Terms("/digest", sha256=sha256(LARGE))),
        listed(Terms("/folder")),
        listed(Terms("/none/x")),
        listed(Terms("/there/x")),
        listed(Terms("/there", expect=Expectation(none_match=("*",)))),
        listed(Terms("/there", conflict=Conflict.SKIP)),
        listed(Terms("/")),
        listed(Terms("/new/deep/x", parents=True), large, size=BLOCK),
    )
    kinds = [type(each) for each in results if isinstance(each, SecureFileTransferError)]
    assert kinds == [
        InvalidNameError,
        MissingBlocksError,
        InvalidRequestError,
        InvalidRequestError,
        DigestMismatchError,
        IsAFolderError,
        NotFoundError,
        NotAFolderError,
        PreconditionFailedError,
        IsAFolderError,
    ]
    assert isinstance(results[2], MissingBlocksError)
    assert results[2].blocks == (absent.id.hex(),)
    assert codes(results)[0] == codes(results)[-1] == "created"
    assert codes(results)[10] == "skipped"
    assert names(sara.tree, "/") == ["folder", "new", "good", "there"]
    assert (sara.read("/good"), sara.read("/there"), sara.read("/new/deep/x")) == (SMALL, b"old", LARGE)


def test_every_conflict_choice_and_condition_is_the_drafts_own(sara: Person) -> None:
    old, new = sara.put(SMALL, LARGE)
    first = written(sara.commit_one(Terms("/a", modified_us=TimeUs(100)), [old]))
    later, earlier = (
        Terms("/a", Conflict.NEWER, modified_us=TimeUs(101)),
        Terms("/a", Conflict.NEWER, modified_us=TimeUs(100)),
    )
    assert written(sara.commit_one(earlier, [new])).outcome == "skipped"
    renamed = written(sara.commit_one(Terms("/a", Conflict.RENAME), [new]))
    assert (renamed.outcome, renamed.entry.path) == ("created", "/a (1)")
    wrong = Terms("/a", expect=Expectation(match=("nonsense",)))
    assert isinstance(sara.commit_one(wrong, [new]), PreconditionFailedError)
    right = Terms("/a", expect=Expectation(match=(first.entry.etag,)), modified_us=TimeUs(100))
    assert written(sara.commit_one(right, [new])).outcome == "replaced"
    assert isinstance(sara.commit_one(right, [old]), PreconditionFailedError)
    assert written(sara.commit_one(later, [old])).outcome == "replaced"


def test_two_of_one_name_in_one_commit_follow_each_other(sara: Person) -> None:
    old, new = sara.put(SMALL, LARGE)
    files = [Listed(Terms("/a"), old.length, (old,)), Listed(Terms("/a"), new.length, (new,))]
    assert codes(sara.commit(*files)) == ["created", "replaced"]
    assert sara.read("/a") == LARGE
    rename = [replace(each, terms=Terms("/a", Conflict.RENAME)) for each in files]
    assert codes(sara.commit(*rename)) == ["created", "created"]
    assert names(sara.tree, "/") == ["a", "a (1)", "a (2)"]


def test_two_commits_at_once_leave_one_whole_version_or_the_other(sara: Person) -> None:
    one, two = sara.put(pattern(BLOCK, seed=3), pattern(BLOCK, seed=4)), sara.put(pattern(BLOCK, seed=5))
    contents = {pattern(BLOCK, seed=3) + pattern(BLOCK, seed=4), pattern(BLOCK, seed=5)}
    start = threading.Barrier(4)

    def race(turn: int, refs: list[object], expect: Expectation) -> Result:
        start.wait(10)
        return sara.commit_one(Terms(f"/{turn}", expect=expect), refs)  # type: ignore[arg-type]

    with ThreadPoolExecutor(4) as pool:
        for turn in range(20):
            only_new = Expectation(none_match=("*",)) if turn % 2 else Expectation()
            results = list(pool.map(race, [turn] * 4, [one, two] * 2, [only_new] * 4))
            assert sara.read(f"/{turn}") in contents
            assert sorted(codes(results)) == (
                ["created", *["precondition_failed"] * 3] if turn % 2 else ["created", *["replaced"] * 3]
            )


def test_if_match_lets_one_of_two_through(sara: Person) -> None:
    refs = sara.put(SMALL, LARGE, OTHER)
    base = written(sara.commit_one("/a", refs[:1])).entry.etag
    with ThreadPoolExecutor(2) as pool:
        guarded = Terms("/a", expect=Expectation(match=(base,)))
        results = list(pool.map(lambda ref: sara.commit_one(guarded, [ref]), refs[1:]))
    assert sorted(codes(results)) == ["precondition_failed", "replaced"]


def test_the_hint_spares_reading_and_changes_nothing(world: BlockWorld, sara: Person) -> None:
    contents = [pattern(BLOCK, seed=n) for n in range(5)]
    refs = sara.put(*contents, hint=TOKEN)
    for blob in world.vault.blobs():
        blob.write_bytes(b"whoever reads this fails")
    terms = Terms("/a", sha256=sha256(*contents))
    assert written(sara.commit_one(terms, refs, TOKEN)).outcome == "created"
    assert isinstance(sara.commit_one(terms, refs, TOKEN), MissingBlocksError), "the hint is used up"
    sara.put(*contents)  # repairs
    sara.put(*contents[::-1], hint=TOKEN)  # another file
    assert written(sara.commit_one(replace(terms, path="/b"), refs, TOKEN)).entry.sha256 == sha256(*contents)
    sara.put(*contents[:2], hint=TOKEN)  # the beginning of it
    assert written(sara.commit_one(replace(terms, path="/c"), refs, TOKEN)).entry.sha256 == sha256(*contents)


def test_a_hint_cannot_make_a_wrong_digest(sara: Person) -> None:
    sara.put(LARGE, OTHER, hint=TOKEN)
    refs = [sara.ref(OTHER), sara.ref(LARGE)]
    assert written(sara.commit_one("/a", refs, TOKEN)).entry.sha256 == sha256(OTHER, LARGE)


def test_attack_54_a_swapped_block_is_not_published(world: BlockWorld, sara: Person) -> None:
    refs = sara.put(LARGE, OTHER)
    one, two = (world.vault.root / "blobs" / ref.id.hex()[:2] / ref.id.hex() for ref in refs)
    one.write_bytes(two.read_bytes())
    result = sara.commit_one("/a", refs)
    assert isinstance(result, MissingBlocksError)
    assert result.blocks == (refs[0].id.hex(),)


def test_rights_of_a_commit_are_those_of_a_draft(world: BlockWorld, sara: Person) -> None:
    (small,) = sara.put(SMALL)
    write(sara.tree, "/there", b"old")
    world.rights = Rights.READ | Rights.CREATE
    assert written(sara.commit_one("/there", [small])).entry.path == "/there (1)"
    assert isinstance(sara.commit_one(Terms("/there", expect=Expectation(match=("*",))), [small]), ForbiddenError)
    world.rights = Rights.READ | Rights.WRITE
    assert isinstance(sara.commit_one("/new", [small]), ForbiddenError)
    assert isinstance(sara.commit_one(Terms("/d/new", parents=True), [small]), ForbiddenError)
    assert codes(sara.batch(("/there", b"new"), ("/other", b"x"))) == ["replaced", "forbidden"]
    assert names(sara.tree, "/") == ["there", "there (1)"]


def test_a_write_that_runs_twice_publishes_once(tmp_path: Path) -> None:
    with block_world(tmp_path) as plain:
        world = BlockWorld(plain.vault, catalog=RetryingCatalog(plain.vault.catalog))
        sara = world.person("sara")
        refs = sara.put(SMALL, LARGE)
        assert codes(sara.commit(*[Listed(Terms(f"/d/{n}", parents=True), r.length, (r,)) for n, r in enumerate(refs)]))
        assert codes(sara.batch(("/d/x", b"x"), ("/e/y", b"y"))) == ["created", "not_found"]
        assert names(sara.tree, "/d") == ["0", "1", "x"]
        assert sara.tree.usage().files == 3


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    with block_world(tmp_path) as world:
        sara = world.person("sara")
        (ref,) = sara.put(LARGE)
        again = open_catalog(tmp_path / "catalog.db", world.vault.clock)  # as after kill -9: nobody closed anything
        found = again.read(
            lambda tx: tx.claims.claimable(sara.account.id, sara.account.home_id, [ref.id], world.vault.clock.now_us())
        )
        again.close()
        assert found == {ref.id: BLOCK}


# --- batches -----------------------------------------------------------------------------------------------------


def test_a_batch_of_all_sizes_comes_back(world: BlockWorld, sara: Person) -> None:
    sizes = [0, 1, 4096, INLINE_BLOCK_MAX, INLINE_BLOCK_MAX + 1, 200_000, BATCH_FILE_MAX, 4096]
    contents = [pattern(size, seed=n) for n, size in enumerate(sizes)]
    files = [(Terms(f"/d/{n % 2}/{n}", parents=True), data) for n, data in enumerate(contents)]
    results = sara.batch(*files)
    assert codes(results) == ["created"] * len(sizes)
    for (terms, data), result in zip(files, results, strict=True):
        assert sara.read(terms.path) == data
        assert written(result).entry.sha256 == sha256(data)
    assert world.vault.counts()["blobs"] == 3
    assert names(sara.tree, "/d") == ["0", "1"]


def test_bad_files_do_not_keep_the_others_out(world: BlockWorld, sara: Person) -> None:
    write(sara.tree, "/there", b"old")
    big = bytes(BATCH_FILE_MAX + 1)
    results = sara.batch(
        ("/good", SMALL),
        ("/a/../b", SMALL),
        ("/big", big),
        (Terms("/wrong", sha256=sha256(b"")), LARGE),
        (Terms("/there", Conflict.SKIP), OTHER),
        ("/none/x", LARGE),
    )
    assert codes(results) == ["created", "invalid_name", "too_large", "digest_mismatch", "skipped", "not_found"]
    assert world.vault.counts()["blobs"] == 0, "what was not published gives back its space"
    assert world.vault.counts()["blocks"] == 2


def test_equal_files_of_a_batch_are_stored_once(world: BlockWorld, sara: Person) -> None:
    assert codes(sara.batch(*[(f"/{n}", LARGE) for n in range(5)], *[(f"/s{n}", SMALL) for n in range(5)]))
    assert world.vault.counts()["blocks"] == 2
    assert sara.read("/4") == LARGE


def test_attack_52_a_full_disk_publishes_nothing_of_a_batch(tmp_path: Path) -> None:
    store = FailingBlobStore(LocalBlobStore(tmp_path / "blobs"), put_at=3, error=disk_full)
    with block_world(tmp_path, blobs=store) as world:
        sara = world.person("sara")
        files = [(f"/{n}", pattern(BLOCK, seed=n)) for n in range(5)]
        with pytest.raises(NoSpaceError):
            sara.batch(*files, ("/small", SMALL))
        assert world.vault.counts() == {"nodes": 2, "versions": 0, "blocks": 0, "blobs": 0}
        assert codes(sara.batch(*files)) == ["created"] * 5


def test_too_many_files_are_refused(sara: Person, world: BlockWorld) -> None:
    with pytest.raises(TooLargeError):
        sara.batch(*[("/a", b"")] * (FILES_MAX + 1))
    with pytest.raises(TooLargeError):
        sara.commit(*[Listed(Terms("/a"), 0, ())] * (FILES_MAX + 1))
    with pytest.raises(TooLargeError):
        read_many(world.blocks, sara.who, ["/a"] * (FILES_MAX + 1))


# --- reading many ------------------------------------------------------------------------------------------------


def test_many_files_are_read_in_order(world: BlockWorld, sara: Person) -> None:
    contents = {f"/d/{n}": pattern(n * 700, seed=n) for n in range(2 * STEP + 3)}
    assert set(codes(sara.batch(*[(Terms(p, parents=True), d) for p, d in contents.items()]))) == {"created"}
    write(sara.tree, "/several", pattern(3 * BLOCK))
    contents["/several"] = pattern(3 * BLOCK)
    found = list(read_many(world.blocks, sara.who, list(contents)))
    assert [(each.path, bytes(each.data)) for each in found] == list(contents.items())
    assert all(each.entry == sara.tree.stat(at(each.path)) for each in found)


def test_what_cannot_be_read_says_so_in_its_place(world: BlockWorld, sara: Person) -> None:
    sara.batch(("/small", SMALL), ("/large", LARGE), ("/good", b"good"))
    sara.tree.make_folder(at("/folder"))
    write(sara.tree, "/huge", bytes(BATCH_FILE_MAX + 1))
    for ref in (sara.ref(SMALL), sara.ref(LARGE)):
        world.vault.sql(
            "UPDATE inline_blocks SET data = x'00' WHERE num = (SELECT num FROM blocks WHERE id = ?)", ref.id
        )
    for blob in world.vault.blobs():
        blob.write_bytes(b"damage")
    paths = ["/small", "/large", "/none", "/folder", "/", "/huge", "/good/x", "/a\0", "/good"]
    found = list(read_many(world.blocks, sara.who, paths))
    assert [each.error.code if each.error else "" for each in found] == [
        "block_damaged",
        "block_damaged",
        "not_found",
        "is_a_folder",
        "is_a_folder",
        "too_large",
        "not_found",
        "invalid_name",
        "",
    ]
    assert [bytes(each.data) for each in found] == [b""] * 8 + [b"good"]


def test_attack_29_reading_ends_with_the_session(world: BlockWorld, sara: Person) -> None:
    sara.batch(*[(f"/{n}", b"x") for n in range(STEP + 1)])
    reads = read_many(world.blocks, sara.who, [f"/{n}" for n in range(STEP + 1)])
    assert next(reads).data == b"x"
    world.gone = NotFoundError("the session has ended")
    with pytest.raises(NotFoundError):
        list(reads)
