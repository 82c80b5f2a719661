"""Finds servers on the local network. Needs the extra `discovery`.

Whatever is found is hearsay: anybody on the network can announce anything, with any name and any fingerprint. It says
where to knock; who opens is checked by `login` as always.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..transfer.announcing import SERVICE, printable, read_record

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

FOUND_MAX = 100
"""Announcements that are looked at; a network with more of them is one that somebody floods."""
ADDRESSES_MAX = 16
_RESOLVE_MS = 500


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that announced itself. `fingerprint` is what it says of itself, perhaps empty; believe `login`."""

    name: str
    url: str
    addresses: tuple[str, ...]
    port: int
    fingerprint: str
    api: int
    kind: str
    """`server`, or `share`: a folder that somebody shares for a while."""


def discover(
    seconds: float = 3.0, *, interfaces: Sequence[str] | None = None, enough: int = FOUND_MAX
) -> list[FoundServer]:
    """Listen so long, or until `enough` have answered. Blocks; servers come by name.

    Raises:
        ConfigurationError: the extra is not installed, or there is no network to ask.
    """
    try:
        from zeroconf import InterfaceChoice, ServiceBrowser, Zeroconf
    except ImportError:
        raise ConfigurationError(
            "Looking for servers on the local network needs the extra 'discovery'",
            hint="Install it: pip install 'secure-file-transfer[discovery]'.",
        ) from None
    try:
        zeroconf = Zeroconf(interfaces=list(interfaces) if interfaces else InterfaceChoice.All)
    except OSError as error:
        raise ConfigurationError(
            f"The local network cannot be asked: {error.strerror or error}", hint="Is this computer on a network?"
        ) from None
    names: SimpleQueue[str] = SimpleQueue()

    def changed(**what: Any) -> None:
        if what["state_change"].name != "Removed" and names.qsize() < FOUND_MAX:
            names.put(what["name"])

    ends = time.monotonic() + seconds
    try:
        browser = ServiceBrowser(zeroconf, SERVICE, handlers=[changed])
        try:
            found = _gathered(zeroconf, names, ends, min(enough, FOUND_MAX))
        finally:
            browser.cancel()
    finally:
        zeroconf.close()
    return sorted(found.values(), key=lambda each: (each.name.casefold(), each.url))


def _gathered(zeroconf: "Zeroconf", names: "SimpleQueue[str]", ends: float, enough: int) -> dict[str, FoundServer]:
    found: dict[str, FoundServer] = {}
    seen: set[str] = set()
    while len(found) < enough and len(seen) < FOUND_MAX and (left := ends - time.monotonic()) > 0:
        try:
            name = names.get(timeout=left)
        except Empty:
            break
        seen.add(name)
        patience = min(_RESOLVE_MS, max(1, int((ends - time.monotonic()) * 1000)))
        info = zeroconf.get_service_info(SERVICE, name, timeout=patience)
        if info is not None and (server := read(info)) is not None:
            found[name] = server
    return found


def read(info: "ServiceInfo") -> FoundServer | None:
    """What an announcement of anybody says; None where it leads nowhere."""
    addresses = tuple(dict.fromkeys(info.parsed_addresses()))[:ADDRESSES_MAX]
    if not addresses or not info.port:
        return None
    said = read_record(info.properties)
    name = printable(info.name.removesuffix("." + SERVICE))
    return FoundServer(name, _url(addresses, info.port), addresses, info.port, said.fingerprint, said.api, said.kind)


def _url(addresses: Sequence[str], port: int) -> str:
    """By the plainest address: an IPv4 one, or else one that is good beyond its own link."""
    best = min(map(ip_address, addresses), key=lambda each: (each.version, each.is_link_local))
    return f"https://[{best}]:{port}" if isinstance(best, IPv6Address) else f"https://{best}:{port}"
