"""What operators steer a running server with, put together: its limits, how it is, and its end."""

from ..config import Settings
from ..services.limits import Limits, Values
from ..services.operations import Operations
from ..services.status import Status
from ..services.stopping import Stopping
from ..services.traffic import Traffic
from ..version import __version__
from .house import House


def open_operations(settings: Settings, house: House, traffic: Traffic) -> Operations:
    """What was set while the server ran before is in force once this returns; `stopping.on_stop` is to be set."""
    configured = Values(settings.clients_max, settings.transfers_max, settings.rate_up, settings.rate_down)
    limits = Limits(house.catalog, house.clock, traffic, configured, bus=house.bus, audit=house.audit)
    house.credentials.admit = house.links.admit = limits.admit
    stopping = Stopping(house.clock, traffic, limits, bus=house.bus, audit=house.audit)
    status = Status(
        house.catalog,
        house.clock,
        traffic,
        limits,
        stopping,
        free_bytes=house.blobs.free_bytes,
        certificate=house.certificate_view.ending,
        version=__version__,
    )
    return Operations(limits, stopping, status)
