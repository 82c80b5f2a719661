"""Two people and a real server: by library and command line."""

import os
from pathlib import Path

import pytest

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.errors import ForbiddenError, NotFoundError
from secure_file_transfer.testing.process import ServerProcess

PASSWORD = "three green boats at noon"
BIG = os.urandom(3_000_000)


def test_a_folder_is_shared_used_and_taken_back(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    for name in ("ada", "bob"):
        server.add_user(name, PASSWORD)
    with server:
        ada, bob = (
            SecureFileTransferClient(server.url, cafile=server.cafile, username=name, password=PASSWORD)
            for name in ("ada", "bob")
        )
        with ada, bob:
            ada.make_folder("/work")
            ada.put_bytes(b"mine", "/private.txt")
            with pytest.raises(NotFoundError):
                bob.stat("/Shared/ada")
            ada.grant("/work", "bob", "editor")
            assert [(each.path, each.to) for each in ada.grants()] == [("/work", "bob")]
            assert [(each.path, each.owner) for each in bob.shared_with_me()] == [("/Shared/ada/work", "ada")]
            local = tmp_path / "big.bin"
            local.write_bytes(BIG)
            folder = tmp_path / "many"
            folder.mkdir()
            for number in range(5):
                (folder / f"{number}").write_bytes(b"%d" % number)
            bob.send_file(local, "/Shared/ada/work/")
            bob.send_tree(folder, "/Shared/ada/work/many")
            assert ada.get_bytes("/work/big.bin") == BIG
            assert ada.get_bytes("/work/many/3") == b"3"
            bob.receive_tree("/Shared/ada/work", tmp_path / "back")
            assert (tmp_path / "back" / "big.bin").read_bytes() == BIG
            assert (tmp_path / "back" / "many" / "4").read_bytes() == b"4"
            assert bob.usage().bytes == 0
            with pytest.raises(ForbiddenError):
                bob.grant("/Shared/ada/work", "bob", "viewer")
            assert ada.revoke("/work", "bob") == 1
            with pytest.raises(NotFoundError):
                bob.stat("/Shared/ada/work/big.bin")


def test_folders_move_between_homes_on_the_server(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    for name in ("ada", "bob"):
        server.add_user(name, PASSWORD)
    with server:
        ada, bob = (
            SecureFileTransferClient(server.url, cafile=server.cafile, username=name, password=PASSWORD)
            for name in ("ada", "bob")
        )
        env = {"SFT_PROFILES": str(tmp_path / "profiles.json")}
        login = ("login", server.url, "--user", "bob", "--password-stdin", "--cafile", str(server.cafile))
        server.sft(*login, text=PASSWORD + "\n", env=env)
        with ada, bob:
            ada.make_folder("/work")
            ada.grant("/work", "bob", "editor")
            bob.make_folder("/mine/deep", parents=True)
            bob.put_bytes(BIG, "/mine/deep/big")
            bob.put_bytes(b"small", "/mine/small")
            server.sft("mv", "/mine", "/Shared/ada/work/", env=env)
            assert ada.get_bytes("/work/mine/deep/big") == BIG
            assert ada.usage().bytes == len(BIG) + 5
            assert [entry.name for entry in bob.list("/")] == ["Shared"]
            server.sft("cp", "-r", "/Shared/ada/work/mine", "/back", env=env)
            assert bob.get_bytes("/back/deep/big") == BIG
            assert ada.stat("/work/mine/deep/big").sha256 == bob.stat("/back/deep/big").sha256
            ada.grant("/work", "bob", "viewer")
            with pytest.raises(ForbiddenError):
                bob.move("/Shared/ada/work/mine", "/taken")
            with pytest.raises(ForbiddenError):
                bob.copy("/back", "/Shared/ada/work/back")


def test_groups_on_the_command_line_are_seen_by_a_running_server(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    for name in ("ada", "bob"):
        server.add_user(name, PASSWORD)
    with server:
        where = ("--data-dir", str(tmp_path / "data"))
        server.sft("group", "add", "team", *where)
        server.sft("group", "join", "team", "bob", *where)
        with SecureFileTransferClient(server.url, cafile=server.cafile, username="ada", password=PASSWORD) as ada:
            ada.put_bytes(b"plan", "/plan.txt")
            ada.grant("/plan.txt", "@team", "viewer")
        assert server.sft("group", "list", *where).split() == ["@team", "bob"]
        with SecureFileTransferClient(server.url, cafile=server.cafile, username="bob", password=PASSWORD) as bob:
            assert bob.get_bytes("/Shared/ada/plan.txt") == b"plan"
            server.sft("group", "rename", "team", "crew", *where)
            assert bob.get_bytes("/Shared/ada/plan.txt") == b"plan"
            server.sft("group", "leave", "crew", "bob", *where)
            with pytest.raises(NotFoundError):
                bob.get_bytes("/Shared/ada/plan.txt")
        server.sft("group", "delete", "crew", *where)
