"""Going on where a transfer was cut, through this door and another."""

import ftplib
import hashlib
import io
import random
from typing import Any

import pytest

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import MIB
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.uploads import Wanted

from .conftest import World, connect_ftp


def cut(world: World, data: bytes, path: str = "big", verb: str = "STOR") -> None:
    """Send all of it, and then end without close_notify."""
    ftp = connect_ftp(world)
    ftp.voidcmd("TYPE I")
    conn = ftp.transfercmd(f"{verb} {path}")
    conn.sendall(data)
    conn.close()  # a FIN and nothing else
    with pytest.raises(ftplib.error_temp, match="426"):
        ftp.voidresp()
    ftp.close()


@pytest.mark.parametrize("at", [1, 70_000, MIB, MIB + 1, 3 * MIB + 17])
@pytest.mark.parametrize("verb", ["REST", "APPE"])
def test_a_cut_file_is_finished_from_its_size(world: World, ftp: Any, at: int, verb: str) -> None:
    data = random.Random(at).randbytes(4 * MIB)  # noqa: S311 - data, not a secret
    cut(world, data[:at])
    with pytest.raises(NotFoundError):
        world.read("/big")
    assert ftp.size("big") == at
    if verb == "REST":
        ftp.storbinary("STOR big", io.BytesIO(data[at:]), rest=at)
    else:
        ftp.storbinary("APPE big", io.BytesIO(data[at:]))
    assert world.read("/big") == data
    assert ftp.sendcmd("HASH big") == f"213 SHA-256 0-{len(data)} {hashlib.sha256(data).hexdigest()} /big"


def test_only_the_uploader_sees_it(world: World, ftp: Any) -> None:
    ftp.mkd("room")
    world.house.shares.grant(world.who(), RemotePath(("room",)), "bob", _all())
    cut(world, b"half", "room/x")
    assert ftp.size("room/x") == 4
    bob = connect_ftp(world, "bob")
    with pytest.raises(ftplib.error_perm, match="550"):
        bob.size("/Shared/ada/room/x")
    bob.storbinary("STOR /Shared/ada/room/x", io.BytesIO(b"of bob"))
    bob.close()
    assert ftp.size("room/x") == 6  # what is there now is newer than what was cut
    ftp.storbinary("APPE room/x", io.BytesIO(b" and ada"))
    assert world.read("/room/x") == b"of bob and ada"


def _all() -> Any:
    from secure_file_transfer.model import Rights

    return Rights.ALL


def test_a_file_that_was_begun_over_tus_is_finished_here(world: World, ftp: Any) -> None:
    data = random.Random(1).randbytes(MIB + 5)  # noqa: S311
    upload = world.uploads.create(world.who(), Wanted(RemotePath(("a",)), len(data)))
    writer = world.uploads.write(world.who(), upload.id, 0)
    writer.append(data[:1000])
    writer.leave()
    assert ftp.size("a") == 1000
    with pytest.raises(ftplib.error_temp, match="announced"):  # an end that comes too early
        ftp.storbinary("STOR a", io.BytesIO(data[1000:2000]), rest=1000)
    assert ftp.size("a") == 2000
    ftp.storbinary("STOR a", io.BytesIO(data[2000:]), rest=2000)
    assert world.read("/a") == data
    assert world.uploads.status(world.who(), upload.id).published == "/a"


def test_a_file_that_was_begun_here_is_finished_over_tus(world: World) -> None:
    data = random.Random(2).randbytes(3 * MIB)  # noqa: S311
    cut(world, data[: MIB + 3], "a")
    upload = world.uploads.unfinished(world.who(), RemotePath(("a",)))
    assert upload is not None
    writer = world.uploads.write(world.who(), upload.id, upload.offset, length=len(data))
    writer.append(data[upload.offset :])
    assert writer.finish().published == "/a"
    assert world.read("/a") == data


def test_beginning_anew_replaces_what_was_cut(world: World, ftp: Any) -> None:
    cut(world, b"the old beginning", "a")
    ftp.storbinary("STOR a", io.BytesIO(b"new"))
    assert world.read("/a") == b"new"
    assert ftp.size("a") == 3


def test_delete_forgets_what_was_cut(world: World, ftp: Any) -> None:
    cut(world, b"half", "a")
    ftp.delete("a")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.size("a")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.delete("a")


def test_append_and_rest_on_a_published_file(world: World, ftp: Any) -> None:
    data = bytes(range(256)) * (MIB // 128)
    world.write("/a", data)
    ftp.storbinary("APPE a", io.BytesIO(b"more"))
    assert world.read("/a") == data + b"more"
    ftp.storbinary("STOR a", io.BytesIO(b"end"), rest=MIB + 1)
    assert world.read("/a") == data[: MIB + 1] + b"end"
    ftp.storbinary("APPE new", io.BytesIO(b"begun"))
    assert world.read("/new") == b"begun"


def test_a_cut_append_leaves_the_file_as_it_was(world: World, ftp: Any) -> None:
    world.write("/a", b"0123456789")
    cut(world, b"abc", "a", "APPE")
    assert world.read("/a") == b"0123456789"
    assert ftp.size("a") == 13
    ftp.storbinary("APPE a", io.BytesIO(b"def"))
    assert world.read("/a") == b"0123456789abcdef"


def test_downloads_go_on_in_the_middle(world: World, ftp: Any) -> None:
    data = random.Random(3).randbytes(2 * MIB + 9)  # noqa: S311
    world.write("/a", data)
    for at in (0, 1, MIB - 1, MIB, 2 * MIB + 8, len(data)):
        got = bytearray()
        ftp.retrbinary("RETR a", got.extend, rest=at)
        assert bytes(got) == data[at:]
