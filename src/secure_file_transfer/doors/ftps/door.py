"""The door itself: its ports, its threads, its sessions, and its end."""

import errno
import socket
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from ...errors import ConfigurationError, SecureFileTransferError, SessionEndedError, SignInRequiredError
from ...model import Category, Principal
from ...services.audit import circumstances
from ...services.networks import read_address, source_of
from ...services.traffic import client_key
from ..sockets import bind
from . import signin
from .control import Control
from .data import Ports
from .faults import fault, warn
from .loop import Loop
from .replies import CLOSING, Reply
from .session import DOOR, FtpsOptions, FtpsServices
from .tls import Identity
from .transfer import Work

BACKLOG = 512
PAUSE_SECONDS = 0.5
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
WORKERS = 8
"""For what asks the catalog. A few threads wait for its commits together."""
SIGNERS = 2
"""Sign-ins have threads of their own: a flood of guesses must not keep anybody from their files (attack 47)."""
WATCH_SECONDS = 0.3
"""Between two looks at whose session has ended. With the half second for which an answer of the catalog is believed,
that makes less than one (attack 29)."""


_Signed = tuple[Control, Principal]
_Dead = tuple[Control, Principal, SignInRequiredError]


class FtpsDoor:
    """Serves FTP over TLS. The ports are bound at construction, so that they are known and ours."""

    def __init__(self, services: FtpsServices, options: FtpsOptions, identity: Identity) -> None:
        """Raises ConfigurationError: an address cannot be used."""
        self.services = services
        self.options = options
        self.identity = identity
        self.ports = Ports(options.passive_ports)
        self._listening = [(sock, False) for sock in _bind(options.host, options.port, "ftps_port")]
        try:
            if options.implicit_port is not None:
                implicit = _bind(options.host, options.implicit_port, "ftps_implicit_port")
                self._listening += [(sock, True) for sock in implicit]
        except ConfigurationError:
            self._close_sockets()
            raise
        bound = [(int(sock.getsockname()[1]), implicit) for sock, implicit in self._listening]
        self.port = bound[0][0]
        """Of explicit TLS."""
        self.implicit_port = next((number for number, implicit in bound if implicit), None)
        """Of implicit TLS, where it is spoken."""
        self.loop = Loop()
        self._workers = ThreadPoolExecutor(WORKERS, "ftps-work")
        self._signers = ThreadPoolExecutor(SIGNERS, "ftps-sign-in")
        self._watcher = ThreadPoolExecutor(1, "ftps-watch")
        self._signing = 0
        self._lines: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()
        self._controls: set[Control] = set()
        self._sources: Counter[str] = Counter()
        self._transfers = 0
        self._stopping = False
        self._rest = threading.Event()
        self._gone = False

    def use(self, identity: Identity) -> None:
        """Take another certificate for connections from now on. From any thread."""
        self.identity = identity

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take connections, in the background."""
        for sock, implicit in self._listening:
            sock.listen(BACKLOG)
            _Acceptor(self, sock, implicit=implicit)
        self.loop.later(WATCH_SECONDS, self._watch)
        self.loop.start()

    def begin_stop(self) -> None:
        """Take no connections and no commands any more; transfers that run may finish. From any thread."""
        self.loop.call(self._begin_stop)

    def stop(self) -> None:
        """The same, and wait until they have, but not longer than is allowed."""
        if self._gone:
            return
        self._gone = True
        self.begin_stop()
        if not self._rest.wait(self.options.shutdown_seconds):
            warn("FTP transfers cut off by the end of the server", count=self._transfers)
            self.loop.call(self._cut_all)
            self._rest.wait(5)
        self._workers.shutdown(wait=True)
        self._signers.shutdown(wait=True, cancel_futures=True)
        self._watcher.shutdown(wait=True)
        self.loop.stop()
        self._close_sockets()

    def _close_sockets(self) -> None:
        for sock, _ in self._listening:
            sock.close()

    def _begin_stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        for sock, _ in self._listening:
            with suppress(KeyError, OSError):
                self.loop.ioloop.unregister(sock.fileno())
            sock.close()
        for control in list(self._controls):
            if control.transfer is None:
                control.end(Reply(CLOSING, "The server stops."))
            else:
                control.quit()
        self._maybe_rest()

    def _cut_all(self) -> None:
        for control in list(self._controls):
            control.end(Reply(CLOSING, "The server stops."))

    def _maybe_rest(self) -> None:
        if self._stopping and not self._transfers:
            self._rest.set()

    # --- connections ----------------------------------------------------------------------------------------------

    def accepted(self, sock: socket.socket, address: Any, *, implicit: bool) -> None:
        """Somebody came. On the loop."""
        found = read_address(str(address[0]))
        peer = str(found) if found else str(address[0])
        source = source_of(peer)
        full = len(self._controls) >= self.options.sessions_max
        if full or self._sources[source] >= self.options.sessions_per_source:
            with circumstances(door=DOOR, address=peer):
                text = "A connection was refused: there are too many" + ("" if full else " from its address")
                self.services.audit.repeated(Category.CONNECTION, "connection.refused", text, key=source)
            with suppress(OSError):
                sock.setblocking(False)
                if not implicit:
                    sock.send(Reply(CLOSING, "There are too many connections. Come again later.").encoded())
            sock.close()
            return
        try:
            control = Control(sock, self, peer, implicit=implicit)
        except OSError:  # it has gone already
            sock.close()
            return
        self._controls.add(control)
        self._sources[source] += 1
        if self.services.presence is not None:
            end = partial(self._end, control)
            control.session.here = self.services.presence.open(DOOR, peer, end=end)
        control.begin()

    def _end(self, control: Control, reason: str) -> None:
        """An operator wants it so. From any thread."""
        self.loop.call(lambda: control.end(Reply(CLOSING, f"{reason}.")))

    def left(self, control: Control) -> None:
        """A connection is closed and nothing runs for it any more. On the loop; again is fine."""
        if control not in self._controls:
            return
        self._controls.discard(control)
        if control.session.here is not None:
            control.session.here.close()
        source = source_of(control.peer)
        self._sources[source] -= 1
        if not self._sources[source]:
            del self._sources[source]
        if control.session.who is not None:
            with suppress(RuntimeError):  # the threads have ended
                self._workers.submit(control.told, "QUIT", lambda: signin.sign_out(control.session))

    # --- work for the threads -------------------------------------------------------------------------------------

    def work(self, control: Control, run: Callable[[], Reply]) -> None:
        """Let a verb run in a thread; `control.done` hears of it."""
        self._submit(self._workers, control, lambda: self._checked(control, run))

    def _checked(self, control: Control, run: Callable[[], Reply]) -> Reply:
        if control.session.who is not None:
            signin.alive(control.session)
        return run()

    def _submit(
        self,
        pool: ThreadPoolExecutor,
        control: Control,
        run: Callable[[], Reply],
        then: Callable[[], None] | None = None,
    ) -> None:
        def over(future: "Future[Reply]") -> None:
            def tell() -> None:
                if then is not None:
                    then()
                if future.cancelled():
                    control.done(Reply(CLOSING, "The server stops."))
                    return
                failure = future.exception()
                control.done(None if failure else future.result(), failure if isinstance(failure, Exception) else None)

            self.loop.call(tell)

        try:
            pool.submit(run).add_done_callback(over)
        except RuntimeError:  # the threads have ended
            control.done(Reply(CLOSING, "The server stops."))
            if then is not None:
                then()

    def begin_transfer(self, control: Control, work: Work) -> None:
        """Let a transfer run in a thread of its own; `control.transferred` hears of it."""
        transfer = control.transfer
        if transfer is None:
            return
        self._transfers += 1

        def run() -> None:
            reply = transfer.run(lambda each: self._checked(control, lambda: work(each)))
            self.loop.call(lambda: self._transferred(control, reply))

        threading.Thread(target=run, name="ftps-transfer", daemon=True).start()

    def _transferred(self, control: Control, reply: Reply) -> None:
        self._transfers -= 1
        control.transferred(reply)
        self._maybe_rest()

    # --- signing in -----------------------------------------------------------------------------------------------

    def sign(self, control: Control, run: Callable[[], Reply]) -> None:
        """Let a verb that hashes a password run when it is its source's turn.

        The line is one for each source, and they are served in rotation: whoever sends a thousand sign-ins waits for
        themselves, everybody else for one round at most.
        """
        self._lines.setdefault(source_of(control.peer), deque()).append(lambda: self._sign(control, run))
        self._next_turn()

    def _sign(self, control: Control, run: Callable[[], Reply]) -> None:
        def over() -> None:
            self._signing -= 1
            self._next_turn()

        self._signing += 1
        self._submit(self._signers, control, lambda: self._limited(control, run()), over)

    def _next_turn(self) -> None:
        while self._lines and self._signing < SIGNERS:
            source, line = self._lines.popitem(last=False)
            first = line.popleft()
            if line:
                self._lines[source] = line
            first()

    def _limited(self, control: Control, reply: Reply) -> Reply:
        """One account may not take all places."""
        account = control.session.account
        if reply.code != 230 or account is None:
            return reply
        mine = sum(each.session.account == account for each in list(self._controls) if each is not control)
        if mine >= self.options.sessions_per_account:
            signin.sign_out(control.session)
            return Reply(CLOSING, "This account has too many connections. Come again later.")
        return reply

    def count_failures(self, control: Control) -> None:
        """Guesses on one connection come to an end."""
        if control.session.failures >= signin.FAILURES_MAX:
            control.end(Reply(CLOSING, "That were too many wrong passwords."))

    def clients(self) -> list[Hashable]:
        """Whose connections there are, see `traffic.client_key`. From any thread."""
        return [client_key(who, each.peer) for each in list(self._controls) if (who := each.session.who) is not None]

    # --- watching -------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """End what runs for a session that has ended, also where nothing moves (attack 29)."""
        asked = [(control, who) for control in self._controls if (who := control.session.who) is not None]
        if not asked:
            self.loop.later(WATCH_SECONDS, self._watch)
            return
        try:
            future = self._watcher.submit(self._dead, asked)
        except RuntimeError:
            return
        future.add_done_callback(lambda found: self.loop.call(lambda: self._end_dead(found.result())))

    def _dead(self, asked: list[_Signed]) -> list[_Dead]:
        dead = []
        for control, who in asked:
            try:
                self.services.sessions.check(who)
            except SignInRequiredError as error:
                dead.append((control, who, error))
            except SecureFileTransferError:
                continue  # the catalog does not answer now; whoever needs it will say so
        return dead

    def _end_dead(self, dead: list[_Dead]) -> None:
        for control, who, error in dead:
            if control.session.who is who:
                told = f"{error}." if isinstance(error, SessionEndedError) else "Your session was ended."
                control.end(Reply(CLOSING, told))
        self.loop.later(WATCH_SECONDS, self._watch)


class _Acceptor:
    """What the loop sees of a listening socket."""

    def __init__(self, door: FtpsDoor, sock: socket.socket, *, implicit: bool) -> None:
        self._door = door
        self._sock = sock
        self._implicit = implicit
        self._fileno = sock.fileno()
        door.loop.ioloop.register(self._fileno, self, door.loop.ioloop.READ)

    def readable(self) -> bool:
        """Always."""
        return True

    def writable(self) -> bool:
        """Never."""
        return False

    def handle_read_event(self) -> None:
        """Somebody came."""
        try:
            sock, address = self._sock.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._pause()
            return
        self._door.accepted(sock, address, implicit=self._implicit)

    def _pause(self) -> None:
        """Nobody can be taken now, and whoever waits would wake the loop without end."""
        loop = self._door.loop
        loop.ioloop.unregister(self._fileno)
        loop.later(PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if self._sock.fileno() != -1:
            self._door.loop.ioloop.register(self._fileno, self, self._door.loop.ioloop.READ)

    def handle_close(self) -> None:
        """Nothing to do: the door closes it."""

    def handle_error(self) -> None:
        """A fault of ours, with one connection."""
        fault("a connection could not be taken")

    def close(self) -> None:
        """The loop ends."""
        self._sock.close()


def _bind(host: str, port: int, setting: str) -> list[socket.socket]:
    """See `bind`; the error names the setting."""
    hint = f"Set {setting} to another port, stop what uses it, or leave FTPS out: sft serve --no-ftps."
    return bind(host, port, fault="FTPS cannot listen", hint=hint)
