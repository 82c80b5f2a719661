"""Addresses and networks, read in one way everywhere: who a source is, and which list it stands on."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

SOURCE_PREFIX_V6 = 64
"""A single customer has at least a /64 and may change the rest of the address at will (RFC 6177, RFC 8981)."""

UNKNOWN = "unknown"
"""The source of whatever has no address that can be read, all together."""


def read_address(text: str) -> Address | None:
    """An address without its zone; IPv4 within IPv6 (RFC 4291, 2.5.5.2) is IPv4. None when it is none."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def source_of(address: str) -> str:
    """The unit that budgets are kept for: an IPv4 address, or the /64 of an IPv6 address."""
    found = read_address(address)
    if found is None:
        return UNKNOWN
    if isinstance(found, IPv4Address):
        return str(found)
    return str(ip_network((int(found), SOURCE_PREFIX_V6), strict=False))


class Networks:
    """A list of networks in CIDR form, each of which may be a single address. Raises ValueError for anything else."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._networks = tuple(ip_network(text, strict=False) for text in texts)

    def __contains__(self, address: str) -> bool:
        """Whether the address lies in one of them."""
        found = read_address(address)
        return found is not None and any(
            found.version == network.version and found in network for network in self._networks
        )
