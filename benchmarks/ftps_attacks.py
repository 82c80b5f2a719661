"""Attacks on the FTPS door over the wire: connections, TLS, lines. Run by `benchmarks.proofs ftps-attacks`.

Each attack runs while somebody else moves files. The numbers are those by which all tests name attacks.
"""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from secure_file_transfer.testing.ftps_wire import FtpsWire, cut, hang_up, reset

from .ftps_siege import OTHER, VICTIM, Bystander, Siege, code_of, refused
from .proofs import USER, say

EARLY = """
    PWD|CWD /|CDUP|LIST|NLST|MLSD|MLST|STAT x|SIZE x|MDTM x|MFMT 20200101000000 x|RETR x|STOR x|APPE x|STOU|ALLO 1
    TYPE I|MODE S|STRU F|REST 1|EPSV|PASV|PORT 127,0,0,1,200,10|EPRT x|MKD x|RMD x|DELE x|RNFR x|RNTO x|HASH x|ABOR
    XSHA256 x|SHAR x other 1|UNSH x|SHWM|SHBM|SITE SHAR x other 1|SITE SHWM|SITE CHMOD 777 x|SITE EXEC id|SITE
"""
DIGIT = "\u06f1"
"""A one that is none to FTP."""
BODY = bytes(range(256)) * 4 * 256 * 8
"""2 MiB."""
PATIENT = 150.0
"""Seconds for hundreds of passwords, each of which takes 64 MiB and a tenth of a second or more."""


def early_commands(siege: Siege) -> None:
    """10: any command before sign-in is 530, SITE included; in plain text and under TLS."""
    for secure in (False, True):
        with FtpsWire(siege.site) as wire:
            if secure:
                wire.secure()
            for line in (word.strip() for words in EARLY.strip().splitlines() for word in words.split("|")):
                code = code_of(wire, line)
                assert code == 530 or (not secure and refused(code) and code), f"{line}: {code}"
            if secure:
                wire.ask("USER prover", 331)
                assert code_of(wire, "LIST") in {503, 530}, "the name alone opens nothing"


def injected_command(siege: Siege) -> None:
    """13: what a man in the middle puts behind AUTH in plain text is never executed."""
    for injected in (b"NOOP\r\n", b"USER mallory\r\n", b"FEAT\r\nNOOP\r\n", b"NO"):
        with FtpsWire(siege.site) as wire:
            wire.send_bytes(b"AUTH TLS\r\n" + injected)
            assert wire.reply().code == 234
            wire.encrypt()
            wire.sock.settimeout(5)
            # An answer to what was injected would come before this one.
            assert wire.ask("OPTS UTF8 ON").code == 200
            wire.sign_in()
            assert wire.ask("PWD").code == 257


def plain_sign_in(siege: Siege) -> None:
    """14: no sign-in before AUTH, no PROT C, and no data connection without TLS."""
    with FtpsWire(siege.site) as wire:
        for line in ("USER prover", "PASS three green boats", "ACCT 123456"):
            assert refused(code_of(wire, line)), line
    with siege.wire() as wire:
        assert refused(code_of(wire, "PROT C"))
        assert refused(code_of(wire, "CCC"))
        with wire.connect_data(wire.passive_port()) as plain:
            wire.ask("LIST", 150)
            plain.sendall(b"no TLS here\r\n")
            with contextlib.suppress(ConnectionError):
                assert not plain.recv(100).startswith((b"d", b"-", b"total")), "a listing in plain text"
        assert wire.reply().code != 226
    with FtpsWire(siege.site) as wire:  # PROT may not be left out either
        wire.secure()
        wire.ask(f"USER {siege.site.user}", 331)
        wire.ask(f"PASS {siege.site.password}", 230)
        assert refused(code_of(wire, "EPSV")) or refused(code_of(wire, "LIST"))


def bounce(siege: Siege) -> None:
    """15: PORT and EPRT reach neither another host nor a privileged port."""
    with socket.create_server(("127.0.0.2", 0)) as elsewhere, siege.wire() as wire:
        port = elsewhere.getsockname()[1]
        high, low = divmod(port, 256)
        targets = [f"PORT 127,0,0,2,{high},{low}", f"EPRT |1|127.0.0.2|{port}|", "PORT 127,0,0,1,0,25"]
        targets += ["EPRT |1|127.0.0.1|22|", "PORT 127,0,0,1,0,0", "PORT 10,0,0,1,200,1", "EPRT |2|::1|5000|"]
        targets += [
            "PORT 127,0,0,1,999,1",
            "PORT 127,0,0,1",
            "EPRT |1|127.0.0.1|70000|",
            "EPRT",
            f"PORT {DIGIT},0,0,1,200,1",
        ]
        for line in targets:
            assert refused(code_of(wire, line)), line
            assert code_of(wire, "LIST") == 425, f"LIST after {line}"
        assert not select.select([elsewhere], [], [], 0.2)[0], "somebody was called"


def _retrieved(wire: FtpsWire, port: int) -> bytes:
    """RETR over a passive port that others know."""
    got = b""
    with wire.connect_data(port) as plain:
        wire.ask("RETR prey.bin", 150)
        with wire.encrypt_data(plain) as data:
            while piece := data.recv(65536):
                got += piece
            hang_up(data)
    wire.finish()
    return got


def stolen_port(siege: Siege) -> None:
    """16: from another address, or with another TLS session, nobody gets the data; its owner does."""
    with siege.wire() as wire:
        wire.store("STOR prey.bin", BODY)
        port = wire.passive_port()
        with wire.connect_data(port, source="127.0.0.2") as thief:
            assert _retrieved(wire, port) == BODY
            thief.settimeout(5)
            with contextlib.suppress(ConnectionError):
                assert thief.recv(1) == b""
        assert wire.fetch("RETR prey.bin") == BODY, "this one resumed"
        port = wire.passive_port()
        taken: list[bytes] = []

        def steal(plain: socket.socket) -> None:
            with contextlib.suppress(OSError), wire.encrypt_data(plain, resume=False) as tls:
                taken.append(tls.recv(100))

        plain = wire.connect_data(port)
        thread = threading.Thread(target=steal, args=(plain,))
        thread.start()
        assert _retrieved(wire, port) == BODY
        thread.join()
        assert not any(taken), "the thief got a part of it"


def silent_thief(siege: Siege) -> None:
    """16: whoever is first at a passive port, and says nothing there, only costs its owner some time."""
    with siege.wire() as wire:
        wire.store("STOR prey.bin", BODY)
        port = wire.passive_port()
        with wire.connect_data(port):
            begin = time.monotonic()
            assert _retrieved(wire, port) == BODY
            assert time.monotonic() - begin < 20


def cut_upload(siege: Siege) -> None:
    """17 and 51: an upload without close_notify is never published, and what came of it is nobody's to see."""
    web = siege.web()
    for end in (cut, reset):
        for before in (b"", b"the version before"):
            name = f"cut {end.__name__} {len(before)}.bin"
            with siege.wire() as wire:
                if before:
                    wire.store(f"STOR {name}", before)
                with wire.transfer(f"STOR {name}") as data:
                    data.sendall(BODY)
                    end(data)
                assert refused(code := wire.reply().code) or 400 <= code < 500, f"{code}"
                assert (name in wire.names()) == bool(before)
                assert wire.exists(name) == bool(before)
                if before:
                    assert wire.fetch(f"RETR {name}") == before
                else:
                    assert refused(code_of(wire, f"XSHA256 {name}"))
                    wire.passive_port()
                    assert refused(code_of(wire, f"RETR {name}"))
            assert (name in web.names()) == bool(before)
            with siege.wire(OTHER) as stranger:
                assert refused(code_of(stranger, f"SIZE /{name}"))
                assert name not in stranger.names()


def floods(siege: Siege) -> None:
    """18: a flood of PASV, many STOU and QUIT in the middle of a transfer leave nothing open."""
    with siege.wire() as wire:
        wire.ask("MKD stou", 257)
        wire.ask("CWD stou", 250)
        before = siege.descriptors()
        ports = [wire.passive_port() for _ in range(300)]
        # A port of before may be somebody else's by now, so it is the server's descriptors that tell.
        assert siege.descriptors() <= before + 4, "a port does not give the one before back"
        with wire.connect_data(ports[-1]) as plain:
            wire.ask("LIST", 150)
            with wire.encrypt_data(plain) as data:
                assert data.recv(1) == b""
        wire.finish()
        for number in range(40):
            wire.store("STOU", bytes([number]))
        assert len(wire.names()) == 40
    siege.comes_back_to(before)
    for verb in ("STOR quit.bin", "RETR /prey.bin"):
        wire = siege.wire()
        wire.store("STOR /prey.bin", BODY)
        with wire.transfer(verb) as data:
            wire.send("QUIT")
            if verb.startswith("STOR"):
                data.sendall(BODY)
                hang_up(data)
            else:
                data.recv(1000)
                reset(data)
        wire.close()
    siege.comes_back_to(before)


def bad_lines(siege: Siege) -> None:
    """19: a line of 10,000 bytes closes the connection; nothing behind it or behind CR and LF is executed."""
    tail = b"\r\nMKD /owned\r\n"
    for line in (b"NOOP " + b"A" * 10_000 + tail, b"A" * 10_000 + tail, b"A" * 10_000, b"\0" * 10_000 + tail):
        with siege.wire() as wire:
            assert refused(code_of(wire, line))
            assert wire.rest_is_silence(), "it goes on after a line that is too long"
        with FtpsWire(siege.site) as wire:
            assert refused(code_of(wire, line))
    for line in (b"MKD a\rMKD owned\r\n", b"MKD a\nMKD owned\r\n", b"MKD a\0owned\r\n", b"NOOP\nMKD owned\r\n"):
        with siege.wire() as wire:
            assert refused(code_of(wire, line)), line
    for line in (b"MKD \xff\xfe\r\n", b"MKD a\x1b[2Jb\r\n", b"MKD \xc0\xae\xc0\xae\r\n"):
        with siege.wire() as wire:
            assert refused(code_of(wire, line)), line
    with siege.wire() as wire:
        assert not [name for name in wire.names() if name.startswith(("owned", "a"))]


def other_protocols(siege: Siege) -> None:
    """20: HTTP, TLS and SSH to the control port end at once; ALPN of another protocol is refused."""
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\nAUTH TLS\r\nMKD /owned\r\nQUIT\r\n"
    for first in (request, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00" + bytes(60), b"SSH-2.0-x\r\n"):
        with FtpsWire(siege.site) as wire:
            wire.sock.settimeout(3)
            begin = time.monotonic()
            with contextlib.suppress(OSError):
                wire.send_bytes(first)
                said = b""
                while piece := wire.sock.recv(1000):
                    said += piece
                assert b"234" not in said, "it went on to TLS"
            assert time.monotonic() - begin < 2, f"{first[:12]!r} was not cut off"
    browser = siege.site.context()
    browser.set_alpn_protocols(["h2", "http/1.1"])
    with FtpsWire(siege.site, context=browser) as wire:
        wire.ask("AUTH TLS", 234)
        try:
            wire.encrypt()
        except OSError:
            return  # refused by what it offers
        assert code_of(wire, request) == 0, "a browser is answered"
        assert wire.rest_is_silence()


def past_the_end(siege: Siege) -> None:
    """21: REST past the end is refused, and at the end exact."""
    with siege.wire() as wire:
        wire.store("STOR rest.bin", BODY)
        assert wire.fetch("RETR rest.bin", rest=len(BODY) - 1) == BODY[-1:]
        assert wire.fetch("RETR rest.bin", rest=len(BODY)) == b""
        for verb, offset in (("RETR", len(BODY) + 1), ("STOR", len(BODY) + 1), ("STOR", 10**17), ("RETR", 10**17)):
            wire.passive_port()
            wire.ask(f"REST {offset}", 350)
            assert refused(code_of(wire, f"{verb} rest.bin")), f"{verb} at {offset}"
        for text in ("-1", "x", "1e3", "9" * 40, "0x10", DIGIT, ""):
            assert refused(code_of(wire, f"REST {text}")), text
        # Overlapping: what is told twice is what is there in the end.
        wire.store("STOR rest.bin", b"NEW", rest=5)
        assert wire.fetch("RETR rest.bin") == BODY[:5] + b"NEW"


def many_sign_ins(siege: Siege) -> None:
    """300 at once: all of them come in, and none keeps anybody from their files."""
    failures: list[BaseException] = []
    inside = threading.Barrier(siege.sign_ins + 1, timeout=PATIENT)

    def sign_in(number: int) -> None:
        site = siege.site_of((VICTIM, OTHER, USER)[number % 3])
        try:
            with FtpsWire(site, source=f"127.0.3.{number % 3 + 1}", seconds=PATIENT) as wire:
                wire.secure()
                wire.sign_in()
                inside.wait()
                wire.quit()
        except BaseException as failure:  # noqa: BLE001 - told below
            failures.append(failure)
            inside.abort()

    threads = [threading.Thread(target=sign_in, args=(number,)) for number in range(siege.sign_ins)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(threading.BrokenBarrierError):
        inside.wait()
    for thread in threads:
        thread.join()
    first = [failure for failure in failures if not isinstance(failure, threading.BrokenBarrierError)]
    assert not first, f"{len(first)} failed, such as {first[0]!r}"


WIRE_ATTACKS: dict[str, Callable[[Siege], None]] = {
    "10 commands before sign-in": early_commands,
    "13 injected command": injected_command,
    "14 plain sign-in": plain_sign_in,
    "15 bounce": bounce,
    "16 stolen port": stolen_port,
    "16 silent thief": silent_thief,
    "17 51 cut upload": cut_upload,
    "18 floods": floods,
    "19 bad lines": bad_lines,
    "20 other protocols": other_protocols,
    "21 past the end": past_the_end,
    "300 sign-ins at once": many_sign_ins,
}


def attack(siege: Siege, run: Callable[[Siege], None]) -> Bystander:
    """One attack, with somebody beside it."""
    with Bystander(siege) as bystander:
        run(siege)
    return bystander


def prove_attacks(folder: Path) -> str:
    """All of them against one server."""
    from .ftps_attacks_inside import INSIDE_ATTACKS  # it uses what is here

    attacks = WIRE_ATTACKS | INSIDE_ATTACKS
    siege = Siege.begin(folder)
    files, slowest = 0, 0.0
    try:
        for name, run in attacks.items():
            begin = time.monotonic()
            bystander = attack(siege, run)
            files, slowest = files + bystander.files, max(slowest, bystander.slowest)
            say(f"{name}: held, {time.monotonic() - begin:.1f} s")
    finally:
        siege.server.kill()
    return f"{len(attacks)} attacks held; beside them {files} files moved, the slowest in {slowest:.2f} s"
