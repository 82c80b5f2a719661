"""What a server says of itself on the local network, by multicast DNS (RFC 6763). Anybody there can say the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SERVICE = "_sft._tcp.local."
KINDS = ("server", "share")
API = 1
NAME_BYTES_MAX = 63
"""Of a label of DNS."""
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Announced:
    """What the record says. `fingerprint` is SHA-256 of the authority as `AB:CD:…`, or empty."""

    kind: str
    api: int
    fingerprint: str


def instance_name(text: str) -> str:
    """A name fit for a label: one line, nothing invisible, no dots, at most `NAME_BYTES_MAX` bytes."""
    clean = printable(text).replace(".", "-").strip() or "server"
    return clean.encode()[:NAME_BYTES_MAX].decode(errors="ignore")


def printable(text: str) -> str:
    """What somebody calls themselves, without what could move a cursor or turn the direction of reading."""
    return "".join(c if c.isprintable() else "?" for c in text[:NAME_BYTES_MAX])


def record(fingerprint: str, kind: str) -> dict[str, str]:
    """The members of the TXT record."""
    return {"txtvers": "1", "api": str(API), "kind": kind, "fp": fingerprint.replace(":", "").lower()}


def read_record(members: Mapping[bytes, bytes | None]) -> Announced:
    """What a TXT record of anybody says; what is not as `record` writes it counts as not said."""
    kind, api, fingerprint = (_text(members.get(name)) for name in (b"kind", b"api", b"fp"))
    return Announced(
        kind if kind in KINDS else KINDS[0],
        int(api) if api.isascii() and api.isdecimal() and len(api) < 4 else 0,
        ":".join(re.findall("..", fingerprint.upper())) if _FINGERPRINT.fullmatch(fingerprint) else "",
    )


def _text(value: bytes | None) -> str:
    return (value or b"").decode("ascii", "replace")
