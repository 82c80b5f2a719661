"""One event socket by itself: its clocks, and that nothing piles up in it."""

from typing import Any, cast

import pytest

from secure_file_transfer.doors.http import socket as module
from secure_file_transfer.doors.http.socket import EventSocket
from secure_file_transfer.errors import SignInRequiredError

PING, PONG, CLOSE = 0x89, 0x8A, 0x88


class Transport:
    """Remembers what it is given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.reading = True
        self.ended = ""

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def reads(self) -> bool:
        return self.reading

    def is_closing(self) -> bool:
        return bool(self.ended)

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class Subscription:
    """A subscriber's end with texts in it."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.begun = True
        self.ended: Exception | None = None
        self.marks = 0

    def take(self) -> list[bytes]:
        taken, self.waiting = self.waiting[:2], self.waiting[2:]
        return taken

    def mark(self) -> None:
        self.marks += 1


class Owner:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.gone = 0

    def received(self, socket: EventSocket, text: str) -> None:
        self.texts.append(text)

    def closed(self, socket: EventSocket) -> None:
        self.gone += 1


class World:
    def __init__(self) -> None:
        self.now = 100.0
        self.room = bytearray(1000)
        self.owner, self.transport, self.subscription = Owner(), Transport(), Subscription()
        self.socket = EventSocket(self.owner, memoryview(self.room), lambda: self.now)
        self.socket.subscription = cast("Any", self.subscription)
        self.socket.connection_made(cast("Any", self.transport))

    def comes(self, data: bytes) -> None:
        view = self.socket.get_buffer(-1)
        view[: len(data)] = data
        self.socket.buffer_updated(len(data))

    def message(self, text: bytes) -> None:
        self.comes(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)

    def after(self, seconds: float) -> list[int]:
        """What was sent meanwhile, by the first byte of each."""
        before, ends = len(self.transport.sent), self.now + seconds
        while self.now < ends and not self.transport.ended:
            self.now += 1
            self.socket.look(self.now)
        return [data[0] for data in self.transport.sent[before:]]


@pytest.fixture
def world() -> World:
    return World()


def test_a_silent_peer_is_asked_and_then_dropped(world: World) -> None:
    assert world.after(module.PING_SECONDS - 1) == []
    assert world.after(1) == [PING]
    assert world.subscription.marks == 1
    assert world.after(module.SILENCE_SECONDS - module.PING_SECONDS) == []
    assert world.transport.ended == "aborted"


def test_a_peer_that_answers_stays(world: World) -> None:
    pings = []
    for _ in range(200):
        pings += world.after(3)
        if pings[-1:] == [PING]:
            world.comes(b"\x8a\x80\0\0\0\0")
    assert not world.transport.ended
    assert 10 <= pings.count(PING) <= 14, "one in 45 seconds or so"


def test_a_peer_that_only_hears_is_asked_as_well(world: World) -> None:
    for _ in range(50):
        world.subscription.waiting = [b"{}"]
        world.socket.flush()
        world.after(1)
    assert any(data[0] == PING for data in world.transport.sent)
    world.comes(b"\x8a\x80\0\0\0\0")
    world.after(module.SILENCE_SECONDS - 1)
    assert not world.transport.ended


def test_whoever_says_nothing_at_first_is_told_so(world: World) -> None:
    world.subscription.begun = False
    assert world.after(module.FIRST_SECONDS) == [CLOSE]
    assert world.transport.sent[-1][2:4] == (1008).to_bytes(2, "big")
    world.after(module.CLOSE_SECONDS + 1)
    assert world.transport.ended == "aborted"


def test_what_a_peer_does_not_take_stays_with_the_hub(world: World) -> None:
    world.subscription.waiting = [b"1", b"2", b"3"]
    write = world.transport.write

    def full(data: bytes) -> None:
        write(data)
        world.socket.pause_writing()

    world.transport.write = full  # type: ignore[method-assign]
    world.socket.flush()
    assert len(world.subscription.waiting) == 1
    assert not world.transport.reads(), "nor is anything read that wants an answer"
    world.transport.write = write  # type: ignore[method-assign]
    world.after(module.STALL_SECONDS - 2)
    assert not world.transport.is_closing()
    world.socket.resume_writing()
    assert not world.subscription.waiting
    assert world.transport.reads()
    world.socket.pause_writing()
    world.after(module.STALL_SECONDS)
    assert world.transport.ended == "aborted"


def test_one_message_at_a_time(world: World) -> None:
    world.message(b"{}")
    assert world.owner.texts == ["{}"]
    assert not world.transport.reads()
    world.after(1000)
    assert not world.transport.ended, "the silence is ours"
    world.subscription.waiting = [b"1"]
    world.socket.flush()
    assert world.transport.sent == [], "the answer comes first"
    world.socket.proceed()
    assert world.transport.reads()
    assert len(world.transport.sent) == 1


def test_an_ended_session_is_told_and_closed(world: World) -> None:
    world.subscription.ended = SignInRequiredError()
    world.socket.flush()
    assert world.transport.sent[-1][2:4] == module.SESSION_ENDED.to_bytes(2, "big")
    world.subscription.waiting = [b"secret"]
    world.socket.flush()
    world.socket.send(b"secret")
    assert not any(b"secret" in data for data in world.transport.sent)


def test_it_leaves_the_others_when_it_ends(world: World) -> None:
    others: set[Any] = set()
    world.socket.join(others)
    assert others == {world.socket}
    world.socket.shutdown()
    assert world.transport.sent[-1][2:4] == (1001).to_bytes(2, "big")
    world.socket.connection_lost(None)
    assert not others
    assert world.owner.gone == 1
