"""What every route knows: the services behind the door, the threads they run in, and who asks."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ...errors import SecureFileTransferError, SignInRequiredError
from ...model import Device, Principal
from ...services.accounts import Accounts
from ...services.audit import SILENT, Audit, acting
from ...services.blocks import Blocks
from ...services.certificate_view import CertificateView
from ...services.chat import Chats
from ...services.control import Control
from ...services.credentials import Credentials, Shown
from ...services.devices import Devices
from ...services.events import Events
from ...services.files import Files
from ...services.groups import Groups
from ...services.guard import Guard
from ...services.jobs import Jobs
from ...services.links import Links, Placed
from ...services.log import Log
from ...services.mounts import Mounts
from ...services.networks import source_of
from ...services.operations import Operations
from ...services.oversight import Oversight
from ...services.own_password import OwnPassword
from ...services.pictures import Pictures
from ...services.presence import Presence
from ...services.registration import Registration
from ...services.resets import Resets
from ...services.sessions import Sessions, Visit
from ...services.setup import Setup
from ...services.shares import Shares
from ...services.tokens import Tokens
from ...services.totp import SecondFactor
from ...services.traffic import Traffic
from ...services.trash import Trash
from ...services.uploads import Uploads
from ...services.versions import Versions
from . import cookies
from .addresses import Proxies
from .exchange import shown_path
from .tls import shown_certificate
from .turns import Turns
from .watch import PRINCIPAL_KEY, Watch
from .workers import Workers

T = TypeVar("T")
Scope = Any
DOOR = "http"
TOKEN_KEY = "sft.token"  # noqa: S105 - a key, not a token
"""Where the pages of a link leave the visitor's token in the scope: it stands in place of all that was sent."""
DOING_KEY = "sft.doing"
"""Where the application leaves what a request is for, as far as others are shown that."""
WORKER_THREADS = min(32, 4 + 4 * (os.cpu_count() or 1))
"""Measured with 4 KiB files on two cores: 4 to 8 threads are fastest, 16 a quarter slower for they contend for the
interpreter. A few more, since writes that wait for a slow disk together share one commit of the catalog."""
STORING_THREADS = 6
"""For blocks and batches: each thread seals into memory of its own, and more of them do not make the disk faster."""
DRAWING_THREADS = 2
"""They only wait for the process that draws pictures; nothing else waits for them."""
SIGNING_THREADS = 2
"""Password hashing has threads of its own: a flood of guesses must not keep anybody from their files (attack 47)."""


@dataclass(frozen=True, slots=True)
class People:
    """The services about accounts and groups."""

    accounts: Accounts
    groups: Groups
    resets: Resets
    registration: Registration
    own_password: OwnPassword


@dataclass(frozen=True, slots=True)
class Desk:
    """What only operators look at."""

    oversight: Oversight
    certificates: CertificateView
    mounts: Mounts


@dataclass(frozen=True, slots=True)
class Live:
    """Who is here, and what operators do to them."""

    presence: Presence
    control: Control


@dataclass(frozen=True, slots=True)
class HttpServices:
    """What stands behind the door. `sessions` and `setup` are None on a server without accounts.

    `credentials` weighs tokens and client certificates where there are accounts. `ca_pem` is served at `/ca.pem`;
    `anonymous` lets requests without a token act as the guest. `uploads` is None where no drive keeps unfinished
    uploads, `blocks` without the block protocol, `shares` and `links` where nothing is shared, `traffic` where
    nothing limits, `guard` where nothing can be guessed, `people`, `log`, `live`, `chats`, `events`, `jobs`,
    `operations` and `desk` without accounts, `pictures` where nothing draws any. `front` is the link that the whole
    server is there for.

    Only the connection's peer counts as the client, and for its certificate, unless it is one of the `proxies`.
    """

    files: Files
    sessions: Sessions | None
    setup: Setup | None
    ca_pem: bytes
    anonymous: bool
    block_size: int
    version: str
    uploads: Uploads | None = None
    blocks: Blocks | None = None
    shares: Shares | None = None
    links: Links | None = None
    traffic: Traffic | None = None
    guard: Guard | None = None
    factors: SecondFactor | None = None
    proxies: Proxies = field(default_factory=Proxies)
    credentials: Credentials | None = None
    devices: Devices | None = None
    tokens: Tokens | None = None
    chats: Chats | None = None
    people: People | None = None
    audit: Audit = SILENT
    log: Log | None = None
    live: Live | None = None
    front: Placed | None = None
    events: Events | None = None
    jobs: Jobs | None = None
    operations: Operations | None = None
    desk: Desk | None = None
    trash: Trash | None = None
    versions: Versions | None = None
    pictures: Pictures | None = None


class Context:
    """The services and their threads."""

    def __init__(self, services: HttpServices) -> None:
        self.services = services
        self.workers = Workers("http", WORKER_THREADS)
        self.storing = Workers("http-store", STORING_THREADS)
        self.drawing = Workers("http-draw", DRAWING_THREADS)
        self._signing = Workers("http-sign-in", SIGNING_THREADS)
        self._turns = Turns(self._signing, SIGNING_THREADS)
        self.watch = Watch(_check_of(services))

    def caller(self, scope: Scope) -> "Caller":
        """Who sent this request, not yet looked up."""
        return Caller(self, scope)

    def refused(self, scope: Scope, error: Exception) -> None:
        """A request was answered with an error: write down what an operator wants to know of that."""
        if isinstance(error, SecureFileTransferError):
            self.services.audit.refused(error, f"{scope['method']} {shown_path(scope)}")

    async def sign(self, caller: "Caller", work: Callable[[], T], *, checked: bool = False) -> T:
        """Do `work`, which hashes a password, when it is the caller's turn.

        `checked`: it is known already that the request comes from our own page.

        Raises:
            TooManyRequestsError: too many from there wait already.
        """
        if not checked:
            cookies.require_own_page(caller.scope, joined_fields(caller.scope["headers"]), strictly=False)
        return await self._turns.run(source_of(caller.address), work)

    @contextmanager
    def arriving(self, caller: "Caller") -> "Iterator[Callable[[Principal], None]]":
        """Somebody signs in; call what it gives once it is clear who."""
        live = self.services.live
        here = None if live is None else live.presence.open(DOOR, caller.address, caller.agent)
        try:
            yield _nobody_watches if here is None else here.signed
        finally:
            if here is not None:
                here.close()

    def queues(self) -> dict[str, int]:
        """How much work waits for a thread, by kind."""
        return {"requests": self.workers.waiting, "storing": self.storing.waiting, "sign-in": self._signing.waiting}

    def close(self) -> None:
        """Wait for the threads and let them go."""
        self.services.files.stop()
        self.watch.close()
        self.workers.close()
        self.storing.close()
        self.drawing.close()
        if self.services.pictures is not None:
            self.services.pictures.close()
        self._signing.close()


def joined_fields(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header fields by name; lines of the same name are one list (RFC 9110, 5.3)."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


def _check_of(services: HttpServices) -> Callable[[Principal], None]:
    """Whether somebody is still who they were when their request began."""
    if services.credentials is not None:
        return services.credentials.check
    return services.sessions.check if services.sessions is not None else _nobody_ends


def _nobody_watches(_: Principal) -> None:
    """Nothing is shown of who comes."""


def _nobody_ends(_: Principal) -> None:
    """Guests have no session that could end."""


class Caller:
    """One request's sender."""

    __slots__ = ("_context", "scope")

    def __init__(self, context: Context, scope: Scope) -> None:
        self._context = context
        self.scope = scope

    @property
    def who(self) -> Principal | None:
        """What `principal` found last."""
        who: Principal | None = self.scope.get(PRINCIPAL_KEY)
        return who

    @property
    def address(self) -> str:
        """The peer's address, without the port."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def agent(self) -> str:
        """What the peer's program calls itself."""
        return joined_fields(self.scope["headers"]).get(b"user-agent", b"").decode("latin-1")

    def principal(self) -> Principal:
        """Who it is. Call it in a worker thread: it may ask the catalog.

        Raises:
            SignInRequiredError: no token where one is needed, or one that is not good any more. A bad token never
                falls back to the guest.
        """
        who = self._found()
        if PRINCIPAL_KEY not in self.scope and self._context.services.live is not None:
            self._context.services.live.presence.seen(who, DOOR, self.address, self.agent, self.scope.get(DOING_KEY))
        self.scope[PRINCIPAL_KEY] = who
        acting(who)
        return who

    def visit(self, links: Links, secret: str, password: str | None, name: str) -> Visit:
        """Begin a session by a link; from now on the visitor is here. Call it where passwords may be hashed.

        Raises what `Links.open` raises.
        """
        visit = links.open(secret, password, door=DOOR, address=self.address, agent=self.agent, name=name)
        if (live := self._context.services.live) is not None:
            live.presence.seen(Principal(None, visit.session, visit.link), DOOR, self.address, self.agent)
        return visit

    def _found(self) -> Principal:
        services = self._context.services
        if services.credentials is not None:
            shown = self._shown_each_time()
            if shown.token is None and shown.certificate is not None:
                self._require_own_page()
            return services.credentials.principal(shown)
        token = self._token()
        if token is None:
            if services.anonymous:
                return Principal(None, None)
            raise SignInRequiredError(hint="Sign in with: sft login, or send Authorization: Bearer <token>.")
        if services.sessions is None:
            raise _not_understood()
        return services.sessions.resolve(token)

    def device(self) -> Device:
        """The device whose certificate came with it. Call it in a worker thread.

        Raises:
            ClientCertificateError
        """
        credentials = self._context.services.credentials
        if credentials is None:
            raise SignInRequiredError("This server has no accounts")
        self._require_own_page()
        return credentials.device(self.shown())

    def shown(self) -> Shown:
        """What came with it to say who it is."""
        return replace(self._shown_each_time(), agent=self.agent)

    def _shown_each_time(self) -> Shown:
        """The same for every request: nothing is read that only the begin of a session needs."""
        certificate = shown_certificate(self.scope)
        return Shown(self._token(), certificate, DOOR, self.address, self.agent if certificate else "")

    def _token(self) -> str | None:
        """The session's token, by whichever way it came."""
        if (visiting := self.scope.get(TOKEN_KEY)) is not None:
            return str(visiting)
        values = [value for name, value in self.scope["headers"] if name == b"authorization"]
        if not values:
            fields = joined_fields(self.scope["headers"])
            token = cookies.token(fields) if self._context.services.sessions is not None else None
            if token is not None:
                cookies.require_own_page(self.scope, fields)
            return token
        scheme, _, given = values[0].partition(b" ")
        if len(values) > 1 or scheme.lower() != b"bearer":
            raise _not_understood()
        return str(given.strip(b" "), "latin-1")

    def _require_own_page(self) -> None:
        """A browser shows its certificate to us whoever made it ask (attack 35)."""
        cookies.require_own_page(self.scope, joined_fields(self.scope["headers"]), strictly=False)

    async def run(self, work: Callable[[Principal], T]) -> T:
        """Find out who it is and do `work` for them, in one trip to a worker thread."""
        return await self._context.workers.run(lambda: work(self.principal()))


def _not_understood() -> SignInRequiredError:
    return SignInRequiredError(
        "These credentials are not understood", hint="Send one header Authorization: Bearer <token>."
    )
