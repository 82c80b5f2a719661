import collections
import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    BlockDamagedError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
)
from secure_file_transfer.model import KIB, Principal, Rights
from secure_file_transfer.services import archive
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.archive import PIECE_MIN, zip_stream
from secure_file_transfer.services.files import Files
from secure_file_transfer.testing.contracts.tree_kit import UNUSUAL_NAMES, at, pattern, write
from secure_file_transfer.testing.faults import CountingBlobStore, FailingBlobStore, RefusingBlobStore, flipped
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world

WHO = Principal(None, None)
WHEN = 1_700_000_001_234_567


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        yield world


def files_of(world: VaultWorld) -> Files:
    return Files(Access(guest_tree=world.tree, guest_rights=Rights.READ))


def zipped(files: Files, *paths: str) -> bytes:
    return b"".join(zip_stream(files, WHO, [at(path) for path in paths]))


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert len(set(opened.namelist())) == len(opened.namelist())
        return {name: opened.read(name) for name in opened.namelist()}


def test_a_folder_goes_whole_with_its_empty_folders(world: VaultWorld) -> None:
    world.tree.make_folder(at("/wood/oak/none"), parents=True)
    files = {"wood/a": b"", "wood/oak/b": pattern(3 * BLOCK + 1), "wood/oak/c": b"c" * 1000}
    for path, data in files.items():
        write(world.tree, f"/{path}", data)
    got = members(zipped(files_of(world), "/wood"))
    assert got == {"wood/": b"", "wood/oak/": b"", "wood/oak/none/": b"", **files}
    assert list(got)[:3] == ["wood/", "wood/oak/", "wood/oak/none/"]  # folders before what is in them


def test_the_root_stands_for_all_that_is_in_it(world: VaultWorld) -> None:
    world.tree.make_folder(at("/d"))
    write(world.tree, "/d/f", b"1")
    write(world.tree, "/f", b"2")
    assert members(zipped(files_of(world), "/")) == {"d/": b"", "d/f": b"1", "f": b"2"}


def test_a_selection_of_equal_names_is_numbered(world: VaultWorld) -> None:
    for folder in ("a", "b", "c"):
        world.tree.make_folder(at(f"/{folder}/in"), parents=True)
        write(world.tree, f"/{folder}/f.txt", folder.encode())
        write(world.tree, f"/{folder}/in/x", folder.encode())
    selection = [f"/{folder}/{name}" for folder in ("a", "b", "c") for name in ("f.txt", "in")]
    got = members(zipped(files_of(world), *selection, "/a/f.txt"))
    assert {name: data for name, data in got.items() if not name.endswith("/")} == {
        "f.txt": b"a", "f (1).txt": b"b", "f (2).txt": b"c", "in/x": b"a", "in (1)/x": b"b", "in (2)/x": b"c",
    }  # fmt: skip


@pytest.mark.peer
def test_unzip_and_pythons_own_tool_accept_it(world: VaultWorld, tmp_path: Path) -> None:
    world.tree.make_folder(at("/all/empty"), parents=True)
    usual = [name for name in UNUSUAL_NAMES if name != "-rf" and len(name.encode()) < 200]
    assert len(usual) > 15
    for number, name in enumerate(usual):
        write(world.tree, f"/all/{name}", pattern(number * 5000, seed=number), modified_us=WHEN)
    path = tmp_path / "all.zip"
    path.write_bytes(zipped(files_of(world), "/all"))
    subprocess.run([sys.executable, "-m", "zipfile", "-t", path], check=True, capture_output=True)
    subprocess.run(["unzip", "-tq", path], check=True, capture_output=True)
    out = tmp_path / "out"
    subprocess.run(["unzip", "-q", path, "-d", out], check=True, env={"LC_ALL": "C.UTF-8", "TZ": "Asia/Tehran"})
    assert (out / "all" / "empty").is_dir()
    for number, name in enumerate(usual):
        assert (out / "all" / name).read_bytes() == pattern(number * 5000, seed=number)
        assert int((out / "all" / name).stat().st_mtime) == WHEN // 1_000_000  # whatever the time zone


@pytest.mark.parametrize(
    ("modified_us", "shown"),
    [
        (WHEN, (2023, 11, 14, 22, 13, 20)),
        (0, (1980, 1, 1, 0, 0, 0)),
        (-5_000_000_000_000, (1980, 1, 1, 0, 0, 0)),
        (9_000_000_000_000_000, (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_times_are_kept_as_far_as_the_format_goes(world: VaultWorld, modified_us: int, shown: tuple[int, ...]) -> None:
    write(world.tree, "/f", b"x", modified_us=modified_us)
    with zipfile.ZipFile(io.BytesIO(zipped(files_of(world), "/f"))) as opened:
        assert opened.getinfo("f").date_time == shown


def test_modes_are_harmless(world: VaultWorld) -> None:
    world.tree.make_folder(at("/d"))
    write(world.tree, "/d/f")
    with zipfile.ZipFile(io.BytesIO(zipped(files_of(world), "/d"))) as opened:
        modes = {info.filename: info.external_attr >> 16 for info in opened.infolist()}
    assert modes == {"d/": 0o040755, "d/f": 0o100644}


def test_a_member_that_may_pass_4_gib_is_written_with_zip64(
    world: VaultWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100_000)  # the limit lowered, instead of 4 GiB sent
    write(world.tree, "/large", pattern(150_000))
    write(world.tree, "/small", b"s")
    path = tmp_path / "large.zip"
    path.write_bytes(zipped(files_of(world), "/large", "/small"))
    data = path.read_bytes()
    assert struct.unpack_from("<H", data, 4)[0] == 45  # "version needed": 4.5, where Zip64 began
    assert members(data) == {"large": pattern(150_000), "small": b"s"}
    subprocess.run(["unzip", "-tq", path], check=True, capture_output=True)


# --- streaming --------------------------------------------------------------------------------------------------


def test_pieces_are_large_and_contents_are_read_only_as_far_as_asked_for(world: VaultWorld) -> None:
    for number in range(200):
        write(world.tree, f"/{number:03}", pattern(1000, seed=number))
    write(world.tree, "/large", pattern(40 * BLOCK))
    store = CountingBlobStore(world.disk)
    stream = zip_stream(Files(Access(guest_tree=world.tree_on(blobs=store), guest_rights=Rights.READ)), WHO, [at("/")])
    sizes = [len(next(stream)) for _ in range(5)]
    assert store.calls["get"] <= 4
    sizes += map(len, stream)
    assert store.calls["get"] == 40
    assert min(sizes[:-1]) >= PIECE_MIN
    assert max(sizes) < PIECE_MIN + 2 * BLOCK


def test_folders_are_listed_page_by_page(world: VaultWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_PAGE", 3)
    for number in range(10):
        world.tree.make_folder(at(f"/d/{number}"), parents=True)
        write(world.tree, f"/d/{number}/f", b"%d" % number)
    got = members(zipped(files_of(world), "/d"))
    assert len(got) == 21


def test_what_goes_away_meanwhile_is_left_out(world: VaultWorld) -> None:
    for name in ("a", "b", "z"):
        world.tree.make_folder(at(f"/d/{name}"), parents=True)
        write(world.tree, f"/d/{name}/f", pattern(2 * BLOCK))
    stream = zip_stream(files_of(world), WHO, [at("/d")])
    first = next(stream)
    world.tree.remove(at("/d/b"), recursive=True)
    world.tree.remove(at("/d/z/f"))
    assert list(members(first + b"".join(stream))) == ["d/", "d/a/", "d/a/f", "d/b/", "d/z/"]


def test_a_reader_that_leaves_lets_go_of_what_was_open(world: VaultWorld) -> None:
    write(world.tree, "/f", pattern(20 * BLOCK))
    stream = zip_stream(files_of(world), WHO, [at("/f")])
    next(stream)
    assert len(world.leases) > 0
    stream.close()  # type: ignore[attr-defined]
    assert len(world.leases) == 0


# --- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paths", [["/nothing"], ["/f", "/nothing"], ["/f/below"]])
def test_what_is_not_there_is_an_error_before_the_first_byte(world: VaultWorld, paths: Sequence[str]) -> None:
    write(world.tree, "/f")
    with pytest.raises(NotFoundError):
        zip_stream(files_of(world), WHO, [at(path) for path in paths])


@pytest.mark.parametrize("count", [0, 1001])
def test_a_selection_has_a_sensible_size(world: VaultWorld, count: int) -> None:
    with pytest.raises(InvalidRequestError):
        zip_stream(files_of(world), WHO, [at(f"/{number}") for number in range(count)])


@pytest.mark.parametrize(("rights", "error"), [(Rights.CREATE, NotFoundError), (None, SignInRequiredError)])
def test_it_takes_the_right_to_read(
    world: VaultWorld, rights: Rights | None, error: type[SecureFileTransferError]
) -> None:
    write(world.tree, "/f")
    access = Access() if rights is None else Access(guest_tree=world.tree, guest_rights=rights)
    with pytest.raises(error):
        zip_stream(Files(access), WHO, [at("/f")])


def test_damage_ends_the_archive_without_a_directory(world: VaultWorld) -> None:
    write(world.tree, "/f", pattern(5 * BLOCK))
    broken = FailingBlobStore(world.disk, damage=flipped(8 * KIB), damage_at=4)
    files = Files(Access(guest_tree=world.tree_on(blobs=broken), guest_rights=Rights.READ))
    stream = zip_stream(files, WHO, [at("/f")])
    got = next(stream)
    with pytest.raises(BlockDamagedError):
        collections.deque(stream, maxlen=0)
    assert 0 < len(got) < 5 * BLOCK
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(got))


def test_nothing_is_read_for_a_folder_without_large_files(world: VaultWorld) -> None:
    write(world.tree, "/f", b"small")
    files = Files(Access(guest_tree=world.tree_on(blobs=RefusingBlobStore()), guest_rights=Rights.READ))
    assert members(zipped(files, "/f")) == {"f": b"small"}
