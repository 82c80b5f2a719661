"""Attacks on the FTPS door by somebody who is signed in, or who guesses: paths, rights, sessions, budgets."""

import json
import select
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import quote

from secure_file_transfer.testing.ftps_wire import FtpsWire, HungUpError, hang_up

from .ftps_siege import OTHER, VICTIM, Siege, code_of, refused
from .proofs import MIB, PASSWORD, USER

ESCAPES = (
    # 1: up and out, in every spelling
    "../x", "../../../etc/passwd", "/../x", "a/../../x", "./../x", "..\\..\\x", "a\\..\\..\\x", "\\x",
    "..%2f..%2fx/../../y", "\uff0e\uff0e/x", "\u2024\u2024/x/..", "....//x/../../..",
    # 2: an absolute part within
    "a//../../etc/passwd", "C:\\x", "//host/share/x",
    # 6: signs that are not seen, and that turn the text around
    "a\u200bb", "a\u202egpj.exe", "\u2066x", "a\u200eb", "\ufeffx",
)  # fmt: skip
ONE_FORM = ("dot.", "space ", " space", "stream::$DATA", "Cafe\u0301")
"""5 and 6: refused, or one canonical form of each that every door shows."""
LIMIT = 1.0
"""Seconds for which a session that was ended may still do something (attack 29)."""
GUESSES = 10
"""The budget of one source, in a minute."""


def _everything(siege: Siege, user: str = USER) -> set[str]:
    """All paths of somebody, as the other door shows them."""
    web = siege.web(user)
    found: set[str] = set()
    folders = [""]
    while folders:
        folder = folders.pop()
        status, answer = web.call("GET", f"/api/v1/folders{quote(folder) or '/'}?limit=10000", None, web.headers())
        assert status == 200, f"{folder}: {status}"
        for entry in json.loads(answer)["entries"]:
            found.add(entry["path"])
            if entry["kind"] == "folder":
                folders.append(entry["path"])
    return found


def escapes(siege: Siege) -> None:
    """1, 2, 6: whatever a path looks like, nothing is read or made outside of one's own tree, nor elsewhere in it."""
    with siege.wire() as wire:
        wire.store("STOR mine", b"mine")
        before = _everything(siege)
        for path in ESCAPES:
            for verb in ("MKD", "CWD", "DELE", "RMD", "SIZE", "MDTM", "MLST", "RNFR", "XSHA256", "STAT"):
                code = code_of(wire, f"{verb} {path}")
                assert refused(code), f"{verb} {path!a}: {code}"
            for verb in ("RETR", "STOR", "APPE", "LIST", "MLSD", "NLST"):
                wire.passive_port()
                code = code_of(wire, f"{verb} {path}")
                assert refused(code), f"{verb} {path!a}: {code}"
            assert wire.ask("PWD", 257).text.startswith('"/"')
        assert _everything(siege) == before
        for _ in range(3):  # the root is its own parent
            code_of(wire, "CDUP")
        assert wire.ask("PWD").text.startswith('"/"')


def strange_names(siege: Siege) -> None:
    """3, 5, 6: a NUL ends the connection; twins of a name are one name on every door, or refused."""
    with siege.wire() as wire:
        assert refused(code_of(wire, b"MKD nul\0x\r\n"))
    with FtpsWire(siege.site) as wire:
        wire.secure()
        assert refused(code_of(wire, b"USER pro\0ver\r\n"))
    with siege.wire() as wire:
        wire.ask("MKD names", 257)
        wire.ask("CWD names", 250)
        for name in ONE_FORM:
            made = code_of(wire, f"MKD {name}")
            assert refused(made) or made == 257, f"{name!a}: {made}"
        shown = {path.rpartition("/")[2] for path in _everything(siege) if path.startswith("/names/")}
        assert wire.names() == shown, "the doors do not agree"
        assert all(wire.exists(name) for name in shown)
        assert "Cafe\u0301" not in shown
        for name in shown:  # what is alike is not the same
            assert name.strip(" .") in shown or not wire.exists(name.strip(" ."))


def moves(siege: Siege) -> None:
    """9: RNTO leads out of nowhere, and is no way around the right to delete or to write."""
    with siege.wire() as wire, siege.wire(OTHER) as guest:
        wire.ask("MKD lent", 257)
        wire.store("STOR lent/kept", b"kept")
        wire.store("STOR lent/second", b"second")
        wire.store("STOR mine", b"mine")
        wire.ask(f"SHAR /lent {OTHER} viewer", 200)
        lent = f"/Shared/{USER}/lent"
        guest.store("STOR /own", b"own")
        for source, target in (
            (f"{lent}/kept", "/taken"),
            (f"{lent}/kept", f"{lent}/renamed"),
            (f"{lent}/kept", f"{lent}/second"),
            (lent, "/taken"),
            ("/own", f"{lent}/brought"),
            ("/own", f"{lent}/kept"),
            ("/own", "/../own"),
            ("/own", "/Shared/own"),
            ("/own", f"/Shared/{USER}/own"),
            ("/", "/x"),
            ("/Shared", "/x"),
            (f"/Shared/{USER}/mine", "/x"),
        ):
            first = code_of(guest, f"RNFR {source}")
            assert refused(first) or refused(code_of(guest, f"RNTO {target}")), f"{source} to {target}"
        for line in (f"DELE {lent}/kept", f"RMD {lent}", f"MKD {lent}/x", f"MFMT 20200101000000 {lent}/kept"):
            assert refused(code_of(guest, line)), line
        for verb in ("STOR", "APPE"):
            guest.passive_port()
            assert refused(code_of(guest, f"{verb} {lent}/kept")), verb
        assert guest.fetch(f"RETR {lent}/kept") == b"kept"
        assert wire.fetch("RETR lent/second") == b"second"
        assert wire.ask("RNFR mine").code == 350
        assert wire.ask("NOOP").code == 200
        assert refused(code_of(wire, "RNTO /../mine2"))
        assert {"/lent/kept", "/lent/second", "/mine"} <= _everything(siege)
        wire.ask("UNSH /lent", 200)


def revoked(siege: Siege) -> None:
    """58: a grant that is gone, by whatever door, is gone at once for sessions that stand; also through new names."""
    web = siege.web()
    with siege.wire() as wire, siege.wire(OTHER) as guest:
        wire.ask("MKD house", 257)
        wire.ask("MKD house/room", 257)
        wire.store("STOR house/room/letter", b"letter")
        room = f"/Shared/{USER}/room"
        for how in ("by UNSH", "by the other door", "made again"):
            wire.ask(f"SHAR /house/room {OTHER} 15", 200)
            assert guest.fetch(f"RETR {room}/letter") == b"letter"
            guest.ask(f"CWD {room}", 250)
            if how == "by UNSH":
                wire.ask(f"UNSH /house/room {OTHER}", 200)
            elif how == "by the other door":
                asked = f"/api/v1/grants?path=/house/room&to={OTHER}"
                assert web.call("DELETE", asked, None, web.headers())[0] == 200
            else:
                wire.ask("DELE house/room/letter", 250)
                wire.ask("RMD house/room", 250)
                wire.ask("MKD house/room", 257)
                wire.store("STOR house/room/letter", b"another letter")
            for line in ("SIZE letter", f"SIZE {room}/letter", f"CWD {room}", "MKD x", "DELE letter", "RNFR letter"):
                assert refused(code_of(guest, line)), f"{how}: {line}"
            for line in ("LIST", "RETR letter", f"RETR {room}/letter", "STOR new", f"MLSD {room}"):
                guest.passive_port()
                assert refused(code_of(guest, line)), f"{how}: {line}"
            assert "room" not in guest.ask("SHWM", 200).text
            guest.ask("CWD /", 250)
        # What is moved out of a shared folder is shared no more.
        wire.ask(f"SHAR /house {OTHER} viewer", 200)
        assert guest.ask(f"SIZE /Shared/{USER}/house/room/letter").code == 213
        wire.ask("RNFR house/room", 350)
        wire.ask("RNTO out", 250)
        assert refused(code_of(guest, f"SIZE /Shared/{USER}/house/room/letter"))
        assert refused(code_of(guest, f"SIZE /Shared/{USER}/out/letter"))
        wire.ask("UNSH /house", 200)


def _sessions(siege: Siege) -> set[int]:
    web = siege.web()
    _, answer = web.call("GET", "/api/v1/sessions", None, web.headers())
    return {each["id"] for each in json.loads(answer)["sessions"] if each["door"] == "ftps"}


def ended_sessions(siege: Siege) -> None:
    """29: a session that is ended on another door is dead within a second, with what runs for it."""
    web = siege.web()
    body = bytes(24 * MIB)
    for what in ("RETR long", "STOR dead", ""):
        before = _sessions(siege)
        with siege.wire() as wire:
            (mine,) = _sessions(siege) - before
            if what == "RETR long":
                wire.store("STOR long", body)
            if not what:
                _end(siege, web.token, mine)
                _closes(wire)
                continue
            with wire.transfer(what) as data:
                if what.startswith("STOR"):
                    data.sendall(body[: 5 * MIB])
                else:
                    data.recv(1000)
                _end(siege, web.token, mine)
                _closes(wire)
                got = 0
                with suppress(OSError):
                    if what.startswith("STOR"):
                        for _ in range(100):
                            data.sendall(bytes(MIB))
                        hang_up(data)
                    while piece := data.recv(65536):
                        got += len(piece)
                assert got < len(body) - 1000, "it was sent all the same"
        assert "dead" not in web.names()
    with siege.wire() as wire:
        assert not wire.exists("dead")


def _end(siege: Siege, token: str, number: int) -> None:
    web = siege.web()
    assert web.call("DELETE", f"/api/v1/sessions/{number}", None, {"Authorization": f"Bearer {token}"})[0] == 204


def _closes(wire: FtpsWire) -> None:
    """The control connection says so and is closed, in time."""
    begin = time.monotonic()
    wire.sock.settimeout(LIMIT + 1)
    with suppress(HungUpError, ConnectionError):
        while True:
            wire.reply()
    assert time.monotonic() - begin < LIMIT + 0.2, "it lived on"
    assert not select.select([], [wire.sock], [], 0)[1] or refused(code_of(wire, "PWD"))


def guesses(siege: Siege) -> None:
    """26: guesses over FTPS and over HTTPS are taken from one budget, in both orders."""
    for source, first, second in (("127.0.5.1", _by_ftps, _by_https), ("127.0.5.2", _by_https, _by_ftps)):
        tried = sum(1 for allowed in first(siege, source) if allowed)
        assert 1 <= tried <= GUESSES, f"{tried} were let try"
        assert not any(second(siege, source)), "the other door has a budget of its own"
    siege.wire(VICTIM, source="127.0.5.3").quit()  # who knows the password is let in from elsewhere


def _by_ftps(siege: Siege, source: str) -> Iterator[bool]:
    """Guess until told to stop; True for each guess that was weighed."""
    wire: FtpsWire | None = None
    for number in range(GUESSES + 5):
        if wire is None:
            wire = FtpsWire(siege.site, source=source)
            wire.secure()
        assert code_of(wire, f"USER {VICTIM}") in {331, 421}
        wire.send(f"PASS wrong {number}")
        reply = wire.reply()
        if "wrong guesses" in reply.text:
            yield False
            break
        assert reply.code in {421, 530}, reply
        yield True
        if reply.code == 421 or number % 4 == 3:
            wire.close()
            wire = None
    if wire is not None:
        wire.close()


def _by_https(siege: Siege, source: str) -> Iterator[bool]:
    import http.client

    context = siege.site.context()
    for number in range(GUESSES + 5):
        connection = http.client.HTTPSConnection(
            "127.0.0.1", siege.server.port, context=context, timeout=30, source_address=(source, 0)
        )
        body = json.dumps({"name": VICTIM, "password": f"{PASSWORD}{number}"})
        connection.request("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        assert status in {401, 429}, status
        yield status == 401
        if status == 429:
            break


INSIDE_ATTACKS: dict[str, Callable[[Siege], None]] = {
    "1 2 6 escapes": escapes,
    "3 5 6 strange names": strange_names,
    "9 moves": moves,
    "58 revoked": revoked,
    "29 ended sessions": ended_sessions,
    "26 guesses": guesses,
}
