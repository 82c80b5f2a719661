"""Verbs about the connections themselves: TLS, data connections, modes, and what can be asked at any time."""

import re
import socket
from typing import TYPE_CHECKING

from ...services.networks import read_address
from .data import Active, same_host
from .replies import Refused, Reply
from .session import Session

if TYPE_CHECKING:
    from .control import Control

FACTS = ("type", "size", "modify", "perm")
_PRIVILEGED = 1024
_PORT = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})", re.ASCII)
_OFFSET = re.compile(r"\d{1,18}", re.ASCII)


# --- TLS --------------------------------------------------------------------------------------------------------


def auth(control: "Control", argument: str) -> Reply | None:
    """AUTH TLS (RFC 4217, 4)."""
    if control.secure:
        raise Refused(503, "TLS is there already.")
    if argument.strip().upper() not in {"TLS", "TLS-C", "TLS-P", "SSL"}:  # all of them mean: negotiate TLS
        raise Refused(504, "Only AUTH TLS is known here.")
    control.encrypt()
    return None


def pbsz(control: "Control", argument: str) -> Reply:
    """TLS buffers for itself (RFC 4217, 8)."""
    control.session.sized = True
    return Reply(200, "PBSZ=0" if argument.strip() != "0" else "Good.")


def prot(control: "Control", argument: str) -> Reply:
    """Data connections are private or not at all (attack 14)."""
    level = argument.strip().upper()
    if level not in {"C", "S", "E", "P"}:
        raise Refused(504, "There is no such level; send PROT P.")
    if not control.session.sized:
        raise Refused(503, "First PBSZ 0.")
    if level != "P":
        raise Refused(534 if level == "C" else 536, "Data connections are private here; send PROT P.")
    control.session.private = True
    return Reply(200, "Data connections are private.")


def ccc(_: "Control", __: str) -> Reply:
    """Back to plain text: never."""
    raise Refused(534, "This connection stays private.")


# --- data connections -------------------------------------------------------------------------------------------


def epsv(control: "Control", argument: str) -> Reply:
    """RFC 2428, 3."""
    wanted = argument.strip().upper()
    if wanted == "ALL":
        control.session.epsv_only = True
        return Reply(200, "Only EPSV from now on.")
    own = "2" if control.session.family == socket.AF_INET6 else "1"
    if wanted not in {"", own}:
        raise Refused(522, f"Network protocol not supported, use ({own}).")
    return Reply(229, f"Entering Extended Passive Mode (|||{control.listen().port}|)")


def pasv(control: "Control", _: str) -> Reply:
    """IPv4 only, as its reply has it."""
    _not_after_epsv_all(control.session)
    found = read_address(control.door.options.external_address or control.session.local)
    if control.session.family == socket.AF_INET6 or found is None or found.version != 4:
        raise Refused(425, "PASV knows only IPv4; send EPSV.")
    port = control.listen().port
    numbers = [*str(found).split("."), str(port >> 8), str(port & 255)]
    return Reply(227, f"Entering Passive Mode ({','.join(numbers)})")


def port(control: "Control", argument: str) -> Reply:
    """PORT h1,h2,h3,h4,p1,p2."""
    match = _PORT.fullmatch(argument.strip())
    numbers = [int(each) for each in match.groups()] if match else []
    if not numbers or max(numbers) > 255:
        raise Refused(501, "That is no address: PORT h1,h2,h3,h4,p1,p2.")
    return _aim(control, ".".join(map(str, numbers[:4])), numbers[4] << 8 | numbers[5])


def eprt(control: "Control", argument: str) -> Reply:
    """EPRT |1|address|port| (RFC 2428, 2)."""
    fields = argument.strip().split(argument.strip()[:1])
    if len(fields) != 5 or fields[0] or fields[4] or not _OFFSET.fullmatch(fields[3]):
        raise Refused(501, "That is no address: EPRT |1|address|port|.")
    if fields[1] not in {"1", "2"}:
        raise Refused(522, "Network protocol not supported, use (1,2).")
    address = read_address(fields[2])
    if address is None or address.version != (4 if fields[1] == "1" else 6):
        raise Refused(501, "That is no address: EPRT |1|address|port|.")
    return _aim(control, str(address), int(fields[3]))


def _aim(control: "Control", host: str, number: int) -> Reply:
    """Only at the peer itself, and at none of its services (RFC 2577; attack 15)."""
    _not_after_epsv_all(control.session)
    if not same_host(host, control.peer):
        raise Refused(501, "Data connections go to your own address only.")
    if not _PRIVILEGED <= number <= 65535:
        raise Refused(501, "Data connections do not go to that port.")
    control.aim(Active(host, number, (control.session.local, control.door.options.data_port)))
    return Reply(200, "Good.")


def _not_after_epsv_all(session: Session) -> None:
    if session.epsv_only:
        raise Refused(503, "Only EPSV after EPSV ALL.")


# --- modes ------------------------------------------------------------------------------------------------------


def kind(control: "Control", argument: str) -> Reply:
    """TYPE. Bytes are sent and stored as they are in both types: what a line's end is, the file itself knows best.

    All servers of today do so unless told otherwise, and a digest would mean nothing if both ends counted other bytes.
    """
    wanted = argument.strip().upper()
    if wanted not in {"A", "A N", "I", "L 8", "L8"}:
        raise Refused(504, "Only TYPE I and TYPE A are known here.")
    control.session.ascii = wanted.startswith("A")
    return Reply(200, "Type A; bytes stay as they are." if control.session.ascii else "Type I.")


def mode(_: "Control", argument: str) -> Reply:
    """Only streams."""
    if argument.strip().upper() != "S":
        raise Refused(504, "Only MODE S is known here.")
    return Reply(200, "Good.")


def structure(_: "Control", argument: str) -> Reply:
    """Only files without inner structure."""
    if argument.strip().upper() != "F":
        raise Refused(504, "Only STRU F is known here.")
    return Reply(200, "Good.")


def restart(control: "Control", argument: str) -> Reply:
    """REST, for the next RETR or STOR."""
    if not _OFFSET.fullmatch(argument.strip()):
        raise Refused(501, "That is no number of bytes.")
    control.session.offset = int(argument)
    return Reply(350, f"The next RETR or STOR begins at {control.session.offset}.")


def opts(control: "Control", argument: str) -> Reply:
    """OPTS UTF8 ON, OPTS MLST facts, OPTS HASH algorithm (RFC 2389)."""
    name, _, rest = argument.strip().partition(" ")
    match name.upper():
        case "UTF8":
            if rest.strip().upper() not in {"", "ON", "NLST"}:
                raise Refused(504, "Names are UTF-8 here, always.")
            return Reply(200, "Names are UTF-8.")
        case "MLST":
            wanted = {each.strip().lower() for each in rest.split(";")}
            control.session.facts = tuple(each for each in FACTS if each in wanted)
            return Reply(200, f"MLST OPTS {''.join(f'{each};' for each in control.session.facts)}".rstrip())
        case "HASH":
            if rest.strip().upper() not in {"", "SHA-256"}:
                raise Refused(504, "Only SHA-256 is known here.")
            return Reply(200, "SHA-256")
    raise Refused(501, "There are no such options.")


def client(control: "Control", argument: str) -> Reply:
    """CLNT: what the peer's program calls itself."""
    control.session.agent = argument.strip()
    return Reply(200, "Noted.")


# --- questions --------------------------------------------------------------------------------------------------


def features(control: "Control", _: str) -> Reply:
    """FEAT."""
    facts = "".join(f"{each}{'*' if each in control.session.facts else ''};" for each in FACTS)
    lines = ["AUTH TLS", "CLNT", "EPRT", "EPSV", "HASH SHA-256*", "MDTM", "MFMT", f"MLST {facts}", "PBSZ", "PROT"]
    lines += ["REST STREAM", "SIZE", "TVFS", "UTF8", "XSHA256"]
    return Reply(211, "Features:", tuple(lines), "End")


def nothing(_: "Control", __: str) -> Reply:
    """NOOP."""
    return Reply(200, "Good.")


def system(_: "Control", __: str) -> Reply:
    """SYST: what LIST looks like."""
    return Reply(215, "UNIX Type: L8")


def status(control: "Control", _: str) -> Reply:
    """STAT without a path: how things stand, also during a transfer."""
    session = control.session
    lines = [f"Signed in as {session.account.name}" if session.account else "Nobody is signed in"]
    lines.append(f"TLS on this connection: {'yes' if control.secure else 'no'}; on data: yes, or there is none")
    lines.append(f"Type {'A' if session.ascii else 'I'}, structure F, mode S")
    if control.transfer is not None:
        lines.append(f"A transfer is running: {control.transfer.moved} bytes so far")
    return Reply(211, "Secure File Transfer", tuple(lines), "End")


def abort(control: "Control", _: str) -> Reply | None:
    """ABOR."""
    return control.abort()


def leave(control: "Control", _: str) -> None:
    """QUIT."""
    control.quit()
