"""What operators steer a running server with, in one hand."""

from dataclasses import dataclass

from .limits import Limits
from .status import Status
from .stopping import Stopping


@dataclass(frozen=True, slots=True)
class Operations:
    """Its limits, its end, and how it is."""

    limits: Limits
    stopping: Stopping
    status: Status
