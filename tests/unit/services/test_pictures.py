"""Who gets pictures of files, and which are kept. How they are drawn: see the contract of the renderers."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    BusyError,
    IsAFolderError,
    NotFoundError,
    SessionEndedError,
    UnsupportedContentError,
)
from secure_file_transfer.model import LEVELS, MIB, Principal, Rights
from secure_file_transfer.ports import Buffer
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.pictures import INPUT_MAX, Pictures
from secure_file_transfer.testing.contracts.tree_kit import at, write
from secure_file_transfer.testing.vault_world import VaultWorld, vault_world

WHO = Principal(None, None)
OWNER = Rights.READ | Rights.WRITE | Rights.CREATE | Rights.DELETE


class FakeRenderer:
    """Draws the content itself, after its order. `raises` is what happens instead."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, int, int]] = []
        self.raises: Exception | None = None
        self.closed = False

    def render(self, kind: str, box: int, size: int, pieces: Iterable[Buffer]) -> bytes:
        self.orders.append((kind, box, size))
        content = b"".join(bytes(piece) for piece in pieces)
        if self.raises is not None:
            raise self.raises
        return b"%d:" % box + content

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        world.tree.make_folder(at("/d"))
        write(world.tree, "/a.png", b"one")
        write(world.tree, "/b.PDF", b"two")
        write(world.tree, "/c.txt", b"three")
        write(world.tree, "/empty.png", b"")
        yield world


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer()


def pictures_of(
    world: VaultWorld, renderer: FakeRenderer, *, rights: Rights = OWNER, kept_max: int = 10_000
) -> Pictures:
    files = Files(Access(guest_tree=world.tree, guest_rights=rights))
    return Pictures(files, renderer, kept_max=kept_max)


def test_a_picture_is_drawn_once_for_each_size(world: VaultWorld, renderer: FakeRenderer) -> None:
    pictures = pictures_of(world, renderer)
    for _ in range(3):
        for box in (96, 320):
            asked = pictures.ask(WHO, at("/a.png"), box)
            picture = asked.known or pictures.draw(WHO, asked)
            assert picture == b"%d:one" % box
    assert renderer.orders == [("image", 96, 3), ("image", 320, 3)]
    assert pictures.draw(WHO, pictures.ask(WHO, at("/b.PDF"), 96)) == b"96:two"
    assert renderer.orders[-1] == ("pdf", 96, 3)


def test_another_version_has_another_picture(world: VaultWorld, renderer: FakeRenderer) -> None:
    pictures = pictures_of(world, renderer)
    first = pictures.ask(WHO, at("/a.png"), 96)
    pictures.draw(WHO, first)
    write(world.tree, "/a.png", b"other")
    second = pictures.ask(WHO, at("/a.png"), 96)
    assert second.known is None
    assert second.etag != first.etag
    assert pictures.draw(WHO, first) == b"96:other"  # it is not kept as the picture of what was there before
    assert pictures.ask(WHO, at("/a.png"), 96).known is None


@pytest.mark.parametrize("path", ["/c.txt", "/empty.png"])
def test_most_files_have_none(world: VaultWorld, renderer: FakeRenderer, path: str) -> None:
    with pytest.raises(UnsupportedContentError):
        pictures_of(world, renderer).ask(WHO, at(path), 96)
    assert renderer.orders == []


def test_what_cannot_be_drawn_is_not_tried_again(world: VaultWorld, renderer: FakeRenderer) -> None:
    pictures = pictures_of(world, renderer)
    renderer.raises = UnsupportedContentError("damaged")
    with pytest.raises(UnsupportedContentError):
        pictures.draw(WHO, pictures.ask(WHO, at("/a.png"), 96))
    with pytest.raises(UnsupportedContentError):
        pictures.ask(WHO, at("/a.png"), 96)
    assert len(renderer.orders) == 1


def test_what_could_not_be_drawn_just_now_is(world: VaultWorld, renderer: FakeRenderer) -> None:
    pictures = pictures_of(world, renderer)
    renderer.raises = BusyError("later")
    asked = pictures.ask(WHO, at("/a.png"), 96)
    with pytest.raises(BusyError):
        pictures.draw(WHO, asked)
    renderer.raises = None
    assert pictures.draw(WHO, pictures.ask(WHO, at("/a.png"), 96)) == b"96:one"


def test_memory_is_bounded(world: VaultWorld, renderer: FakeRenderer) -> None:
    pictures = pictures_of(world, renderer, kept_max=3000)
    for number in range(30):
        write(world.tree, f"/{number}.png", b"x" * 200)
        pictures.draw(WHO, pictures.ask(WHO, at(f"/{number}.png"), 96))
        pictures.draw(WHO, pictures.ask(WHO, at("/0.png"), 96))  # again, and still counted once
    assert pictures._size <= 3000
    assert pictures._size == sum(len(each) + 512 for each in pictures._kept.values())
    assert pictures.ask(WHO, at("/0.png"), 96).known is not None
    assert pictures.ask(WHO, at("/1.png"), 96).known is None


def test_what_is_too_large_is_not_even_read(world: VaultWorld, renderer: FakeRenderer) -> None:
    assert INPUT_MAX == 64 * MIB
    draft = world.tree.draft(at("/big.png"))
    for _ in range(INPUT_MAX // world.block_size + 1):
        draft.append(bytes(world.block_size))
    draft.commit()
    with pytest.raises(UnsupportedContentError):
        pictures_of(world, renderer).ask(WHO, at("/big.png"), 96)


def test_whoever_may_not_read_has_no_picture(world: VaultWorld, renderer: FakeRenderer) -> None:
    pictures = pictures_of(world, renderer)
    asked = pictures.ask(WHO, at("/a.png"), 96)
    pictures.draw(WHO, asked)
    blind = Pictures(Files(Access(guest_tree=world.tree, guest_rights=LEVELS["dropbox"])), renderer)
    with pytest.raises(NotFoundError):
        blind.ask(WHO, at("/a.png"), 96)
    with pytest.raises(NotFoundError):
        blind.draw(WHO, asked)
    with pytest.raises(NotFoundError):
        pictures.ask(WHO, at("/nothing.png"), 96)
    with pytest.raises(IsAFolderError):
        pictures.ask(WHO, at("/d"), 96)


def test_a_picture_dies_with_the_session(world: VaultWorld, renderer: FakeRenderer) -> None:
    def over(_: Principal) -> None:
        raise SessionEndedError

    pictures = Pictures(Files(Access(guest_tree=world.tree, guest_rights=OWNER), over), renderer)
    with pytest.raises(SessionEndedError):
        pictures.draw(WHO, pictures.ask(WHO, at("/a.png"), 96))


def test_closing_ends_the_renderer(world: VaultWorld, renderer: FakeRenderer) -> None:
    pictures_of(world, renderer).close()
    assert renderer.closed
