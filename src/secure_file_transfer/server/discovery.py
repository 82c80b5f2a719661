"""Makes a server known on the local network, so that `sft discover` finds it. Needs the extra `discovery`."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address

import structlog

from ..errors import ConfigurationError
from ..transfer.announcing import KINDS, SERVICE, instance_name, record

ADDRESSES_MAX = 16
_log = structlog.get_logger()


@contextmanager
def announce(
    name: str,
    port: int,
    fingerprint: str,
    addresses: Sequence[str],
    *,
    kind: str = KINDS[0],
    interfaces: Sequence[str] | None = None,
) -> Iterator[None]:
    """While inside, say on the local network that a server is here; say goodbye in the end.

    `addresses` are those at which it can be reached; names among them are passed over. `interfaces` are the own
    addresses to say it on, all by default. It takes a second until others hear it, for which nobody waits here. A name
    that is taken gets a number. A network that does not carry it is told to the log, and is nobody's failure.

    Raises:
        ConfigurationError: the extra is not installed.
    """
    try:
        from zeroconf import InterfaceChoice, ServiceInfo, Zeroconf
    except ImportError:
        raise ConfigurationError(
            "Announcing the server on the local network needs the extra 'discovery'",
            hint="Install it: pip install 'secure-file-transfer[discovery]', or leave discovery out.",
        ) from None
    label = instance_name(name)
    info = ServiceInfo(
        SERVICE,
        f"{label}.{SERVICE}",
        port=port,
        properties=record(fingerprint, kind),
        server=f"{_host(label)}-{port}.local.",
        parsed_addresses=_numbers(addresses),
    )
    zeroconf: list[Zeroconf] = []

    def begin() -> None:
        try:
            zeroconf.append(Zeroconf(interfaces=list(interfaces) if interfaces else InterfaceChoice.All))
            zeroconf[0].register_service(info, allow_name_change=True)
        except Exception as error:  # noqa: BLE001 - whatever the network cannot do, the server goes on
            if structlog.is_configured():
                _log.warning("the server could not be announced on the local network", error=repr(error))

    thread = threading.Thread(target=begin, name="discovery", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        for each in zeroconf:
            with suppress(Exception):  # the network may have gone meanwhile; the goodbye is a courtesy
                each.close()


def _numbers(addresses: Sequence[str]) -> list[str]:
    """The addresses that others can use; loopback only where there is nothing else."""
    found = []
    for text in addresses:
        with suppress(ValueError):
            found.append(ip_address(text))
    reachable = [each for each in found if not each.is_loopback]
    return [str(each) for each in dict.fromkeys(reachable or found)][:ADDRESSES_MAX]


def _host(label: str) -> str:
    """The host part of the record: letters, digits and hyphens."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in label)[:40].strip("-") or "sft"
