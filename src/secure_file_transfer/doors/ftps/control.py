"""A control connection: lines in, replies out, TLS, timeouts, and one verb at a time."""

import secrets
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from pyftpdlib.ioloop import AsyncChat

from ...errors import SecureFileTransferError
from ...services.audit import Circumstances, under
from . import tls
from .data import Active, Passive
from .faults import fault
from .replies import CLOSING, Refused, Reply, refusal
from .session import DOOR, Session
from .transfer import Transfer
from .verbs import OTHER_PROTOCOLS, VERBS, Place, Verb

if TYPE_CHECKING:
    from .door import FtpsDoor

T = TypeVar("T")
LINE_MAX = 4096 + 64
"""A path and its verb (attack 19)."""
WAITING_MAX = 64
"""Lines that were sent before the one in front of them was answered."""
_TALKATIVE = frozenset({200, 226, 230, 250})
"""Replies whose text is for people alone."""
_HANDSHAKE_RECORD = 0x16


class Control(AsyncChat):  # type: ignore[misc] # pyftpdlib has no types
    """One control connection. All of it happens on the loop, but for `reply`.

    pyftpdlib's own TLS is not used: it goes on with what was sent in plain text before the handshake (attack 13), and
    see `tls`.
    """

    def __init__(self, sock: socket.socket, door: "FtpsDoor", peer: str, *, implicit: bool) -> None:
        self.door = door
        self.peer = peer
        self.transfer: Transfer | None = None
        self.certificate: bytes | None = None
        self._present = Circumstances()
        self._number = secrets.token_hex(6)
        self._commands = 0
        self._busy = False
        self._lines: deque[tuple[Verb, str]] = deque()
        self._parts: list[bytes] = []
        self._length = 0
        self._tls: tls.Tls | None = None
        self._secure = False
        self._quitting = False
        self._aborting = False
        self._timer: Any = None
        super().__init__(sock, ioloop=door.loop.ioloop)
        self.set_terminator(b"\r\n")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._context = door.identity.context()
        self.session = Session(
            door.services, door.options, self, peer, str(sock.getsockname()[0]), sock.family, private=implicit
        )
        self._implicit = implicit
        self._expect(door.options.login_seconds)

    def begin(self) -> None:
        """Greet, or with implicit TLS shake hands first."""
        if self._implicit:
            self._encrypt()
        else:
            self._say(Reply(220, "Secure File Transfer. Begin with AUTH TLS."))

    # --- saying ---------------------------------------------------------------------------------------------------

    def reply(self, reply: Reply) -> None:
        """Say something, from any thread."""
        self.door.loop.call(lambda: self._say(reply))

    def _say(self, reply: Reply) -> None:
        if self._closed or self._closing:
            return
        data = reply.encoded()
        if self._tls is not None:
            self._tls.write(data)
            data = self._tls.pull()
        self.push(data)
        if reply.code == CLOSING:
            self.close_when_done()

    def end(self, reply: Reply) -> None:
        """Say a last word and close."""
        if self.transfer is not None:
            self.transfer.cut(Reply(426, reply.text))
        if self._tls is not None and not self._secure:
            self.close()  # in the middle of a handshake nothing can be said
        else:
            self._say(reply)
            if not self._closed and reply.code != CLOSING:
                self.close_when_done()

    # --- time -----------------------------------------------------------------------------------------------------

    def _expect(self, seconds: float) -> None:
        """Something has to come within this time."""
        self._relax()
        self._timer = self.door.loop.later(seconds, self._timed_out)

    def _relax(self) -> None:
        if self._timer is not None and not self._timer.cancelled:
            self._timer.cancel()
        self._timer = None

    def _timed_out(self) -> None:
        self._timer = None
        self.end(Reply(CLOSING, "Nothing came for too long."))
        if not self._closed:  # the last word does not get away either
            self._timer = self.door.loop.later(5, self.close)

    # --- TLS ------------------------------------------------------------------------------------------------------

    def _encrypt(self) -> None:
        # Whatever came in plain text behind AUTH was perhaps put there by somebody else (attack 13).
        self.ac_in_buffer = b""
        self._parts, self._length = [], 0
        self._lines.clear()
        self._tls = tls.Tls(self._context)

    def recv(self, buffer_size: int) -> bytes:
        """What came, out of TLS where there is TLS; nothing yet is nothing."""
        data: bytes = super().recv(buffer_size)
        if self._tls is None or not data:
            return data
        try:
            self._tls.feed(data)
            return self._opened(self._tls)
        except tls.TlsError:
            with suppress(OSError):
                self.socket.send(self._tls.pull())  # TLS says why
            self.close()
            return b""

    def _opened(self, secured: tls.Tls) -> bytes:
        if not self._secure:
            over = secured.shake()
            self._push_raw(secured.pull())
            if not over:
                return b""
            self._secured(secured)
        found, view = bytearray(), memoryview(bytearray(tls.RECORD))
        try:
            while count := secured.read_into(view):
                found += view[:count]
        except tls.TlsEnd:
            if not found:
                raise
        return bytes(found)

    def _push_raw(self, data: bytes) -> None:
        if data:
            self.push(data)

    def _secured(self, secured: tls.Tls) -> None:
        """The handshake is over."""
        self._secure = True
        self.certificate = secured.certificate
        if self._implicit:
            self._say(Reply(220, "Secure File Transfer."))

    # --- lines ----------------------------------------------------------------------------------------------------

    def collect_incoming_data(self, data: bytes) -> None:
        """A part of a line."""
        if not self._secure and not self._length and data[0] == _HANDSHAKE_RECORD:
            self.close()  # TLS where AUTH was to come (attack 20)
            return
        self._length += len(data)
        self._parts.append(data)
        if self._length > LINE_MAX:
            self._drop(Reply(CLOSING, "That line is too long."))

    def found_terminator(self) -> None:
        """A whole line."""
        line, self._parts, self._length = b"".join(self._parts), [], 0
        if self._closed or self._closing or self._quitting:
            return
        # Telnet's signals before ABOR (RFC 959, 4.1.3); the byte is in no text in UTF-8.
        line = line.lstrip(b"\xff\xf4\xf2")
        if any(byte < 0x20 or byte == 0x7F for byte in line):
            self._drop(Reply(CLOSING, "A line holds a control character."))  # attack 19
            return
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self._say(Reply(501, "That is not UTF-8."))
            return
        self._take(text)

    def _drop(self, reply: Reply) -> None:
        """The peer does not speak this protocol: nothing of what it sent besides is looked at."""
        self.ac_in_buffer = b""
        self._lines.clear()
        self.end(reply)

    def _take(self, text: str) -> None:
        name, _, argument = text.partition(" ")
        name = name.upper()
        if name == "SITE" and self.session.who is not None:
            inner, _, rest = argument.strip().partition(" ")
            name, argument = f"SITE {inner.upper()}", rest
        if name == "STAT" and argument.strip():
            name = "STAT PATH"
        verb = VERBS.get(name)
        if self.session.asked is not None:
            if verb is None or verb.answers:
                verb, argument = VERBS["ACCT"], argument if name in VERBS else text  # or the bare answer
            else:
                self.session.asked = None  # something else is wanted now
        if verb is None:
            self._unknown(name)
            return
        if self._busy and not (verb.anytime and self.transfer is not None and not argument):
            if len(self._lines) >= WAITING_MAX:
                self._drop(Reply(CLOSING, "Too many commands at once."))
            else:
                self._lines.append((verb, argument))
            return
        self._begin_verb(verb, argument)

    def _unknown(self, name: str) -> None:
        if self.session.who is not None:
            self._say(Reply(504 if name.startswith("SITE ") else 500, "That command is not known here. See HELP."))
        elif name in OTHER_PROTOCOLS or name.startswith("SSH-"):
            self.close()  # attack 20
        else:
            self._say(Reply(530, "Sign in with USER and PASS first."))  # attack 10

    # --- verbs ----------------------------------------------------------------------------------------------------

    def _begin_verb(self, verb: Verb, argument: str) -> None:
        try:
            verb.check(self.session, argument, secure=self._secure)
        except Refused as refused:
            self._say(refused.reply)
            self._next()
            return
        self._commands += 1
        who = self.session.who
        self._present = Circumstances(
            door=DOOR,
            address=self.peer,
            request=f"{self._number}.{self._commands}",
            actor=who.name if who else "",
            session=who.session.id if who and who.session else None,
        )
        if who is not None:
            self._relax()
        match verb.place:
            case Place.LOOP:
                self._on_loop(verb, argument)
            case Place.TRANSFER:
                self._busy = True
                self.transfer = Transfer(self.session, self._context)
                self.door.begin_transfer(
                    self, lambda transfer: self.told(verb.name, lambda: verb.run(transfer, argument))
                )
            case Place.SIGNING:
                self._busy = True
                self._relax()
                self.door.sign(self, lambda: self.told(verb.name, lambda: verb.run(self.session, argument)))
            case _:
                self._busy = True
                self.door.work(self, lambda: self.told(verb.name, lambda: verb.run(self.session, argument)))

    def _on_loop(self, verb: Verb, argument: str) -> None:
        try:
            reply = self.told(verb.name, lambda: verb.run(self, argument))
        except Refused as refused:
            reply = refused.reply
        except SecureFileTransferError as error:
            reply = refusal(error)
        if reply is not None:
            self._say(self._with_warnings(reply))
        self._next()

    def told(self, name: str, run: Callable[[], T]) -> T:
        """Run it in the circumstances of the command, whatever thread this is; what was refused is written down.

        The argument is not: it may be a password.
        """
        with under(self._present):
            try:
                return run()
            except SecureFileTransferError as error:
                self.door.services.audit.refused(error, f"FTP {name}")
                raise

    def _with_warnings(self, reply: Reply) -> Reply:
        """Warnings of operators go before a reply that no program reads for its text, until SITE ACK."""
        session = self.session
        if session.services.control is None or session.who is None or reply.code not in _TALKATIVE or reply.body:
            return reply
        standing = session.services.control.standing(session.who)
        if not standing:
            return reply
        lines = tuple(f"WARNING {each.id} of {each.author}: {each.text}" for each in standing)
        return Reply(reply.code, "A message of the operators. SITE ACK says that you have read it.", lines, reply.text)

    def done(self, reply: Reply | None, failure: Exception | None = None) -> None:
        """A verb that ran elsewhere is over."""
        self._busy = False
        if self._closed:
            self.door.left(self)
            return
        if isinstance(failure, Refused):
            reply = failure.reply
        elif isinstance(failure, SecureFileTransferError):
            reply = refusal(failure)
        elif failure is not None:
            fault("an FTP command failed", failure)
            reply = Reply(451, "Something went wrong inside.")
        if reply is not None:
            self._say(self._with_warnings(reply))
        if self.session.failures:
            self.door.count_failures(self)
        self._next()

    def transferred(self, reply: Reply) -> None:
        """A transfer is over."""
        transfer, self.transfer = self.transfer, None
        if transfer is not None and isinstance(transfer.way, Passive):
            transfer.way.close()
        self.session.offset = 0
        self.done(reply)
        if self._aborting and not self._closed:
            self._aborting = False
            self._say(Reply(226, "The transfer was ended."))
        if self._quitting and not self._closed:
            self.end(Reply(221, "Goodbye."))

    def _next(self) -> None:
        if self._closed or self._closing or self._busy:
            return
        options = self.door.options
        if self.session.who is not None:
            self._expect(options.idle_seconds)
        elif self._timer is None:
            self._expect(options.login_seconds)
        if self._lines:
            self._begin_verb(*self._lines.popleft())

    # --- what verbs on the loop do with it ------------------------------------------------------------------------

    @property
    def secure(self) -> bool:
        """Whether TLS is there."""
        return self._secure

    def encrypt(self) -> None:
        """Go over to TLS."""
        self._say(Reply(234, "Go on with the TLS handshake."))
        if not self._closed:
            self._encrypt()

    def quit(self) -> None:
        """Say goodbye, after the transfer that runs."""
        if self.transfer is not None:
            self._quitting = True
        else:
            self.end(Reply(221, "Goodbye."))

    def abort(self) -> Reply | None:
        """End the transfer that runs."""
        self.let_go()
        if self.transfer is None:
            return Reply(225, "No transfer is running.")
        self._aborting = True
        self.transfer.cut(Reply(426, "The transfer was ended by ABOR."))
        return None

    def listen(self) -> Passive:
        """A new port for the next data connection; the one before is given back."""
        self.let_go()
        sock = self.door.ports.bind(self.session.family, self.session.local)
        passive = Passive(self.door.loop, sock, self.peer)
        self.session.way = passive
        return passive

    def aim(self, active: Active) -> None:
        """The next data connection goes there."""
        self.let_go()
        self.session.way = active

    def let_go(self) -> None:
        """No data connection is prepared any more."""
        way, self.session.way = self.session.way, None
        if way is not None:
            way.close()

    # --- the end --------------------------------------------------------------------------------------------------

    def handle_close(self) -> None:
        """The peer left."""
        self.close()

    def handle_error(self) -> None:
        """A fault of ours, or an answer to something that is no TLS."""
        fault("a control connection failed")
        self.close()

    def close(self) -> None:
        """Close it, with whatever is under way."""
        if self._closed:
            return
        if self._tls is not None and self._secure:
            self._tls.finish()
            with suppress(OSError):
                self.socket.send(self._tls.pull())
        self.ac_in_buffer = b""
        self._lines.clear()
        self._relax()
        self.let_go()
        AsyncChat.close(self)
        if self.transfer is not None:
            self.transfer.cut(Reply(426, "The control connection is gone."))
        if not self._busy:
            self.door.left(self)
