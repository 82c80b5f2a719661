"""The FTPS door, put together from the settings."""

from ..config import Settings
from ..doors.ftps.door import FtpsDoor
from ..doors.ftps.session import DOOR, FtpsOptions, FtpsServices, Visiting
from ..doors.ftps.tls import Identity
from ..services.accounts import RESERVED_NAMES
from ..services.certificates import TlsFiles
from ..services.files import Files
from ..services.links import Links
from ..services.sessions import Visit
from ..services.traffic import Traffic
from ..services.uploads import Uploads
from .house import House


def open_ftps(
    settings: Settings, house: House, files: Files, uploads: Uploads, limits: Traffic, identity: Identity
) -> FtpsDoor:
    """The door, bound to its ports and not started yet.

    Raises:
        ConfigurationError: a port cannot be had.
    """
    first, _, last = settings.ftps_passive_ports.partition("-")
    return FtpsDoor(
        FtpsServices(
            files=files,
            sessions=house.sessions,
            credentials=house.credentials,
            uploads=uploads,
            shares=house.shares,
            traffic=limits,
            registration=house.registration,
            audit=house.audit,
            presence=house.presence,
            control=house.control,
            visit=None if house.front is None else _visiting(house.links, house.front.secret or ""),
        ),
        FtpsOptions(
            host=settings.host,
            port=settings.ftps_port,
            implicit_port=settings.ftps_implicit_port,
            data_port=settings.ftps_data_port,
            passive_ports=range(int(first), int(last) + 1) if last else range(0),
            external_address=settings.ftps_external_address,
            require_reuse=settings.ftps_require_reuse,
            sessions_max=settings.ftps_sessions_max,
            sessions_per_account=settings.ftps_sessions_per_account,
            sessions_per_source=settings.ftps_sessions_per_source,
            idle_seconds=settings.ftps_idle_seconds,
            stall_seconds=settings.idle_seconds,
            shutdown_seconds=settings.shutdown_seconds,
            block_size=settings.block_size,
        ),
        identity,
    )


def _visiting(links: Links, secret: str) -> Visiting:
    """Signing in to a server that is there for one link: any name, and the link's password."""

    def visit(name: str, password: str, address: str, agent: str) -> Visit:
        wanted = "" if name.casefold() in RESERVED_NAMES else name
        return links.open(secret, password, door=DOOR, address=address, agent=agent, name=wanted)

    return visit


def identity(settings: Settings, tls: TlsFiles, device_cas: str | None) -> Identity:
    """What the door shows of itself.

    Raises:
        ConfigurationError: the files cannot be used.
    """
    return Identity(tls.chain, tls.key, device_cas, settings.client_cafile)
