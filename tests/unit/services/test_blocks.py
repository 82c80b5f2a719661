"""Blocks one by one: who may name which, what is kept, and for how long."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    DigestMismatchError,
    ForbiddenError,
    InvalidRequestError,
    IsAFolderError,
    MissingBlocksError,
    NoSpaceError,
    NotFoundError,
    SignInRequiredError,
    TooLargeError,
)
from secure_file_transfer.model import BLOCK_SIZE_MAX, KIB, BlockId, BlockRef, Principal, Rights
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.blocks import CLAIM_US, MISSING_MAX, Blocks
from secure_file_transfer.services.commits import CLAIM_AFTER_US
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.storage.folder import FolderTree
from secure_file_transfer.testing.block_world import BlockWorld, Person, block_world, written
from secure_file_transfer.testing.contracts.tree_kit import at, pattern, write
from secure_file_transfer.testing.faults import CountingBlobStore, FailingBlobStore, disk_full
from secure_file_transfer.testing.vault_world import BLOCK

SMALL, LARGE, OTHER = pattern(5 * KIB), pattern(BLOCK, seed=1), pattern(BLOCK, seed=2)
NO_BLOCKS = {"blocks": 0, "blobs": 0}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BlockWorld]:
    with block_world(tmp_path) as world:
        yield world


@pytest.fixture
def sara(world: BlockWorld) -> Person:
    return world.person("sara")


def stored(world: BlockWorld) -> dict[str, int]:
    counts = world.vault.counts()
    return {name: counts[name] for name in ("blocks", "blobs")}


# --- putting and naming -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"x", SMALL, LARGE, pattern(BLOCK_SIZE_MAX)], ids=len)
def test_a_block_that_was_put_is_not_missing_and_makes_a_file(sara: Person, data: bytes) -> None:
    ref = sara.ref(data)
    assert sara.missing(ref) == [ref.id]
    sara.put(data)
    assert sara.missing(ref) == []
    assert written(sara.commit_one("/a", [ref, ref])).outcome == "created"
    assert sara.read("/a") == data * 2
    assert sara.missing(ref) == []


def test_missing_answers_in_order_and_once(sara: Person) -> None:
    (there,) = sara.put(SMALL)
    first, second = sara.ref(LARGE), sara.ref(OTHER)
    assert sara.missing(second, there, first, second) == [second.id, first.id]
    assert sara.missing() == []
    with pytest.raises(TooLargeError):
        sara.missing(*[first] * (MISSING_MAX + 1))


def test_the_naming_key_names_what_other_doors_store(sara: Person, world: BlockWorld) -> None:
    write(sara.tree, "/a", LARGE)
    assert world.blocks.naming_key(sara.who) == sara.keys.naming_key
    assert sara.missing(sara.ref(LARGE)) == []
    entry, manifest, key = world.blocks.manifest(sara.who, at("/a"))
    assert (entry.size, manifest, key) == (BLOCK, (sara.ref(LARGE),), sara.keys.naming_key)
    write(sara.tree, "/empty", b"")
    assert world.blocks.manifest(sara.who, at("/empty"))[1] == ()
    for path, error in (("/", IsAFolderError), ("/none", NotFoundError)):
        with pytest.raises(error):
            world.blocks.manifest(sara.who, at(path))


def test_wrong_bytes_are_refused_and_nothing_is_kept(sara: Person, world: BlockWorld) -> None:
    for data, wrong in ((LARGE, OTHER), (SMALL, SMALL[:-1]), (SMALL, SMALL + b"x")):
        with pytest.raises(DigestMismatchError):
            world.blocks.put(sara.who, sara.ref(data).id, wrong)
    with pytest.raises(InvalidRequestError):
        world.blocks.put(sara.who, sara.ref(b"").id, b"")
    with pytest.raises(TooLargeError):
        world.blocks.put(sara.who, sara.ref(b"").id, bytes(BLOCK_SIZE_MAX + 1))
    assert stored(world) == NO_BLOCKS


def test_the_same_block_again_is_stored_once(tmp_path: Path) -> None:
    store = CountingBlobStore(LocalBlobStore(tmp_path / "blobs"))
    with block_world(tmp_path, blobs=store) as world:
        sara = world.person("sara")
        sara.put(LARGE, LARGE, SMALL, SMALL)
        assert store.calls["put"] == 1
        assert stored(world) == {"blocks": 2, "blobs": 1}


def test_a_damaged_block_is_repaired_by_sending_it_again(sara: Person, world: BlockWorld) -> None:
    (ref,) = sara.put(LARGE)
    (blob,) = world.vault.blobs()
    blob.write_bytes(b"damage")
    result = sara.commit_one("/a", [ref])
    assert isinstance(result, MissingBlocksError)
    assert result.blocks == (ref.id.hex(),)
    sara.put(LARGE)
    written(sara.commit_one("/a", [ref]))
    assert sara.read("/a") == LARGE


def test_all_damaged_blocks_of_a_file_are_named_at_once(sara: Person, world: BlockWorld) -> None:
    contents = [LARGE, SMALL, LARGE[::-1], LARGE[1:]]
    refs = sara.put(*contents)
    for blob in world.vault.blobs():
        blob.write_bytes(b"damage")
    result = sara.commit_one("/a", [*refs, refs[0]])
    assert isinstance(result, MissingBlocksError)
    assert result.blocks == tuple(refs[at].id.hex() for at in (0, 2, 3))
    sara.put(*contents)
    written(sara.commit_one("/a", refs))
    assert sara.read("/a") == b"".join(contents)


# --- attack 53: a hash is no proof of possession ----------------------------------------------------------------


def test_attack_53_a_block_of_somebody_else_cannot_be_claimed_by_its_id(world: BlockWorld, sara: Person) -> None:
    omid = world.person("omid")
    write(sara.tree, "/secret", LARGE)
    (claimed,) = sara.put(SMALL)
    for ref in (sara.ref(LARGE), claimed):
        # The very id, and the content's id in Omid's own drive: both look like blocks that never were.
        assert omid.missing(ref) == [ref.id]
        result = omid.commit_one("/mine", [ref])
        assert isinstance(result, MissingBlocksError)
        assert result.blocks == (ref.id.hex(),)
    assert omid.missing(omid.ref(LARGE)) == [omid.ref(LARGE).id]
    assert omid.missing(BlockRef(BlockId(bytes(32)), 1)) == [bytes(32)]
    with pytest.raises(NotFoundError):
        omid.read("/mine")


def test_attack_53_equal_contents_have_other_ids_in_other_drives(world: BlockWorld, sara: Person) -> None:
    omid = world.person("omid")
    assert sara.ref(LARGE) != omid.ref(LARGE)
    sara.put(LARGE)
    with pytest.raises(DigestMismatchError):  # not even with the bytes in hand
        world.blocks.put(omid.who, sara.ref(LARGE).id, LARGE)
    assert stored(world) == {"blocks": 1, "blobs": 1}
    omid.put(LARGE)
    assert stored(world) == {"blocks": 2, "blobs": 2}


def test_attack_53_a_claim_is_for_the_one_who_sent_the_block(world: BlockWorld, sara: Person) -> None:
    """Two people in one drive: what one has sent and not yet published, the other cannot name."""
    omid = world.person("omid")
    omid.tree, omid.keys = sara.tree, sara.keys
    sara.put(LARGE)
    assert omid.missing(sara.ref(LARGE)) == [sara.ref(LARGE).id]
    assert isinstance(omid.commit_one("/x", [sara.ref(LARGE)]), MissingBlocksError)
    omid.put(LARGE)
    written(omid.commit_one("/x", [sara.ref(LARGE)]))


# --- who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rights", [Rights.NONE, Rights.CREATE, Rights.CREATE | Rights.WRITE, ~Rights.READ])
def test_without_the_right_to_read_there_are_no_blocks(world: BlockWorld, sara: Person, rights: Rights) -> None:
    world.rights = rights
    for ask in (
        lambda: world.blocks.naming_key(sara.who),
        sara.missing,
        lambda: sara.put(SMALL),
        sara.commit,
        sara.batch,
        lambda: world.blocks.manifest(sara.who, at("/a")),
    ):
        with pytest.raises(NotFoundError):
            ask()


def test_a_reader_may_ask_and_not_send(world: BlockWorld, sara: Person) -> None:
    write(sara.tree, "/a", LARGE)
    world.rights = Rights.READ
    assert sara.missing(sara.ref(LARGE)) == []
    world.blocks.manifest(sara.who, at("/a"))
    for ask in (lambda: sara.put(SMALL), sara.commit, sara.batch):
        with pytest.raises(ForbiddenError):
            ask()
    assert stored(world) == {"blocks": 1, "blobs": 1}


def test_folders_of_the_disk_and_guests_have_no_blocks(world: BlockWorld, sara: Person, tmp_path: Path) -> None:
    (tmp_path / "shown").mkdir()
    tree = FolderTree(tmp_path / "shown", world.vault.clock)
    blocks = Blocks(Access(lambda _: tree, guest_tree=tree, guest_rights=Rights.ALL), lambda _: None, world.vault.clock)
    for who in (sara.who, Principal(None, None)):
        with pytest.raises(NotFoundError):
            blocks.naming_key(who)
    with pytest.raises(SignInRequiredError):
        world.blocks.naming_key(Principal(None, None))


def test_attack_29_nothing_is_stored_once_the_session_has_ended(world: BlockWorld, sara: Person) -> None:
    (ref,) = sara.put(LARGE)
    world.gone = SignInRequiredError()
    for ask in (lambda: sara.put(SMALL), lambda: sara.commit_one("/a", [ref]), lambda: sara.batch(("/b", b"x"))):
        with pytest.raises(SignInRequiredError):
            ask()
    assert world.vault.counts()["versions"] == 0


# --- time, space and the sweep -----------------------------------------------------------------------------------


def test_a_claim_ends_and_its_space_is_given_back(world: BlockWorld, sara: Person) -> None:
    refs = sara.put(SMALL, LARGE)
    sweeper = world.vault.sweeper(grace=60)
    world.vault.clock.advance(CLAIM_US / 1_000_000 - 1)
    sweeper.run()
    assert sara.missing(*refs) == []
    world.vault.clock.advance(2)
    assert sara.missing(*refs) == [ref.id for ref in refs]
    sweeper.run()
    world.vault.clock.advance(60)
    sweeper.run()
    assert stored(world) == NO_BLOCKS
    assert world.vault.sql("SELECT count(*) FROM claims") == [(0,)]


def test_a_block_that_is_sent_again_is_claimed_anew(world: BlockWorld, sara: Person) -> None:
    (ref,) = sara.put(LARGE)
    world.vault.clock.advance(CLAIM_US / 1_000_000 - 1)
    sara.put(LARGE)
    world.vault.clock.advance(1000)
    world.vault.sweeper().run()
    written(sara.commit_one("/a", [ref]))


def test_published_blocks_need_no_claim_and_go_with_their_file(world: BlockWorld, sara: Person) -> None:
    refs = sara.put(SMALL, LARGE)
    written(sara.commit_one("/a", refs))
    world.vault.clock.advance(CLAIM_AFTER_US / 1_000_000)
    world.vault.sweeper().run()
    assert world.vault.sql("SELECT count(*) FROM claims") == [(0,)]
    world.vault.sweep_all()
    assert sara.missing(*refs) == []
    assert sara.read("/a") == SMALL + LARGE
    sara.tree.remove(at("/a"))
    world.vault.sweep_all()
    assert stored(world) == NO_BLOCKS


def test_a_block_under_way_is_not_swept_and_the_sweep_is_waited_for(world: BlockWorld, sara: Person) -> None:
    """The sweep condemns an unreferenced block; sending it meanwhile waits, and then stores it anew."""
    write(sara.tree, "/a", LARGE)
    sara.tree.remove(at("/a"))
    world.vault.sweeper().purge_removed()
    ref, done = sara.ref(LARGE), threading.Event()

    def send() -> None:
        sara.put(LARGE)
        done.set()

    sender = threading.Thread(target=send)
    with world.vault.leases.condemn([ref.id]) as free:
        assert free == [ref.id]
        sender.start()
        assert not done.wait(0.05)
        world.vault.catalog.write(lambda tx: tx.blocks.delete_unreferenced(free))
        world.vault.disk.delete(ref.id.hex())
    assert done.wait(10)
    sender.join()
    written(sara.commit_one("/b", [ref]))
    assert sara.read("/b") == LARGE


def test_senders_and_sweepers_at_once_lose_nothing(world: BlockWorld, sara: Person) -> None:
    contents = [pattern(BLOCK if n % 2 else 100, seed=n) for n in range(6)]
    refs = [sara.ref(data) for data in contents]
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            world.vault.clock.advance(CLAIM_US / 1_000_000 / 7)
            world.vault.sweeper().run()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        published = 0
        for turn in range(60):
            sara.put(*contents)
            result = sara.commit_one(f"/{turn}", refs)
            if isinstance(result, MissingBlocksError):
                continue  # the clock ran a whole day meanwhile
            published += 1
            assert sara.read(f"/{turn}") == b"".join(contents)
            sara.tree.remove(at(f"/{turn}"))
    finally:
        over.set()
        sweeper.join()
    assert published > 10


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["inline", "blob"])
def test_attack_52_a_full_disk_claims_nothing_and_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    store = FailingBlobStore(LocalBlobStore(tmp_path / "blobs"), put_at=range(1, 3), error=disk_full, lost_answer=True)
    with block_world(tmp_path, blobs=store) as world:
        sara = world.person("sara")
        if data is SMALL:
            world.vault.sql("CREATE TRIGGER full BEFORE INSERT ON claims BEGIN SELECT RAISE(ABORT, 'full'); END")
        for _ in range(2):
            with pytest.raises(Exception, match=r"No space|full"):
                sara.put(data)
            assert stored(world) == NO_BLOCKS
            assert sara.missing(sara.ref(data)) == [sara.ref(data).id]
        if data is SMALL:
            world.vault.sql("DROP TRIGGER full")
        sara.put(data)
        assert sara.missing(sara.ref(data)) == []


def test_attack_52_a_full_catalog_gives_back_the_blob(world: BlockWorld, sara: Person) -> None:
    world.vault.sql("CREATE TRIGGER full BEFORE INSERT ON claims BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(Exception, match="full"):
        sara.put(LARGE)
    assert stored(world) == NO_BLOCKS


def test_a_block_is_hashed_on_its_way_and_a_failed_one_is_not(tmp_path: Path) -> None:
    store = FailingBlobStore(LocalBlobStore(tmp_path / "blobs"), put_at=2, error=disk_full)
    with block_world(tmp_path, blobs=store) as world:
        sara, token = world.person("sara"), "a" * 32
        with pytest.raises(NoSpaceError):
            sara.put(LARGE, OTHER, hint=token)
        start = world.blocks.hashers.head_start(sara.account.id, token, (sara.ref(LARGE), sara.ref(OTHER)))
        assert start.blocks in {1, 2}  # what was hashed before the disk refused it was hashed all the same


def test_paths_do_not_matter_to_blocks_of_a_whole_home(sara: Person) -> None:
    sara.tree.make_folder(RemotePath.parse("/d"))
    write(sara.tree, "/d/a", LARGE)
    written(sara.commit_one("/b", [sara.ref(LARGE)]))
    assert sara.read("/b") == LARGE
