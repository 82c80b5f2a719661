"""What the verbs know: the services and options of the door, and the state of one session."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ...model import Account, Principal
from ...paths import RemotePath
from ...services.audit import SILENT, Audit
from ...services.control import Control
from ...services.credentials import Credentials, Shown
from ...services.files import Files
from ...services.presence import Connection, Presence
from ...services.sessions import Sessions, Visit
from ...services.shares import Shares
from ...services.traffic import Traffic
from ...services.uploads import Uploads
from .data import Active, Passive
from .replies import Refused, Reply

DOOR = "ftps"


class Registrar(Protocol):
    """Makes accounts, where the operator allows it."""

    def register(self, name: str, password: str, *, email: str = "", source: str) -> bool:
        """Whether the new account may sign in now, or waits for an operator. Raises what the services raise."""


Visiting = Callable[[str, str, str, str], Visit]
"""Opens the link that the server is there for: by name, password, address and agent. Raises what the services raise."""


@dataclass(frozen=True, slots=True)
class FtpsServices:
    """What stands behind the door.

    `shares` is None where nothing is shared, `traffic` where nothing limits, `registration` where nobody can make an
    account, `presence` and `control` where nobody watches.
    """

    files: Files
    sessions: Sessions
    credentials: Credentials
    uploads: Uploads | None = None
    shares: Shares | None = None
    traffic: Traffic | None = None
    registration: Registrar | None = None
    audit: Audit = SILENT
    presence: Presence | None = None
    control: Control | None = None
    visit: Visiting | None = None
    """Where a link stands in place of accounts: what signs in."""


@dataclass(frozen=True, slots=True)
class FtpsOptions:
    """What an operator may set of the door. Ports of 0 are chosen by the system; seconds may be fractions in tests."""

    host: str = "127.0.0.1"
    port: int = 0
    implicit_port: int | None = None
    data_port: int = 0
    passive_ports: range = range(0)
    external_address: str = ""
    require_reuse: bool = False
    sessions_max: int = 1000
    sessions_per_account: int = 100
    sessions_per_source: int = 500
    login_seconds: float = 60
    idle_seconds: float = 600
    stall_seconds: float = 60
    data_seconds: float = 30
    shutdown_seconds: float = 10
    block_size: int = 4 * 1024 * 1024


class Wire(Protocol):
    """What a session needs of its control connection. All of it on the loop, but for `reply`."""

    @property
    def certificate(self) -> bytes | None:
        """What the peer showed in the handshake."""

    def reply(self, reply: Reply) -> None:
        """Say something before the verb's own reply. From any thread."""


@dataclass(slots=True, eq=False)
class Session:
    """One session. Verbs run one at a time, on the loop or in a thread, so nothing here needs a lock."""

    services: FtpsServices
    options: FtpsOptions
    wire: Wire
    peer: str
    local: str
    family: int
    agent: str = ""
    name: str = ""
    """What USER said."""
    password: str | None = field(default=None, repr=False)
    """Kept only between PASS and the code that it needs besides."""
    registering: bool = False
    """Whether the password that comes next is for a new account."""
    who: Principal | None = None
    own: bool = False
    """Whether the session began here, and so ends here; that of a device's certificate is shared."""
    failures: int = 0
    cwd: RemotePath = field(default_factory=RemotePath)
    sized: bool = False
    """Whether PBSZ was said."""
    private: bool = False
    """Whether PROT P was said, or need not be."""
    epsv_only: bool = False
    way: Passive | Active | None = None
    resumes: bool = False
    """Whether a data connection has resumed its session: then all of them have to."""
    offset: int = 0
    renaming: RemotePath | None = None
    ascii: bool = True
    facts: tuple[str, ...] = ("type", "size", "modify", "perm")
    here: Connection | None = None
    """How others see it."""
    asked: Callable[[str], Reply] | None = None
    """What to do with the answer to a question, which the next line is."""

    @property
    def principal(self) -> Principal:
        """Who is signed in. Raises Refused."""
        if self.who is None:
            raise Refused(530, "Sign in with USER and PASS first.")
        return self.who

    @property
    def account(self) -> Account | None:
        """The account that is signed in."""
        return self.who.account if self.who else None

    @property
    def shown(self) -> Shown:
        """What came along to say who it is."""
        return Shown(None, self.wire.certificate, DOOR, self.peer, self.agent)

    def path(self, text: str) -> RemotePath:
        """The path that a verb's argument names. Raises InvalidNameError."""
        return self.cwd.resolve(text)

    def forget(self) -> None:
        """As it was before anybody signed in."""
        self.name, self.password, self.who, self.own, self.registering = "", None, None, False, False
        self.cwd, self.offset, self.renaming, self.asked = RemotePath(), 0, None, None
