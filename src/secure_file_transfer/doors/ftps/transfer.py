"""One transfer: a verb that uses the data connection, in a thread of its own."""

import ssl
import threading
from collections.abc import Callable

from ...errors import InterruptedTransferError, SecureFileTransferError
from ...ports import Buffer
from ...services import traffic as limits
from .data import Stream, fitting
from .faults import fault
from .replies import Refused, Reply, refusal
from .session import DOOR, Session

Work = Callable[["Transfer"], Reply]


class Transfer:
    """`run` is for the transfer's thread, `cut` for the loop, the rest for `work` inside of `run`."""

    def __init__(self, session: Session, context: ssl.SSLContext) -> None:
        self.session = session
        self.moved = 0
        """Bytes so far."""
        self._context = context
        self._way, session.way = session.way, None
        self._stream: Stream | None = None
        self._passing: limits.Transfer | None = None
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._reason: Reply | None = None
        self._done = False

    @property
    def way(self) -> object:
        """How the data connection comes to be; to be closed in the end, on the loop."""
        return self._way

    def run(self, work: Work) -> Reply:
        """Do it, and say how it ended. Never raises."""
        try:
            reply = work(self)
        except Refused as refused:
            reply = refused.reply
        except SecureFileTransferError as error:
            reply = refusal(error)
        except Exception:  # noqa: BLE001 - one transfer's fault must not leave its session without an answer
            fault("a transfer failed")
            reply = Reply(451, "Something went wrong inside.")
        finally:
            with self._lock:
                self._done = True
            if self._stream is not None:
                self._stream.close(abruptly=True)
            if self._passing is not None and self.session.services.traffic is not None:
                self.session.services.traffic.leave(self._passing)
        # What was published is published, whoever wanted it to end.
        return self._reason if self._reason is not None and reply.code >= 400 else reply

    def cut(self, reason: Reply) -> None:
        """Let it end soon, with this reply unless it is over already."""
        with self._lock:
            if self._done or self._reason is not None:
                return
            self._reason = reason
        if self._way is not None:
            self._way.close()  # whoever waits there for a connection comes back
        if self._stream is not None:
            self._stream.cut()
        self._woken.set()

    def check(self) -> None:
        """Raises InterruptedTransferError once it was cut."""
        if self._reason is not None:
            raise InterruptedTransferError("The transfer was ended")

    # --- the data connection --------------------------------------------------------------------------------------

    def open(self, text: str) -> Stream:
        """Say 150 and get the data connection. Raises Refused."""
        session, options = self.session, self.session.options
        if self._way is None:
            raise Refused(425, "Send EPSV, PASV, EPRT or PORT first.")
        session.wire.reply(Reply(150, text))
        stream = fitting(
            self._way,
            lambda sock: self._begin(Stream(sock, self._context, options.stall_seconds)),
            self._fits,
            options.data_seconds,
        )
        self.check()
        return stream

    def _begin(self, stream: Stream) -> Stream:
        self._stream = stream
        if self._reason is not None:  # it was cut before there was anything to cut
            stream.cut()
        return stream

    def _fits(self, stream: Stream) -> bool:
        """Whether it is of the same peer as the control connection, as far as TLS can tell."""
        session = self.session
        if stream.resumed:
            session.resumes = True
            return True
        if session.resumes or session.options.require_reuse:
            return False
        shown = session.wire.certificate
        return shown is None or stream.certificate == shown

    def finish(self, stream: Stream) -> None:
        """All was sent, or all has come."""
        stream.finish()
        stream.close()

    # --- the server's limits --------------------------------------------------------------------------------------

    def enter(self, direction: limits.Direction, size: int | None, about: limits.About) -> None:
        """Wait for a place. Raises BusyError, SignInRequiredError, InterruptedTransferError."""
        traffic, session = self.session.services.traffic, self.session
        if traffic is not None:
            self._passing = traffic.begin(
                session.principal, session.peer, direction, self._woken.set, size=size, door=DOOR, about=about
            )
            self._wait(traffic, self._passing)

    @property
    def piece(self) -> int | None:
        """How many bytes may move at a time; None where nothing limits."""
        passing = self._passing
        return passing.slice if passing is not None and passing.limited else None

    def count(self, moved: int) -> None:
        """So many bytes went by: wait until more may."""
        self.moved += moved
        traffic = self.session.services.traffic
        if traffic is not None and self._passing is not None:
            self._passing.count += moved
            if self._passing.limited:
                traffic.moved(self._passing, moved)
                self._wait(traffic, self._passing)
        self.check()

    def _wait(self, traffic: limits.Traffic, passing: limits.Transfer) -> None:
        while (seconds := traffic.wait(passing)) > 0:
            self.check()
            self._woken.wait(seconds)
            self._woken.clear()

    def send(self, stream: Stream, data: Buffer) -> None:
        """Send a buffer, at the pace that is due."""
        view = memoryview(data)
        piece = self.piece
        if piece is None:
            stream.write(view)
            self.count(len(view))
            return
        for at in range(0, len(view), piece):
            part = view[at : at + piece]
            stream.write(part)
            self.count(len(part))

    def fill(self, stream: Stream, view: memoryview) -> int:
        """Fill a buffer, at the pace that is due; less comes only at the end."""
        at = 0
        while at < len(view):
            most = min(len(view) - at, self.piece or len(view))
            count = stream.read_into(view[at : at + most])
            at += count
            self.count(count)
            if count < most:
                break
        return at
