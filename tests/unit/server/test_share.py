"""What `sft share` decides before anybody comes: passwords, ports, what may not be meant, what was left behind."""

import math
import os
import socket
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from secure_file_transfer.errors import ForbiddenError, InvalidNameError, NotFoundError, SecureFileTransferError
from secure_file_transfer.model import Kind
from secure_file_transfer.server import share
from secure_file_transfer.storage.clock import SystemClock
from secure_file_transfer.storage.datadir import DataDirectory


def test_a_password_has_more_than_sixty_bits_and_no_look_alikes() -> None:
    signs = sum(share.PASSWORD_GROUPS)
    assert signs * math.log2(len(set(share.PASSWORD_SIGNS))) > 60
    assert not set(share.PASSWORD_SIGNS) & set("01ilo")
    found = {share.new_password() for _ in range(200)}
    assert len(found) == 200
    assert all([len(part) for part in each.split("-")] == list(share.PASSWORD_GROUPS) for each in found)
    assert set("".join(found)) - {"-"} == set(share.PASSWORD_SIGNS)


def test_the_next_free_port_is_taken_and_the_first_one_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found, told = share._free("127.0.0.1", None, port)
        assert port < found < port + share._PORTS_TRIED
        assert told == port
        assert share._free("127.0.0.1", port, port) == (port, None)  # asked for by number: no other will do


def test_what_strikes_the_eye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "sara"
    (home / "photos").mkdir(parents=True)
    (home / "work" / ".ssh").mkdir(parents=True)
    (home / "id_rsa").write_text("key")
    monkeypatch.setenv("HOME", str(home))
    assert share.risks([home / "photos"]) == []
    for path, words in (
        (home, "whole home folder"),
        (tmp_path / "home", "holds your home folder"),
        (Path("/"), "whole disk"),
        (home / "work", ".ssh"),
        (home / "work" / ".ssh", "keys or passwords"),
        (home / "id_rsa", "keys or passwords"),
    ):
        assert words in " ".join(share.risks([path])), path
    (tmp_path / "innocent").symlink_to(home)
    assert "whole home folder" in " ".join(share.risks([tmp_path / "innocent"]))


def test_paths_are_found_once_and_names_told_apart(tmp_path: Path) -> None:
    for place in ("a/photos", "b/photos"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "note.txt").write_text("note")
    given = [tmp_path / "a/photos", tmp_path / "b/photos", tmp_path / "note.txt", tmp_path / "a/photos"]
    found = share._places(given, SystemClock())
    assert {name: each.kind for name, each in found.items()} == {
        "photos": Kind.FOLDER, "photos (2)": Kind.FOLDER, "note.txt": Kind.FILE,
    }  # fmt: skip


def test_what_cannot_be_shared_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad\nname").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, error in (
        ("missing", NotFoundError),
        ("bad\nname", InvalidNameError),
        ("pipe", SecureFileTransferError),
    ):
        with pytest.raises(error):
            share._places([tmp_path / name], SystemClock())
    with pytest.raises(SecureFileTransferError):
        share._places([], SystemClock())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_one_may_not_read_cannot_be_shared(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(ForbiddenError):
        share._places([tmp_path / "closed"], SystemClock())


def test_what_killed_shares_left_is_removed_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    for name in ("sft-share-dead", "sft-share-alive", "sft-share-new", "other"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "sft-share-link").symlink_to(outside)
    (tmp_path / "sft-share-dead" / "link").symlink_to(outside)
    later = (tmp_path / "other").stat().st_mtime + 3600
    os.utime(tmp_path / "sft-share-new", (later, later))
    with DataDirectory(tmp_path / "sft-share-alive").lock():
        assert share.remove_leftovers(lambda: later) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "other", "outside", "sft-share-alive", "sft-share-link", "sft-share-new",
    ]  # fmt: skip
    assert (outside / "kept").read_text() == "kept"


def test_it_is_announced_where_it_can_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[object, ...]] = []

    def announce(*about: object, **how: object) -> AbstractContextManager[None]:
        said.append((*about, how))
        return nullcontext()

    class Shared:
        name, port, fingerprint = "photos", 5001, "AB:CD"
        urls = ("https://192.0.2.7:5001", "https://[2001:db8::7]:5001", "https://localhost:5001")

    monkeypatch.setattr("secure_file_transfer.server.share.announce", announce)
    monkeypatch.setattr("secure_file_transfer.server.share.gethostname", lambda: "nas")
    with share._announced(Shared(), "127.0.0.1"):  # type: ignore[arg-type]
        assert said == []  # nobody else could come
    addresses = ["192.0.2.7", "2001:db8::7", "localhost"]
    for host, own in (("0.0.0.0", None), ("192.0.2.7", ["192.0.2.7"])):  # noqa: S104 - not bound
        with share._announced(Shared(), host):  # type: ignore[arg-type]
            assert said.pop() == ("photos on nas", 5001, "AB:CD", addresses, {"kind": "share", "interfaces": own})
