"""A folder here and a folder on the server: after a sync they are alike, and a second one has nothing to do."""

import os
import unicodedata
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, Progress, Synced, local
from secure_file_transfer.client import trees as trees_module
from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NoSpaceError,
    NotAFolderError,
    NotFoundError,
    SecureFileTransferError,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

NAMES = ("with spaces.txt", "گزارش می‌خواهم.pdf", "party 🎉 👨‍👩‍👧‍👦.jpg", "deep/er/100%.txt", "empty")


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:
        yield client


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def write(folder: Path, files: dict[str, str], time: int = 1_700_000_000_123_456) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, ns=(time * 1000, time * 1000))


def store(fake: FakeServer, top: str, files: dict[str, str], time: int = 1_700_000_000_123_456) -> None:
    for name, content in files.items():
        fake.tree.store(RemotePath.parse(f"{top}/{name}"), content.encode(), "overwrite", time, parents=True)  # type: ignore[arg-type]


def found_there(fake: FakeServer, top: str) -> dict[str, str | None]:
    place = RemotePath.parse(top)
    contents = {path.parts[len(place.parts) :]: fake.tree.items[path].content for path in fake.tree.below(place)}
    return {"/".join(path): None if content is None else content.decode() for path, content in contents.items()}


def found_here(folder: Path) -> dict[str, str | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else None for path in folder.rglob("*")
    }


def words(synced: Synced) -> list[str]:
    return [
        f"{step.do} {step.source + ' > ' if step.source else ''}{step.path}"
        + ("" if step.outcome in {"done", "planned"} else f" ({step.outcome})")
        for step in synced.steps
    ]


ODD = {name: f"content of {name}" if name != "empty" else "" for name in NAMES}


async def test_up_and_again(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, ODD)
    (here / "hollow").mkdir()
    synced = await client.sync(here, ":/new/folder")
    assert found_there(fake, "/new/folder") == found_here(here)
    assert len(synced.transfers) == len(NAMES)
    assert not synced.failed

    fake.requests.clear()
    again = await client.sync(here, ":/new/folder", delete=True)
    assert again.steps == ()
    assert again.unchanged == len(NAMES)
    assert {method for method, _ in fake.requests} == {"GET"}


async def test_down_and_again(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    store(fake, "/photos", ODD)
    fake.tree.make_folder(RemotePath.parse("/photos/hollow"), parents=False)
    there = tmp_path / "new" / "folder"
    await client.sync(":photos", there)
    assert found_here(there) == found_there(fake, "/photos")
    again = await client.sync(":/photos", there, delete=True)
    assert (again.steps, again.unchanged) == ((), len(NAMES))


async def test_on_the_server(client: AsyncClient, fake: FakeServer) -> None:
    store(fake, "/a", ODD)
    store(fake, "/b", {"old": "x"})
    fake.requests.clear()
    synced = await client.sync(":/a", ":/b", delete=True)
    assert found_there(fake, "/b") == found_there(fake, "/a")
    assert {step.do for step in synced.steps} == {"make", "copy", "delete"}
    assert not any("files" in path or "batch" in path for _, path in fake.requests)
    assert (await client.sync(":/a", ":/b", delete=True)).steps == ()


@pytest.mark.parametrize("up", [True, False])
async def test_a_mirror(client: AsyncClient, fake: FakeServer, here: Path, up: bool) -> None:
    new = {
        "new name/one": "1" * 500,
        "new name/two": "2" * 500,
        "swap a": "xxxx",
        "swap b": "yyyy",
        "kind/of": "folder",
    }
    old = {"old name/one": "1" * 500, "old name/two": "2" * 500, "swap a": "yyyy", "swap b": "xxxx", "kind": "file"}
    old |= {"extra/deep/1": "1", "extra/2": "2", "changed": "before"}
    new |= {"changed": "after, and longer"}
    if up:
        write(here, new)
        store(fake, "/t", old)
        write(here, {"swap a": "xxxx"}, 1_600_000_000_000_001)
        store(fake, "/t", {"swap b": "xxxx"}, 1_600_000_000_000_001)
        source, target = str(here), ":/t"
    else:
        write(here, old)
        store(fake, "/t", new)
        write(here, {"swap b": "xxxx"}, 1_600_000_000_000_001)
        store(fake, "/t", {"swap a": "xxxx"}, 1_600_000_000_000_001)
        source, target = ":/t", str(here)
    before = found_here(here), found_there(fake, "/t")
    planned = await client.sync(source, target, delete=True, dry_run=True)
    assert (found_here(here), found_there(fake, "/t")) == before
    done = await client.sync(source, target, delete=True)
    assert found_here(here) == found_there(fake, "/t")
    assert sorted(words(done)) == sorted(words(planned))
    word = "send" if up else "receive"
    assert [step.path for step in done.transfers] == ["changed", "kind/of"]
    assert words(done).count(f"{word} changed") == 1
    assert "move old name > new name" in words(done)
    assert "delete extra" in words(done)
    assert (await client.sync(source, target, delete=True)).steps == ()


async def test_without_delete_everything_else_stays(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {"a": "1"})
    store(fake, "/t", {"b": "2"})
    assert words(await client.sync(here, ":/t")) == ["send a"]
    assert found_there(fake, "/t") == {"a": "1", "b": "2"}


async def test_checksum_finds_what_times_hide(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {"a": "1", "b": "same"})
    store(fake, "/t", {"a": "2"})
    store(fake, "/t", {"b": "same"}, 5)
    assert words(await client.sync(here, ":/t", dry_run=True)) == ["send b"]
    assert words(await client.sync(here, ":/t", checksum=True)) == ["send a"]
    assert words(await client.sync(":/t", here, checksum=True)) == []


async def test_filters_leave_the_other_side_alone(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {"a.txt": "1", "b.tmp": "2", "cache/x": "3", "sub/c.txt": "4"})
    store(fake, "/t", {"old.tmp": "5", "cache/y": "6", "gone/z.tmp": "7", "gone/z.txt": "8", "late.txt": "9"})
    synced = await client.sync(here, ":/t", delete=True, filters=["- *.tmp", "- cache/"])
    assert set(words(synced)) == {"make sub", "send a.txt", "send sub/c.txt", "delete gone/z.txt", "delete late.txt"}
    assert found_there(fake, "/t").keys() == {
        "a.txt", "sub", "sub/c.txt", "cache", "cache/y", "old.tmp", "gone", "gone/z.tmp",
    }  # fmt: skip


async def test_only_includes(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {"a.jpg": "1", "sub/b.jpg": "2", "sub/c.txt": "3", "other/d.txt": "4"})
    await client.sync(here, ":/t", filters=["+ *.jpg"])
    assert found_there(fake, "/t").keys() == {"a.jpg", "sub", "sub/b.jpg"}
    fake.tree.make_folder(RemotePath.parse("/t/theirs"), parents=False)
    assert (await client.sync(here, ":/t", filters=["+ *.jpg"], delete=True)).steps == ()


async def test_links_are_told_and_left_alone(client: AsyncClient, fake: FakeServer, here: Path, tmp_path: Path) -> None:
    write(tmp_path, {"outside/secret": "s"})
    (here / "link").symlink_to(tmp_path / "outside")
    write(here, {"a": "1"})
    store(fake, "/t", {"link/theirs": "2"})
    synced = await client.sync(here, ":/t", delete=True)
    assert words(synced) == ["skip link (skipped)", "send a"]
    assert not synced.failed
    assert found_there(fake, "/t").keys() == {"a", "link", "link/theirs"}


async def test_nothing_is_written_through_a_link(
    client: AsyncClient, fake: FakeServer, here: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (here / "d").symlink_to(outside)
    store(fake, "/t", {"d/x": "1", "e": "2"})
    synced = await client.sync(":/t", here, delete=True, check=False)
    assert found_here(outside) == {}
    assert "skip d (failed)" in words(synced)
    assert (here / "e").read_text() == "2"
    assert (here / "d").is_symlink()
    with pytest.raises(ConflictError, match="a symbolic link"):
        await client.sync(":/t", here)


async def test_names_that_no_server_takes(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {"good": "1", "bad.": "2", "in\\here/x": "3"})
    synced = await client.sync(here, ":/t", check=False)
    assert found_there(fake, "/t").keys() == {"good"}
    assert {step.path for step in synced.failed} == {"bad.", "in\\here"}


async def test_twins_in_unicode(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    """Attack 6."""
    composed = "é.txt"
    write(here, {unicodedata.normalize("NFD", composed): "d", composed: "c"})
    if len(found_here(here)) < 2:
        pytest.skip("this file system has one form of Unicode only")
    synced = await client.sync(here, ":/t", check=False)
    assert found_there(fake, "/t") == {composed: "c"}
    (failure,) = synced.failed
    assert "same name" in str(failure.error)


async def test_a_decomposed_name_here_is_the_same_file(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    store(fake, "/t", {"dé/x": "1", "dé/y": "2"})
    write(here, {unicodedata.normalize("NFD", "dé") + "/x": "1"})
    synced = await client.sync(":/t", here, delete=True)
    assert words(synced) == ["receive dé/y"]
    assert {path.split("/")[0] for path in found_here(here)} == {unicodedata.normalize("NFD", "dé")}


async def test_a_disk_without_case(
    client: AsyncClient, fake: FakeServer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ignores(_: object) -> bool:
        return True

    monkeypatch.setattr(trees_module.LocalTree, "ignores_case", ignores)
    write(here, {"photos/a.jpg": "1"})
    store(fake, "/t", {"Photos/A.jpg": "1", "Photos/a.JPG": "2"})
    synced = await client.sync(":/t", here, delete=True, check=False)
    assert words(synced) == ["skip Photos/a.JPG (failed)"]
    assert found_here(here).keys() == {"photos", "photos/a.jpg"}


async def test_names_of_another_system(
    client: AsyncClient, fake: FakeServer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = local.local_name
    monkeypatch.setattr(local, "local_name", lambda name: plain(name, windows=True))
    store(fake, "/t", {"a:b": "1", "con": "2", "a_b": "3"})
    synced = await client.sync(":/t", here, delete=True, check=False)
    assert len(synced.failed) == 1  # two of them would be one file
    assert found_here(here).keys() == {"a_b", "_con"}
    again = await client.sync(":/t", here, delete=True, check=False)
    assert not again.of("receive", "delete")


async def test_an_unfinished_download_stays(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {".big.0123.sft-part": "half", "x": "1"})
    store(fake, "/t", {"y": "2"})
    assert set(words(await client.sync(":/t", here, delete=True))) == {"receive y", "delete x"}
    assert (here / ".big.0123.sft-part").exists()
    await client.sync(here, ":/u")
    assert found_there(fake, "/u").keys() == {"y"}


async def test_nothing_goes_when_something_failed(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {"a": "1", "big": "2" * 300_000})
    store(fake, "/t", {"old": "x"})
    fake.after["POST /api/v1/commits"] = (0, NoSpaceError("full"))
    synced = await client.sync(here, ":/t", delete=True, check=False)
    assert words(synced) == ["send a", "send big (failed)", "delete old (withheld)"]
    with pytest.raises(NoSpaceError, match="full"):
        await client.sync(here, ":/t", delete=True)
    assert "old" in found_there(fake, "/t")


async def test_nothing_goes_when_the_source_was_not_read(
    client: AsyncClient, fake: FakeServer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here, {"a": "1", "closed/b": "2"})
    store(fake, "/t", {"closed/b": "2", "old": "x"})
    plain = trees_module.LocalTree._listing

    def listing(self: trees_module.LocalTree, folder: tuple[str, ...]) -> object:
        if folder:
            raise ForbiddenError("not yours")
        return plain(self, folder)

    monkeypatch.setattr(trees_module.LocalTree, "_listing", listing)
    synced = await client.sync(here, ":/t", delete=True, check=False)
    assert words(synced) == ["skip closed (failed)", "send a"]
    assert not synced.complete
    assert found_there(fake, "/t").keys() == {"a", "closed", "closed/b", "old"}


async def test_an_empty_or_missing_source(client: AsyncClient, fake: FakeServer, here: Path, tmp_path: Path) -> None:
    store(fake, "/t", {"a": "1"})
    fake.tree.make_folder(RemotePath.parse("/void"), parents=False)
    for source, target in ((str(here), ":/t"), (":/void", ":/t")):
        with pytest.raises(ConflictError, match="holds nothing") as caught:
            await client.sync(source, target, delete=True)
        assert "--yes" in caught.value.hint
        with pytest.raises(ConflictError):
            await client.sync(source, target, delete=True, dry_run=True)
        assert (await client.sync(source, target)).steps == ()
    for missing in (str(tmp_path / "missing"), ":/missing"):
        for allow_empty in (False, True):
            with pytest.raises(NotFoundError):
                await client.sync(missing, ":/t", delete=True, allow_empty=allow_empty)
    assert words(await client.sync(here, ":/t", delete=True, allow_empty=True)) == ["delete a"]


@pytest.mark.parametrize(
    ("source", "target", "error"),
    [
        ("a", "b", InvalidRequestError),
        (":/a", ":/a", ConflictError),
        (":/a", ":/a/b", ConflictError),
        (":/a/b", ":/", ConflictError),
        ("file", ":/a", NotAFolderError),
        (":/x", "file", NotAFolderError),
        (":/x/f", "new", NotAFolderError),
    ],
)
async def test_ends_that_make_no_sense(
    client: AsyncClient,
    fake: FakeServer,
    tmp_path: Path,
    source: str,
    target: str,
    error: type[SecureFileTransferError],
) -> None:
    write(tmp_path, {"file": "1"})
    store(fake, "/x", {"f": "1"})

    def full(text: str) -> str:
        return text if text.startswith(":") else str(tmp_path / text)

    with pytest.raises(error):
        await client.sync(full(source), full(target))


@pytest.mark.parametrize("moved", [0, 1, 2])
async def test_what_cannot_be_moved_is_sent(client: AsyncClient, fake: FakeServer, here: Path, moved: int) -> None:
    write(here, {"new/a": "1" * 100, "b": "2" * 100, "c": "3" * 100})
    store(fake, "/t", {"old/a": "1" * 100, "x": "2" * 100, "y": "3" * 100})
    fake.after["POST /api/v1/move"] = (moved, ForbiddenError("no moving here"))
    synced = await client.sync(here, ":/t", delete=True)
    assert found_there(fake, "/t") == found_here(here)
    assert not synced.failed
    assert len(synced.of("move")) == moved
    assert len(synced.transfers) == 3 - moved


async def test_what_lies_in_a_removed_folder_unseen_stays(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    """Removing here takes away what was seen, and nothing that came after."""
    write(here, {"gone/a": "1", "gone/sub/b": "2"})
    store(fake, "/t", {"x": "9"})

    def later(_: Synced) -> None:
        write(here, {"gone/sub/new": "3"})

    synced = await client.sync(":/t", here, delete=True, on_plan=later, check=False)
    assert "delete gone (failed)" in words(synced)
    assert found_here(here).keys() == {"x", "gone", "gone/a", "gone/sub", "gone/sub/new"}


async def test_progress_and_plan(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here, {"a": "123", "b": "45"})
    plans: list[Synced] = []
    seen: list[Progress] = []
    await client.sync(here, ":/t", on_plan=plans.append, on_progress=seen.append)
    assert [words(plan) for plan in plans] == [["send a", "send b"]]
    assert (seen[-1].done, seen[-1].total, seen[-1].files_done) == (5, 5, 2)


async def test_bad_filters(client: AsyncClient, here: Path) -> None:
    for bad in ("*.tmp", "-*.tmp", "- ", ""):
        with pytest.raises(InvalidRequestError):
            await client.sync(here, ":/t", filters=[bad])
