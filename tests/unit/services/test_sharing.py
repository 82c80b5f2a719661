"""What others share: where it is found, what may be done with it, and that nothing else is told.

The rules as a whole are tried by the state machine in `testing.rights_machine`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    IsAFolderError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
)
from secure_file_transfer.model import LEVELS, Conflict, Principal, Rights, SortKey
from secure_file_transfer.paths import RemotePath, numbered
from secure_file_transfer.services.archive import zip_stream
from secure_file_transfer.services.commits import Small, Terms
from secure_file_transfer.services.groups import require_admin
from secure_file_transfer.services.uploads import Wanted
from secure_file_transfer.testing.rights_world import SharingWorld


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SharingWorld]:
    world = SharingWorld(tmp_path)
    world.folder("ada", "/photos")
    world.folder("ada", "/photos/inbox")
    world.put("ada", "/photos/cat.jpg", b"cat")
    world.put("ada", "/secret.txt", b"secret")
    yield world
    world.close()


def share(world: SharingWorld, path: str, to: str, level: str) -> None:
    world.shares.grant(world.who["ada"], at(path), to, LEVELS[level])


def said(act: Callable[[], Any]) -> tuple[type[BaseException], str]:
    with pytest.raises(SecureFileTransferError) as caught:
        act()
    return caught.type, str(caught.value)


def test_shared_is_a_folder_of_owners_and_their_things(world: SharingWorld) -> None:
    assert world.names("bob", "/") == []
    assert world.names("bob", "/Shared") == []
    share(world, "/photos", "bob", "viewer")
    assert world.names("bob", "/") == ["Shared"]
    assert world.names("bob", "/Shared") == ["ada"]
    assert world.names("bob", "/Shared/ada") == ["photos"]
    assert world.names("bob", "/Shared/ada/photos") == ["cat.jpg", "inbox"]
    assert world.read("bob", "/Shared/ada/photos/cat.jpg") == b"cat"
    entry = world.files.stat(world.who["bob"], at("/Shared/ada/photos"))
    assert (entry.path, entry.name) == ("/Shared/ada/photos", "photos")
    with pytest.raises(IsAFolderError):
        world.read("bob", "/Shared/ada")
    assert world.names("ada", "/") == ["photos", "secret.txt"]
    assert world.names("cyn", "/Shared") == []


def test_not_shared_and_not_there_and_nobody_are_one(world: SharingWorld) -> None:
    share(world, "/photos", "bob", "viewer")
    for act in (
        lambda path: world.files.stat(world.who["bob"], at(path)),
        lambda path: world.read("bob", path),
        lambda path: world.put("bob", path),
        lambda path: world.folder("bob", path),
        lambda path: world.files.remove(world.who["bob"], at(path)),
    ):
        answers = {
            (kind, text.replace(path, "?"))
            for path in ("/Shared/ada/secret.txt", "/Shared/ada/nothing.txt")
            for kind, text in [said(partial(act, path))]
        }
        assert len(answers) == 1
    kinds = {said(lambda who=who: world.names("bob", f"/Shared/{who}"))[0] for who in ("cyn", "nobody")}  # type: ignore[misc]
    assert kinds == {NotFoundError}


def test_levels_do_what_they_say(world: SharingWorld) -> None:
    bob = world.who["bob"]
    share(world, "/photos", "bob", "viewer")
    with pytest.raises(ForbiddenError):
        world.put("bob", "/Shared/ada/photos/new", b"x")
    share(world, "/photos", "bob", "contributor")  # in place of the other
    assert world.put("bob", "/Shared/ada/photos/cat.jpg", b"my cat").name == "cat (1).jpg"
    with pytest.raises(ForbiddenError):
        world.files.remove(bob, at("/Shared/ada/photos/cat.jpg"))
    share(world, "/photos", "bob", "editor")
    world.put("bob", "/Shared/ada/photos/cat.jpg", b"better cat")
    world.files.move(bob, at("/Shared/ada/photos/cat (1).jpg"), at("/Shared/ada/photos/inbox/old.jpg"))
    world.files.copy(bob, at("/Shared/ada/photos/inbox"), at("/Shared/ada/photos/copy"))
    assert world.names("ada", "/photos/copy") == ["old.jpg"]
    assert world.read("ada", "/photos/cat.jpg") == b"better cat"


def test_a_drop_box_takes_files_and_tells_nothing(world: SharingWorld) -> None:
    share(world, "/photos/inbox", "bob", "dropbox")
    world.put("ada", "/photos/inbox/there.txt", b"old")
    assert world.put("bob", "/Shared/ada/inbox/there.txt", b"new").name == "there (1).txt"
    world.folder("ada", "/photos/inbox/deep")
    for path in ("/Shared/ada/inbox", "/Shared/ada/inbox/there.txt"):
        with pytest.raises(NotFoundError):
            world.files.stat(world.who["bob"], at(path))
    for folder in ("deep", "none"):
        with pytest.raises(NotFoundError):
            world.put("bob", f"/Shared/ada/inbox/{folder}/x")
        with pytest.raises(NotFoundError):
            world.folder("bob", f"/Shared/ada/inbox/{folder}")
    world.put("bob", "/own.txt", b"x")
    for name in ("there.txt", "free.txt"):
        with pytest.raises(NotFoundError):
            world.files.move(world.who["bob"], at("/own.txt"), at(f"/Shared/ada/inbox/{name}"))


def test_the_top_of_what_was_shared_stays_where_it_is(world: SharingWorld) -> None:
    bob = world.who["bob"]
    share(world, "/photos", "bob", "editor")
    for act in (
        lambda: world.files.remove(bob, at("/Shared/ada/photos"), recursive=True),
        lambda: world.files.move(bob, at("/Shared/ada/photos"), at("/Shared/ada/pictures")),
        lambda: world.files.remove(bob, at("/Shared/ada"), recursive=True),
        lambda: world.files.remove(bob, at("/Shared"), recursive=True),
        lambda: world.folder("bob", "/Shared/ada/mine"),
        lambda: world.folder("bob", "/Shared/mine"),
        lambda: world.put("bob", "/Shared"),
    ):
        with pytest.raises(ForbiddenError):
            act()
    assert world.names("ada", "/photos") == ["cat.jpg", "inbox"]


def test_a_file_shared_by_itself_can_be_replaced_and_gets_no_neighbour(world: SharingWorld) -> None:
    bob, path = world.who["bob"], "/Shared/ada/secret.txt"
    share(world, "/secret.txt", "bob", "editor")
    assert world.shares.received(bob)[0].rights == Rights.READ | Rights.WRITE
    world.put("bob", path, b"changed")
    assert world.read("ada", "/secret.txt") == b"changed"
    draft = world.files.draft(bob, at(path))
    with pytest.raises(ForbiddenError):
        draft.commit(conflict=Conflict.RENAME)
    draft.abort()
    with pytest.raises(SecureFileTransferError):
        world.folder("bob", path + "/below")
    assert world.names("ada", "/") == ["photos", "secret.txt"]
    with pytest.raises(InvalidRequestError):
        share(world, "/secret.txt", "bob", "dropbox")


def test_a_folder_shared_within_a_shared_one_cannot_be_doubled_beside_itself(world: SharingWorld) -> None:
    share(world, "/photos", "bob", "viewer")
    share(world, "/photos/inbox", "bob", "editor")
    world.put("bob", "/Shared/ada/photos/inbox/by the long way", b"x")
    world.put("bob", "/Shared/ada/inbox/by the short way", b"x")
    draft_path = at("/Shared/ada/photos/inbox")
    with pytest.raises(SecureFileTransferError):
        world.files.draft(world.who["bob"], draft_path)
    with pytest.raises(SecureFileTransferError):
        world.files.copy(world.who["bob"], draft_path, draft_path, conflict=Conflict.RENAME)
    assert world.names("ada", "/photos") == ["cat.jpg", "inbox"]


def test_one_thing_by_two_paths_cannot_go_into_itself(world: SharingWorld) -> None:
    bob = world.who["bob"]
    share(world, "/photos", "bob", "editor")
    share(world, "/photos/inbox", "bob", "editor")
    for act in (world.files.move, world.files.copy):
        with pytest.raises(ConflictError):
            act(bob, at("/Shared/ada/photos/inbox"), at("/Shared/ada/inbox/itself"))
    world.put("bob", "/Shared/ada/inbox/f", b"x")
    for act in (world.files.move, world.files.copy):
        with pytest.raises(ConflictError):
            act(bob, at("/Shared/ada/photos/inbox/f"), at("/Shared/ada/inbox/f"), conflict=Conflict.OVERWRITE)
    assert world.read("ada", "/photos/inbox/f") == b"x"


def test_a_grant_follows_its_node_and_nothing_follows_its_name(world: SharingWorld) -> None:
    """Attack 58."""
    ada = world.who["ada"]
    share(world, "/photos", "bob", "editor")
    world.files.move(ada, at("/photos"), at("/pictures"))
    assert world.names("bob", "/Shared/ada") == ["pictures"]
    world.folder("ada", "/photos")
    assert world.names("bob", "/Shared/ada") == ["pictures"]
    world.files.move(ada, at("/pictures/cat.jpg"), at("/cat.jpg"))
    with pytest.raises(NotFoundError):
        world.read("bob", "/Shared/ada/pictures/cat.jpg")
    world.files.remove(ada, at("/pictures"), recursive=True)
    world.folder("ada", "/pictures")
    assert world.names("bob", "/Shared") == []
    assert world.shares.given(ada) == []


def test_transfers_end_with_their_grant(world: SharingWorld) -> None:
    """Attacks 29 and 58: what began before the grant ended does not go on after it."""
    bob = world.who["bob"]
    share(world, "/photos", "bob", "editor")
    draft = world.files.draft(bob, at("/Shared/ada/photos/new.bin"))
    draft.append(b"a" * 1000)
    content = world.files.open(bob, at("/Shared/ada/photos/cat.jpg"))
    upload = world.uploads.create(bob, Wanted(at("/Shared/ada/photos/big.bin"), 4))
    writer = world.uploads.write(bob, upload.id, 0)
    writer.append(b"1")
    world.shares.revoke(world.who["ada"], at("/photos"))
    world.clock.advance(0.6)
    with pytest.raises(NotFoundError):
        writer.append(b"2")
    writer.leave()
    with pytest.raises(NotFoundError):
        draft.append(b"a" * 1000)
    with pytest.raises(NotFoundError):
        list(content.chunks(0, 3))
    content.close()
    with pytest.raises(NotFoundError):
        world.uploads.status(bob, upload.id)
    draft.abort()
    assert world.names("ada", "/photos") == ["cat.jpg", "inbox"]


def test_a_commit_is_judged_by_the_rights_of_its_instant(world: SharingWorld) -> None:
    bob = world.who["bob"]
    share(world, "/photos", "bob", "editor")
    draft = world.files.draft(bob, at("/Shared/ada/photos/cat.jpg"))
    share(world, "/photos", "bob", "viewer")
    with pytest.raises(ForbiddenError):  # the clock stands still: it is the transaction that notices
        draft.commit()
    draft.abort()
    assert world.read("ada", "/photos/cat.jpg") == b"cat"


def test_uploads_that_survive_go_to_what_was_shared_and_count_for_its_owner(world: SharingWorld) -> None:
    bob = world.who["bob"]
    share(world, "/photos", "bob", "editor")
    upload = world.uploads.create(bob, Wanted(at("/Shared/ada/photos/big.bin"), 4))
    writer = world.uploads.write(bob, upload.id, 0)
    writer.append(b"1234")
    assert writer.finish().published == "/Shared/ada/photos/big.bin"
    writer.leave()
    assert world.files.usage(world.who["ada"]).bytes == len(b"catsecret1234")
    assert world.files.usage(bob).bytes == 0
    part = world.uploads.create(bob, Wanted(None, 0, concat="partial"))
    with pytest.raises(ConflictError):
        world.uploads.join(bob, Wanted(at("/Shared/ada/photos/joined"), None), [part.id])


def test_there_are_no_blocks_of_what_others_share(world: SharingWorld) -> None:
    """Attack 53, across drives: neither the naming key nor a manifest is given, and nothing is taken by its name."""
    bob = world.who["bob"]
    share(world, "/photos", "bob", "editor")
    for path in ("/Shared/ada/photos", "/Shared/ada/photos/cat.jpg", "/Shared"):
        with pytest.raises(NotFoundError):
            world.blocks.naming_key(bob, at(path))
        with pytest.raises(NotFoundError):
            world.blocks.manifest(bob, at(path))
        (result,) = world.commits.batch(bob, [Small(Terms(path + "/x"), b"x")])
        assert isinstance(result, NotFoundError)


def test_groups_share_with_whoever_is_in_them_now(world: SharingWorld) -> None:
    world.groups.create("team")
    share(world, "/photos", "@Team", "viewer")
    assert world.shares.given(world.who["ada"])[0].to == "@team"
    assert world.names("bob", "/Shared") == []
    world.groups.add("team", "bob")
    world.groups.add("team", "ada")
    assert world.names("bob", "/Shared/ada") == ["photos"]
    assert world.names("ada", "/Shared") == []
    share(world, "/photos", "bob", "dropbox")
    assert world.shares.received(world.who["bob"])[0].rights == Rights.READ | Rights.CREATE
    world.groups.remove("team", "bob")
    with pytest.raises(NotFoundError):
        world.read("bob", "/Shared/ada/photos/cat.jpg")
    world.groups.rename("team", "crew")
    assert [each.members for each in world.groups.all()] == [("ada",)]
    with pytest.raises(NotFoundError):
        world.groups.remove("crew", "bob")
    with pytest.raises(NotFoundError):
        world.groups.add("crew", "nobody")
    with pytest.raises(NotFoundError):
        world.groups.delete("team")
    with pytest.raises(ForbiddenError):
        require_admin(world.who["bob"])


def test_an_account_that_is_made_again_inherits_nothing(world: SharingWorld) -> None:
    """Attack 30, for grants given and received."""
    share(world, "/photos", "bob", "viewer")
    bob = world.account_id("bob")
    world.catalog.write(lambda tx: tx.accounts.delete(bob))
    assert world.shares.given(world.who["ada"]) == []
    share(world, "/photos", "cyn", "viewer")
    ada = world.account_id("ada")
    world.catalog.write(lambda tx: tx.accounts.delete(ada))
    assert world.names("cyn", "/Shared") == []
    with pytest.raises(NotFoundError):
        world.read("cyn", "/Shared/ada/photos/cat.jpg")


def test_only_the_owner_shares_and_only_sensibly(world: SharingWorld) -> None:
    bob, ada = world.who["bob"], world.who["ada"]
    share(world, "/photos", "bob", "editor")
    for path in ("/Shared/ada/photos", "/Shared/ada/secret.txt"):
        with pytest.raises(ForbiddenError):
            world.shares.grant(bob, at(path), "cyn", Rights.READ)
        with pytest.raises(ForbiddenError):
            world.shares.revoke(bob, at(path))
    for path, to, kind in (
        ("/", "bob", ForbiddenError),
        ("/none", "bob", NotFoundError),
        ("/photos", "nobody", NotFoundError),
        ("/photos", "@nobody", NotFoundError),
        ("/photos", "Ada", InvalidRequestError),
    ):
        with pytest.raises(kind):
            world.shares.grant(ada, at(path), to, Rights.READ)
    with pytest.raises(NotFoundError):
        world.shares.revoke(ada, at("/photos"), "cyn")
    assert world.shares.revoke(ada, at("/photos"), "BOB") == 1
    with pytest.raises(NotFoundError):
        world.shares.revoke(ada, at("/photos"))
    with pytest.raises(SignInRequiredError):
        world.shares.given(Principal(None, None))


def test_things_of_one_name_are_told_apart_for_good(world: SharingWorld) -> None:
    world.folder("ada", "/other")
    world.folder("ada", "/other/photos")
    number = world.node_id("ada", at("/other/photos"))
    share(world, "/photos", "bob", "viewer")
    share(world, "/other/photos", "bob", "viewer")
    other = numbered("photos", number)
    assert world.names("bob", "/Shared/ada") == sorted(["photos", other])
    assert world.names("bob", f"/Shared/ada/{other}") == []
    world.shares.revoke(world.who["ada"], at("/photos"))
    assert world.names("bob", "/Shared/ada") == ["photos"]
    assert world.names("bob", f"/Shared/ada/{other}") == []


def test_shared_folders_are_listed_in_every_order_and_in_pages(world: SharingWorld) -> None:
    bob = world.who["bob"]
    share(world, "/photos", "bob", "viewer")
    share(world, "/photos/inbox", "bob", "viewer")
    share(world, "/photos/cat.jpg", "bob", "viewer")
    share(world, "/secret.txt", "bob", "viewer")
    folder = at("/Shared/ada")
    by_size = world.files.list(bob, folder, sort=SortKey.SIZE, descending=True)
    assert [entry.name for entry in by_size.entries][2:] == ["secret.txt", "cat.jpg"]
    first = world.files.list(bob, folder, limit=3)
    rest = world.files.list(bob, folder, limit=3, cursor=first.cursor)
    assert [e.name for e in [*first.entries, *rest.entries]] == ["inbox", "photos", "cat.jpg", "secret.txt"]
    assert rest.cursor is None
    for cursor in ("-1", "x", "9" * 20):
        with pytest.raises(InvalidRequestError):
            world.files.list(bob, folder, cursor=cursor)


def test_an_archive_of_what_was_shared(world: SharingWorld) -> None:
    share(world, "/photos", "bob", "viewer")
    archive = b"".join(zip_stream(world.files, world.who["bob"], [at("/Shared/ada/photos")]))
    assert b"photos/cat.jpg" in archive
    with pytest.raises(NotFoundError):
        zip_stream(world.files, world.who["bob"], [at("/Shared/ada/secret.txt")])
