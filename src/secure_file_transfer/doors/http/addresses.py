"""Where a request comes from: the connection's peer, or what a configured proxy says of it.

Anybody can write `X-Forwarded-For` into a request. So the header counts only when the connection comes from a proxy
that the operator has named, and only as far back as named proxies wrote it: each appends whom it was talking to, so
the list is read from its end, and the first that is no proxy is the client (attack 26). Only one of the two headers is
believed, the one that the proxy is known to write; it passes the other on as the client sent it.
"""

import re
import secrets
from collections.abc import Iterable
from typing import Any

from ...services.networks import Networks, read_address

_ELEMENT_FOR = re.compile(r'(?:^|;)\s*for=(?:"([^"]*)"|([^";,\s]*))\s*(?=;|$)', re.IGNORECASE)
_HOPS_MAX = 32
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
BY_PROXY = "sft.by_proxy"
"""Where the scope says that the connection's peer is a trusted proxy, whatever address stands for the client then."""


class Proxies:
    """Which peers are proxies, and which header of theirs tells of the client."""

    def __init__(self, trusted: Iterable[str] = (), header: str = "x-forwarded-for") -> None:
        self._trusted = Networks(trusted)
        self._header = header.encode()

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The address to hold to account. A proxy that says nothing which can be read stands for itself."""
        found = read_address(peer)
        client = peer if found is None else str(found)
        if peer not in self._trusted:
            return client
        told = b",".join(value for name, value in headers if name == self._header).decode("latin-1")
        for hop in reversed(told.split(",")[-_HOPS_MAX:]):
            address = _node(hop) if self._header == b"x-forwarded-for" else _forwarded(hop)
            if address is None:
                break
            client = address
            if address not in self._trusted:
                break
        return client

    def trusts(self, peer: str) -> bool:
        """Whether it is one of the proxies."""
        return peer in self._trusted


def _forwarded(element: str) -> str | None:
    """The node in one element of `Forwarded` (RFC 7239, 4)."""
    found = _ELEMENT_FOR.findall(element.strip())
    return _node(found[0][0] or found[0][1]) if len(found) == 1 else None


def _node(text: str) -> str | None:
    """An address, perhaps in brackets, perhaps with a port."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    found = read_address(text)
    return None if found is None else str(found)


def apply(proxies: Proxies, scope: Any) -> None:
    """Put the client's address into the scope, and whether a proxy speaks for it; everything behind reads that."""
    peer = scope.get("client")
    if peer:
        scope[BY_PROXY] = proxies.trusts(str(peer[0]))
        scope["client"] = (proxies.client(str(peer[0]), scope["headers"]), peer[1])


def request_id(scope: Any) -> str:
    """What this request is called in the log: what a proxy of ours calls it, or else a name of our own.

    Whoever else sends one gets a new one: they could make their deeds look like parts of somebody else's request.
    """
    if scope.get(BY_PROXY):
        told = [value for name, value in scope["headers"] if name == b"x-request-id"]
        if len(told) == 1 and _REQUEST_ID.fullmatch(told[0]):
            return bytes(told[0]).decode()
    return secrets.token_hex(8)
