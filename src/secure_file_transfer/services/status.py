"""How the server is: for operators all of it, for everybody who is signed in what concerns them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from secure_file_transfer.errors import ForbiddenError, SignInRequiredError
from secure_file_transfer.model import Principal, TimeUs
from secure_file_transfer.ports import Catalog, Clock

from .accounts import require_operator
from .certificate_view import Ending
from .limits import Limits, Values
from .meter import STEP_SECONDS
from .stopping import Plan, Stopping
from .traffic import Direction, Traffic


@dataclass(frozen=True, slots=True)
class Public:
    """What everybody may know."""

    version: str
    since_us: TimeUs
    uptime_seconds: float
    maintenance: bool
    text: str
    stopping: Plan | None


@dataclass(frozen=True, slots=True)
class Details:
    """What operators know besides. `bytes` and `speeds` are those of content, since the server began."""

    clients: int
    running: Mapping[Direction, int]
    waiting: Mapping[Direction, int]
    bytes: Mapping[Direction, int]
    speeds: Mapping[Direction, float]
    """Bytes in a second."""
    stored_bytes: int
    stored_files: int
    free_bytes: int
    certificate: Ending | None
    limits: Values


@dataclass(frozen=True, slots=True)
class Lately:
    """What moved in the last minutes: bytes in each step, the oldest first. The last step ended just now."""

    step_seconds: float
    moved: Mapping[Direction, Sequence[int]]


class Status:
    """One for a process; it began when this was made."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        traffic: Traffic,
        limits: Limits,
        stopping: Stopping,
        *,
        free_bytes: Callable[[], int],
        version: str,
        certificate: Callable[[], Ending | None] = lambda: None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._traffic = traffic
        self._limits = limits
        self._stopping = stopping
        self._free_bytes = free_bytes
        self._certificate = certificate
        self._version = version
        self._since_us, self._began = clock.now_us(), clock.monotonic()

    def public(self) -> Public:
        """The part for everybody."""
        values = self._limits.values
        return Public(
            self._version,
            self._since_us,
            self._clock.monotonic() - self._began,
            values.maintenance,
            values.text if values.maintenance else "",
            self._stopping.plan,
        )

    def details(self, principal: Principal) -> Details | None:
        """The part for operators; None for everybody else."""
        try:
            require_operator(principal)
        except (SignInRequiredError, ForbiddenError):
            return None
        counts, moved, speeds = self._traffic.counts(), self._traffic.bytes_moved(), self._traffic.speeds()
        stored_bytes, stored_files = self._catalog.read(lambda tx: tx.drives.totals())
        return Details(
            clients=self._limits.live(),
            running={way: counts.get((way, False), 0) for way in Direction},
            waiting={way: counts.get((way, True), 0) for way in Direction},
            bytes={way: sum(n for (_, each), n in moved.items() if each is way) for way in Direction},
            speeds={way: sum(n for (_, each), n in speeds.items() if each is way) for way in Direction},
            stored_bytes=stored_bytes,
            stored_files=stored_files,
            free_bytes=self._free_bytes(),
            certificate=self._certificate(),
            limits=self._limits.values,
        )

    def lately(self, principal: Principal) -> Lately:
        """How much content moved lately, for a chart of it.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        require_operator(principal)
        steps = self._traffic.lately()
        return Lately(
            STEP_SECONDS,
            {way: [sum(n for (_, each), n in step.items() if each is way) for step in steps] for way in Direction},
        )
