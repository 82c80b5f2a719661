"""What is written down of what is done by FTP: by whom, from where, on which connection, with which command."""

import io
from collections.abc import Callable
from contextlib import suppress
from ftplib import error_perm
from typing import Any

from secure_file_transfer.model import LogEvent, LogFilter

from .conftest import PASSWORD, Raw, World, connect_ftp


def events(world: World) -> list[LogEvent]:
    assert world.house.journal.flush(30)
    return [event for _, event in world.house.catalog.read(lambda tx: tx.log.after(LogFilter(door="ftps"), 0, 1000))]


def test_sign_ins_transfers_and_sharing_are_told_with_their_circumstances(world: World) -> None:
    client: Any = connect_ftp(world, "ada")
    client.storbinary("STOR a.txt", io.BytesIO(b"hello"))
    client.retrbinary("RETR a.txt", lambda _: None)
    client.mkd("d")
    client.sendcmd("SHAR /d bob viewer")
    client.delete("a.txt")
    with suppress(error_perm):
        client.sendcmd("SHAR / bob viewer")
    client.quit()
    found = {event.kind: event for event in events(world)}
    assert {"sign-in.ok", "folder.created", "share.granted", "file.trashed", "request.refused"} <= set(found)
    for kind, event in found.items():
        assert (event.actor, event.address, event.door) == ("ada", "127.0.0.1", "ftps"), kind
        assert event.session is not None
    connection = {event.request.partition(".")[0] for event in found.values()}
    assert len(connection) == 1
    assert len({event.request for event in found.values()}) == len(found)
    assert (found["file.created"].target, found["file.downloaded"].target) == ("/a.txt", "/a.txt")


def test_attack_42_what_was_typed_in_the_wrong_place_is_written_nowhere(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    client.secure()
    client.ask("USER SECRET-as-a-name")
    client.ask("PASS SECRET-password")
    client.ask("USER ada")
    client.ask("PASS SECRET-password")
    client.ask(f"PASS {PASSWORD}")
    told = events(world)
    assert [event.kind for event in told] == ["sign-in.failed", "sign-in.failed"]
    assert [event.target for event in told] == ["", "ada"]
    assert "SECRET" not in str(told)
