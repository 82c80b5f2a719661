"""The door under test: small fakes behind it, an in-process caller, and a real server over TLS."""

import asyncio
import datetime as dt
import hashlib
import ipaddress
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from secure_file_transfer import errors
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.doors.http.limits import Limits
from secure_file_transfer.doors.http.listener import Listener
from secure_file_transfer.model import (
    MIB,
    Account,
    AccountId,
    Conflict,
    DriveId,
    Entry,
    Kind,
    Page,
    Principal,
    Rights,
    Role,
    Session,
    SessionId,
    SortKey,
    TimeUs,
    Usage,
)
from secure_file_transfer.paths import RemotePath, numbered
from secure_file_transfer.ports import Expectation, Written
from secure_file_transfer.services.sessions import SignedIn
from secure_file_transfer.services.traffic import Traffic

TOKEN = "sft_" + "A" * 43
NOW = TimeUs(1_790_000_000_123_456)
ALICE = Account(AccountId(1), "alice", Role.ADMIN, disabled=False, home_id=DriveId(1), created_us=NOW)
SESSION = Session(SessionId(1), ALICE.id, "http", "127.0.0.1", "test", NOW, NOW, TimeUs(NOW + 3_600_000_000))


class FakeContent:
    """A file of the fake tree. `damaged_at` is the block whose reading fails; `short` loses the last block."""

    def __init__(self, house: "FakeHouse", entry: Entry, data: bytes) -> None:
        self.house = house
        self.entry = entry
        self._data = data
        with house.closing:
            house.open_contents += 1
        self._open = True

    def chunks(self, offset: int, length: int) -> Iterator[bytes]:
        size = self.house.block_size
        for number, at in enumerate(range(offset, offset + length, size)):
            if not self._open:
                raise AssertionError("read after close")
            if number == self.house.damaged_at:
                raise errors.BlockDamagedError("Block 7 of '/x' is damaged", hint="Restore it.")
            self.house.read_gate.wait(10)
            yield self._data[at : min(at + size, offset + length)]

    def close(self) -> None:
        if self._open:
            self._open = False
            with self.house.closing:
                self.house.open_contents -= 1
                self.house.closing.notify_all()


class FakeDraft:
    def __init__(self, house: "FakeHouse", path: RemotePath) -> None:
        self.house, self.path = house, path
        self.pieces: list[bytes] = []
        self.size = 0
        self._over = False
        house.drafts += 1

    def append(self, data: Any) -> None:
        assert 0 < len(data) <= self.house.block_size
        assert not self._over
        assert threading.current_thread() is not threading.main_thread()
        if self.house.full:
            raise errors.NoSpaceError("No space left on the disk while storing", hint="Free some space.")
        self.pieces.append(bytes(data))
        self.size += len(data)

    def commit(
        self,
        *,
        conflict: Conflict = Conflict.OVERWRITE,
        expect: Expectation = Expectation(),  # noqa: B008
        sha256: bytes | None = None,
        size: int | None = None,
        modified_us: TimeUs | None = None,
    ) -> Written:
        data = b"".join(self.pieces)
        if sha256 is not None and hashlib.sha256(data).digest() != sha256:
            raise errors.DigestMismatchError("The content is not what was declared")
        if size is not None and size != len(data):
            raise errors.LengthMismatchError
        path = self.path
        old = self.house.tree.get(path)
        there = () if old is None else (old[0].etag, "*")
        if expect.match is not None and not set(expect.match) & set(there):
            raise errors.PreconditionFailedError
        if expect.none_match is not None and set(expect.none_match) & set(there):
            raise errors.PreconditionFailedError
        outcome = "created"
        if old is not None:
            if conflict is Conflict.SKIP or (conflict is Conflict.NEWER and (modified_us or NOW) <= old[0].modified_us):
                self.abort()
                return Written(old[0], "skipped")
            if conflict is Conflict.RENAME:
                path = path.parent / numbered(path.name, 1)
            else:
                outcome = "replaced"
        entry = self.house.store(path, data, modified_us or NOW)
        self._end()
        return Written(entry, outcome)

    def abort(self) -> None:
        if not self._over:
            self.house.aborted += 1
        self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self.house.drafts -= 1
            self.house.settled.set()


@dataclass
class FakeHouse:
    """All three services. What a test wants to know or to break is a plain field."""

    block_size: int = 1 * MIB
    stopped: bool = False
    tree: dict[RemotePath, tuple[Entry, bytes]] = field(default_factory=dict)
    needs_setup: bool = False
    full: bool = False
    damaged_at: int | None = None
    raises: Exception | None = None
    open_contents: int = 0
    drafts: int = 0
    aborted: int = 0
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    closing: threading.Condition = field(default_factory=threading.Condition)
    settled: threading.Event = field(default_factory=threading.Event)
    read_gate: threading.Event = field(default_factory=threading.Event)
    sign_in_gate: threading.Event = field(default_factory=threading.Event)
    live: bool = True

    def __post_init__(self) -> None:
        self.read_gate.set()
        self.sign_in_gate.set()
        self.store(RemotePath(), None)

    def wait_until_closed(self) -> None:
        """No content is open. The door closes what it has sent in a thread, perhaps a moment after the answer."""
        with self.closing:
            assert self.closing.wait_for(lambda: not self.open_contents, timeout=10)

    def store(self, path: RemotePath, data: bytes | None, when: TimeUs = NOW) -> Entry:
        digest = None if data is None else hashlib.sha256(data).digest()
        entry = Entry(
            path=str(path),
            name=path.name,
            kind=Kind.FOLDER if data is None else Kind.FILE,
            size=len(data or b""),
            modified_us=when,
            created_us=when,
            sha256=digest,
            etag=digest.hex()[:16] if digest else "folder",
        )
        self.tree[path] = entry, data or b""
        return entry

    def put(self, path: str, data: bytes | None) -> Entry:
        return self.store(RemotePath.parse(path), data)

    def _find(self, path: RemotePath) -> tuple[Entry, bytes]:
        if self.raises is not None:
            raise self.raises
        if path not in self.tree:
            raise errors.NotFoundError(f"'{path}' is not there", hint="List the folder to see what is there.")
        return self.tree[path]

    # files
    def stat(self, who: Principal, path: RemotePath) -> Entry:
        return self._find(path)[0]

    def rights(self, who: Principal, path: RemotePath) -> Rights:
        self._find(path)
        return Rights.ALL

    def list(
        self, who: Principal, path: RemotePath, *, sort: SortKey, descending: bool, cursor: str | None, limit: int
    ) -> Page:
        self.calls.append(("list", path, sort, descending, cursor, limit))
        self._find(path)
        return Page([e for p, (e, _) in self.tree.items() if p.parent == path and not p.is_root], "next")

    def make_folder(self, who: Principal, path: RemotePath, *, parents: bool = False) -> Entry:
        if path in self.tree:
            if not parents:
                raise errors.ExistsError
            return self.tree[path][0]
        if path.parent not in self.tree and not parents:
            raise errors.NotFoundError
        return self.store(path, None)

    def move(self, who: Principal, source: RemotePath, target: RemotePath, *, conflict: Conflict) -> Entry:
        self.calls.append(("move", source, target, conflict))
        entry, _ = self._find(source)
        return replace(entry, path=str(target), name=target.name)

    def copy(self, who: Principal, source: RemotePath, target: RemotePath, *, conflict: Conflict) -> Entry:
        self.calls.append(("copy", source, target, conflict))
        return replace(self._find(source)[0], path=str(target), name=target.name)

    def remove(self, who: Principal, path: RemotePath, *, recursive: bool, permanent: bool = False) -> None:
        self.calls.append(("remove", path, recursive))
        self._find(path)

    def open(self, who: Principal, path: RemotePath, *, version: int | None = None, told: bool = True) -> FakeContent:
        entry, data = self._find(path)
        if entry.kind is Kind.FOLDER:
            raise errors.IsAFolderError
        return FakeContent(self, entry, data)

    def draft(self, who: Principal, path: RemotePath, *, parents: bool = False, size: int | None = None) -> FakeDraft:
        self.calls.append(("draft", path, parents))
        return FakeDraft(self, path)

    def stop(self) -> None:
        self.stopped = True

    def usage(self, who: Principal) -> Usage:
        return Usage(10, 2, 1000, None)

    # sessions
    def resolve(self, token: str) -> Principal:
        if token != TOKEN or not self.live:
            raise errors.SignInRequiredError("The session has ended or never was", hint="Sign in again.")
        return Principal(ALICE, SESSION)

    def check(self, who: Principal) -> None:
        if not self.live:
            raise errors.SignInRequiredError("The session has ended or never was", hint="Sign in again.")

    def sign_in(
        self, name: str, password: str, code: str | None = None, *, door: str, address: str, agent: str
    ) -> SignedIn:
        self.calls.append(("sign_in", name, door, address, agent))
        self.sign_in_gate.wait(10)
        if (name, password) != ("alice", "right"):
            raise errors.SignInFailedError
        return SignedIn(TOKEN, SESSION, ALICE)

    def sign_out(self, who: Principal) -> None:
        self.live = False

    # setup
    def needed(self) -> bool:
        return self.needs_setup

    def complete(self, code: str, name: str, password: str, *, door: str, address: str, agent: str) -> SignedIn:
        if code != "GOOD":
            raise errors.NotFoundError
        if len(password) < 10:
            raise errors.WeakPasswordError("The password is too short", hint="Use 10 characters or more.")
        self.needs_setup = False
        return SignedIn(TOKEN, SESSION, ALICE)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    request: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        problem = self.json
        assert problem["status"] == self.status
        return str(problem["code"])


class Caller:
    """Calls the application in this process."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    async def __call__(
        self,
        method: str,
        target: str | bytes,
        *,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        body: bytes | list[bytes] = b"",
        json_body: Any = None,
        token: str | None = TOKEN,
        vanish: bool = False,
        length: bool = True,
        before_piece: Callable[[int], None] = lambda _: None,
    ) -> Answer:
        """`vanish` leaves after the body's pieces; `length` False sends it as chunked; `before_piece` is told how many
        pieces are left."""
        raw = target.encode() if isinstance(target, str) else target
        path, _, query = raw.partition(b"?")
        given = list(headers.items()) if isinstance(headers, Mapping) else list(headers or [])
        if token is not None:
            given.append(("authorization", f"Bearer {token}"))
        if json_body is not None:
            body = json.dumps(json_body).encode()
            given.append(("content-type", "application/json"))
        pieces = [body] if isinstance(body, bytes) else body
        if pieces != [b""]:
            total = str(sum(map(len, pieces)))
            given.append(("content-length", total) if length else ("transfer-encoding", "chunked"))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path.decode("ascii", "replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in given],
            "client": ("192.0.2.7", 50000),
            "server": ("127.0.0.1", 5000),
            "state": {},
        }
        return await self._call(scope, pieces, before_piece, vanish=vanish)

    async def _call(
        self, scope: dict[str, Any], pieces: list[bytes], before_piece: Callable[[int], None], *, vanish: bool
    ) -> Answer:
        waiting = list(pieces)
        answer = Answer(0, {}, b"", whole=False)
        over = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if waiting:
                before_piece(len(waiting))
                piece = waiting.pop(0)
                return {"type": "http.request", "body": piece, "more_body": bool(waiting) or vanish}
            if not vanish:
                await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                assert not answer.status
                answer.status = message["status"]
                for name, value in message["headers"]:
                    key = name.decode()
                    assert key == key.lower()
                    assert key not in answer.headers, f"{key} twice"
                    answer.headers[key] = value.decode("latin-1")
                answer.request = answer.headers.pop("x-request-id", "")  # the one that differs between equal answers
            else:
                answer.body += bytes(message.get("body", b""))
                answer.whole = not message.get("more_body", False)

        await self.app(scope, receive, send)
        over.set()
        return answer


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


@pytest.fixture
def ca_pem(tls_files: tuple[Path, Path]) -> bytes:
    return tls_files[0].read_bytes()


@pytest.fixture
def build(house: FakeHouse, ca_pem: bytes) -> Iterator[Callable[..., HttpApp]]:
    apps: list[HttpApp] = []

    def make(*, anonymous: bool = False, accounts: bool = True, traffic: Traffic | None = None) -> HttpApp:
        fake = cast("Any", house)
        services = HttpServices(
            files=fake,
            sessions=fake if accounts else None,
            setup=fake if accounts else None,
            ca_pem=ca_pem,
            anonymous=anonymous,
            block_size=house.block_size,
            version="1.2.3",
            traffic=traffic,
        )
        apps.append(build_app(services))
        return apps[-1]

    yield make
    for app in apps:
        app.close()


@pytest.fixture
def call(build: Callable[..., HttpApp]) -> Caller:
    app = build()
    app.gate.open()
    return Caller(app)


@pytest.fixture
def call_anonymous(build: Callable[..., HttpApp]) -> Caller:
    app = build(anonymous=True, accounts=False)
    app.gate.open()
    return Caller(app)


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certfile, keyfile = folder / "cert.pem", folder / "key.pem"
    certfile.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    keyfile.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certfile, keyfile


@pytest.fixture
def serve(build: Callable[..., HttpApp], tls_files: tuple[Path, Path]) -> Iterator[Callable[..., Listener]]:
    """Starts the door on a port of the system's choice, with the limits given."""
    running: list[Listener] = []

    def start(
        *, shutdown_seconds: float = 5, anonymous: bool = False, traffic: Traffic | None = None, **limits: float
    ) -> Listener:
        listener = Listener(
            build(anonymous=anonymous, traffic=traffic),
            host="127.0.0.1",
            port=0,
            certfile=tls_files[0],
            keyfile=tls_files[1],
            shutdown_seconds=shutdown_seconds,
            limits=Limits(**limits),
        )
        running.append(listener)
        listener.start()
        return listener

    yield start
    for listener in running:
        listener.stop()


@pytest.fixture
def curl(tls_files: tuple[Path, Path], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs curl as a user would: verifying, with the token in a file and not in the arguments."""
    config = tmp_path / "curl.conf"
    config.write_text(f'header = "Authorization: Bearer {TOKEN}"\ncacert = "{tls_files[0]}"\nsilent\nshow-error\n')

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["curl", "--disable", "--config", str(config), "--max-time", "20", *map(str, arguments)],
            capture_output=True,
            check=False,
            timeout=30,
        )

    return run
