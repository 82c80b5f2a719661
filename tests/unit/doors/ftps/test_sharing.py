"""Sharing by FTP."""

import ftplib
import io
from collections.abc import Callable
from typing import Any

import pytest

from secure_file_transfer.doors.ftps.replies import Refused
from secure_file_transfer.doors.ftps.sharing import read_level, words
from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.model import Rights

from .conftest import Raw, World, connect_ftp


@pytest.mark.parametrize("prefix", ["", "SITE "])
def test_shared_listed_used_and_taken_back(raw: Callable[[], Raw], world: World, prefix: str) -> None:
    world.write("/my photos/a.jpg", b"picture")
    client = raw()
    client.sign_in()
    assert client.ask(f"{prefix}SHAR /my photos bob viewer") == "200 bob has level 8 (viewer) on /my photos."
    assert " bob 8 (viewer) /my photos" in client.ask(f"{prefix}SHBM").splitlines()
    bob: Any = connect_ftp(world, "bob")
    assert " ada 8 (viewer) /Shared/ada/my photos" in bob.sendcmd(f"{prefix}SHWM").splitlines()
    bob.cwd("/Shared/ada/my photos")
    got = bytearray()
    bob.retrbinary("RETR a.jpg", got.extend)
    assert got == b"picture"
    assert [facts["perm"] for _, facts in bob.mlsd()] == ["r"]
    refused: tuple[Callable[[], object], ...] = (
        lambda: bob.storbinary("STOR new", io.BytesIO(b"")),
        lambda: bob.storbinary("STOR a.jpg", io.BytesIO(b"")),
        lambda: bob.mkd("x"),
        lambda: bob.delete("a.jpg"),
        lambda: bob.rename("a.jpg", "b.jpg"),
        lambda: bob.sendcmd("MFMT 20200101000000 a.jpg"),
    )
    for work in refused:
        with pytest.raises(ftplib.error_perm, match="550"):
            work()
    assert client.ask(f'{prefix}SHAR "/my photos" bob 15').startswith("200")
    bob.storbinary("STOR new", io.BytesIO(b"by bob"))
    bob.rename("new", "newer")
    bob.delete("newer")
    assert client.ask(f"{prefix}UNSH /my photos bob").startswith("200")
    with pytest.raises(ftplib.error_perm, match="550"):
        bob.nlst("/Shared/ada/my photos")
    assert client.ask(f"{prefix}UNSH /my photos").startswith("550")
    assert client.ask(f"{prefix}SHBM").splitlines()[0] == "200-Shared by you: 0"
    bob.close()


def test_a_letterbox(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    client.sign_in()
    assert client.ask("MKD in").startswith("257")
    assert client.ask("SHAR in bob dropbox").startswith("200")
    bob: Any = connect_ftp(world, "bob")
    bob.storbinary("STOR /Shared/ada/in/letter", io.BytesIO(b"for ada"))
    bob.storbinary("STOR /Shared/ada/in/letter", io.BytesIO(b"another"))
    with pytest.raises(ftplib.error_perm, match="550"):
        bob.nlst("/Shared/ada/in")
    assert world.read("/in/letter") == b"for ada"
    assert len(world.files.list(world.who(), _path("/in")).entries) == 2
    bob.close()


def _path(text: str) -> Any:
    from secure_file_transfer.paths import RemotePath

    return RemotePath.parse(text)


@pytest.mark.parametrize(("user", "level"), [("ACCT bob", "ACCT viewer"), ("bob", "8"), ("USER bob", "viewer")])
def test_what_is_left_out_is_asked_for(raw: Callable[[], Raw], world: World, user: str, level: str) -> None:
    client = raw()
    client.sign_in()
    assert client.ask("MKD a b").startswith("257")
    assert client.ask('SHAR "a b"').startswith("332")
    assert client.ask(user).startswith("332")
    assert client.ask(level) == "200 bob has level 8 (viewer) on /a b."
    assert client.ask('SHAR "a b" bob').startswith("332")
    assert client.ask(level).startswith("200")
    assert client.ask("SHAR x").startswith("332")
    assert client.ask("PWD").startswith("257")  # any other command is no answer, and the question goes away
    assert client.ask("ACCT bob").startswith("202")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("SHAR a bob 16", "501"),
        ("SHAR a bob -1", "501"),
        ("SHAR a bob everything", "501"),
        ("SHAR a nobody 8", "550"),
        ("SHAR nothing bob 8", "550"),
        ("SHAR / bob 8", "550"),
        ("SHAR a ada 8", "501"),
        ('SHAR "a bob 8', "501"),
        ("SHAR a @nobody 8", "550"),
        ("UNSH a bob", "550"),
        ("UNSH nothing", "550"),
        ("SHAR /Shared/x bob 8", "550"),
    ],
)
def test_what_cannot_be_shared(raw: Callable[[], Raw], line: str, code: str) -> None:
    client = raw()
    client.sign_in()
    assert client.ask("MKD a").startswith("257")
    assert client.ask(line)[:3] == code
    assert client.ask("SHBM").splitlines()[0] == "200-Shared by you: 0"


def test_level_0_takes_everything_back(raw: Callable[[], Raw]) -> None:
    client = raw()
    client.sign_in()
    assert client.ask("MKD a").startswith("257")
    assert client.ask("SHAR a bob 15").startswith("200")
    assert client.ask("SHAR a bob 0").startswith("200")
    assert client.ask("SHBM").splitlines()[0] == "200-Shared by you: 0"


def test_words_and_levels() -> None:
    assert words('a "b c" d') == ["a", "b c", "d"]
    assert words('"say ""hi"" now"') == ['say "hi" now']
    assert words("") == []
    with pytest.raises(Refused):
        words('a "b')
    assert [read_level(text) for text in ("viewer", "EDITOR", "0", "15")] == [
        Rights.READ,
        Rights.ALL,
        Rights.NONE,
        Rights.ALL,
    ]
    for text in ("16", "-1", "", "all", "٣", "8.0"):
        with pytest.raises(InvalidRequestError):
            read_level(text)
