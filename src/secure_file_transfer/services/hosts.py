"""Host names and addresses as certificates hold them, and those of this machine."""

import ipaddress
import re
import socket
import unicodedata
from contextlib import suppress
from threading import Thread

from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.paths import display

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_RESOLVE_SECONDS = 1.0
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)


def parse_host(text: str) -> str | Address:
    """An address, or a host name as it stands in a certificate: lower case, international labels as `xn--…`.

    Raises:
        ConfigurationError
    """
    bare = text.strip()
    with suppress(ValueError):
        return ipaddress.ip_address(bare.removeprefix("[").removesuffix("]").partition("%")[0])
    labels = unicodedata.normalize("NFKC", bare).lower().removesuffix(".").split(".")
    wild, labels = labels[:1] == ["*"] and len(labels) > 2, [_ascii(label) for label in labels]
    name = ".".join(labels)
    # A last label of digits only would be an address that is none (RFC 1123, 2.1).
    if not all(map(_LABEL.fullmatch, labels[wild:])) or labels[-1].isdigit() or len(name) > 253:
        raise ConfigurationError(
            f"{display(text)} is neither a host name nor an IP address",
            hint="Give names such as files.example.com and addresses such as 192.0.2.7 or 2001:db8::7, without port.",
        )
    return name


def _ascii(label: str) -> str:
    """The A-label of an international label (RFC 5891, 4.4), for labels already in NFKC and lower case."""
    if label.isascii():
        return label
    if not all(c in "-\u200c\u200d" or unicodedata.category(c)[0] in "LM" or c.isdecimal() for c in label):
        return ""  # no host name has a snowman or a slash in it; `_LABEL` refuses the empty label
    return "xn--" + label.encode("punycode").decode("ascii")


def local_hosts() -> list[str]:
    """Names and addresses under which this machine may be reached, as far as it knows them itself.

    Sends no packet except those that the system's resolver sends, and waits at most a second for that.
    """
    name = socket.gethostname()
    found = ["localhost", "127.0.0.1", "::1", name, *([f"{name}.local"] if "." not in name else [])]
    found += _outward_addresses()
    resolved: list[str] = []  # a thread, since a resolver without network may take half a minute to give up
    resolver = Thread(target=lambda: resolved.extend(_resolved(name)), daemon=True)
    resolver.start()
    resolver.join(_RESOLVE_SECONDS)
    hosts: dict[str, None] = {}
    for text in found + resolved[:]:
        with suppress(ConfigurationError):  # a machine may be called what no certificate can say
            host = parse_host(text)
            if isinstance(host, str) or not (host.is_link_local or host.is_unspecified or host.is_multicast):
                hosts[str(host)] = None
    return list(hosts)


def _resolved(name: str) -> list[str]:
    with suppress(OSError, UnicodeError):
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
        return [canonical for *_, canonical, _ in answers if canonical] + [str(address[0]) for *_, address in answers]
    return []


def _outward_addresses() -> list[str]:
    """Our own address on the way to some typical networks: connecting a UDP socket chooses it and sends nothing."""
    found = []
    targets = ("192.0.2.1", "10.255.255.254", "172.31.255.254", "192.168.255.254", "2001:db8::1", "fd00::1")
    for target in targets:
        family = socket.AF_INET6 if ":" in target else socket.AF_INET
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            found.append(str(probe.getsockname()[0]))
    return found
