"""What `sft share` says: how to get in, who is there, what happens. As words for people and JSON for programs."""

import sys
from typing import TYPE_CHECKING, Any

from ...model import Kind, Rights
from ...version import __version__
from .banner import print_code, rows_of
from .terminal import count_text, local_time, out, safe, size_text, styled, time_text
from .values import time_value

if TYPE_CHECKING:
    from ...server import Happening, Share

_MAY = {
    Rights.READ: "fetch files",
    Rights.READ | Rights.CREATE: "fetch files and add new ones",
    Rights.READ | Rights.CREATE | Rights.WRITE: "fetch, add and replace files",
    Rights.CREATE: "add files, and see nothing",
}
_HAPPENED = {
    "came": "{who} came, from {address}",
    "left": "{who} left",
    "ended": "{who} was sent away",
    "fetched": "{who} fetched {file}, {size}",
    "sent": "{who} sent {file}, {size}",
    "cut": "{who} stopped sending {file}",
    "warned": "{who} was warned",
    "read": "{who} has read the warning",
    "full": "Somebody at {address} found all places taken",
}


def banner(shared: "Share", password: str | None) -> None:
    """How guests get in: everything that has to be told to them, and the code that a phone scans."""
    kind = "folder" if shared.kind is Kind.FOLDER else "file"
    out(styled("Secure File Transfer", "bold", sys.stdout) + f" {__version__}")
    out("")
    facts = [
        ("sharing", [f"{safe(shared.name)} ({kind})"]),
        ("guests may", [_MAY[shared.rights], *_limits(shared)]),
        ("address", [styled(f"{url}/", "cyan", sys.stdout) for url in shared.urls]),
        ("FTPS", list(shared.ftps_urls)),
        ("password", [] if password is None else [styled(safe(password), "bold", sys.stdout)]),
        ("fingerprint", _halves(shared.fingerprint)),
    ]
    for name, values in facts:
        for line in rows_of(name, *values):
            out(line)
    if shared.taken_port is not None:
        out("")
        out(f"Port {shared.taken_port} is taken by another program; this share has port {shared.port}.")
    out("")
    print_code(f"{shared.urls[0]}/")
    out("Guests open the address in a browser. It warns, for it does not know this")
    out("computer; the fingerprint tells that it is yours. Those who have sft type:")
    out(f"  {styled(f'sft login {shared.urls[0]}', 'cyan', sys.stdout)}")
    out("")


def _limits(shared: "Share") -> list[str]:
    found = []
    if shared.ends_us is not None:
        found.append(f"until {time_text(shared.ends_us)}")
    if shared.downloads_max is not None:
        found.append(f"{count_text(shared.downloads_max, 'guest')} may fetch, then nobody else")
    if shared.clients_max is not None:
        found.append(f"{count_text(shared.clients_max, 'guest')} at once")
    return found


def _halves(fingerprint: str) -> list[str]:
    pairs = fingerprint.split(":")
    half = len(pairs) // 2
    return [":".join(pairs[:half]) + ":", ":".join(pairs[half:])]


def happened_text(each: "Happening", *, dated: bool = False) -> str:
    """One line for people, with the time of day. What guests call themselves and their files is made safe."""
    when = f"{local_time(each.at_us):%H:%M:%S}" if dated else f"{local_time(each.at_us):%H:%M}"
    words = _HAPPENED[each.what.value].format(
        who=safe(each.who), address=safe(each.address), file=safe(each.file.lstrip("/")), size=size_text(each.size)
    )
    return f"{when}  {words}"


def happened_json(each: "Happening") -> dict[str, Any]:
    """The same for programs."""
    return {
        "time": time_value(each.at_us),
        "what": each.what.value,
        "guest": each.who,
        "address": each.address,
        "path": each.file or None,
        "size": each.size if each.file else None,
    }


def share_json(shared: "Share", password: str | None) -> dict[str, Any]:
    """What guests need, for programs."""
    return {
        "what": "sharing",
        "name": shared.name,
        "kind": "folder" if shared.kind is Kind.FOLDER else "file",
        "rights": int(shared.rights),
        "urls": [f"{url}/" for url in shared.urls],
        "ftps_urls": list(shared.ftps_urls),
        "password": password,
        "fingerprint": shared.fingerprint,
        "expires": time_value(shared.ends_us),
        "warnings": list(shared.warnings),
    }
