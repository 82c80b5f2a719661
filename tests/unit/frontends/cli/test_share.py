"""`sft share` without a server: what it says, how keys act, and paths that are whole addresses."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from secure_file_transfer.errors import ConflictError
from secure_file_transfer.frontends.cli.connection import addressed
from secure_file_transfer.frontends.cli.failures import UsageError
from secure_file_transfer.frontends.cli.share_view import View
from secure_file_transfer.frontends.cli.share_words import happened_json, happened_text
from secure_file_transfer.model import SessionId, TimeUs
from secure_file_transfer.server import Direction, Happening, Visitor, What

NOW = TimeUs(1_767_225_600_000_000)


def guest(number: int, name: str, **moving: Any) -> Visitor:
    return Visitor(SessionId(number), name, "192.0.2.7", "http", "test", NOW, 0.0, 0, 0, **moving)


@dataclass
class Shared:
    """A share that remembers what was asked of it."""

    here: list[Visitor] = field(default_factory=list)
    ended: list[tuple[str, int]] = field(default_factory=list)
    warned: list[tuple[str, str]] = field(default_factory=list)
    moving: int = 0
    over: bool = False

    def guests(self) -> list[Visitor]:
        return self.here

    def happenings(self) -> list[Happening]:
        return []

    def busy(self) -> int:
        return self.moving

    def end_guest(self, guest: Visitor, *, block_minutes: int = 0) -> bool:
        self.ended.append((guest.name, block_minutes))
        return True

    def warn_guest(self, guest: Visitor, text: str) -> None:
        if text == "too much":
            raise ConflictError("There are too many")
        self.warned.append((guest.name, text))


@dataclass
class Asked:
    interrupts: int = 0
    ended: bool = False


def view(shared: Shared, asked: Asked | None = None) -> View:
    made = View(shared, asked or Asked())  # type: ignore[arg-type]
    made._look()
    return made


def press(made: View, *keys: str) -> None:
    for key in keys:
        made._press(key)


def test_keys_act_on_the_chosen_guest() -> None:
    shared = Shared([guest(1, "Ann"), guest(2, "Bea")])
    made = view(shared)
    press(made, "\x1b[B", "\x1b[B", "k")
    assert "Send Bea away?" in made._question
    press(made, "n")
    assert shared.ended == []
    press(made, "k", "y", "\x1b[A", "k", "s")
    assert shared.ended == [("Bea", 0), ("Ann", 60)]


def test_a_warning_is_typed_and_sent_or_forgotten() -> None:
    shared = Shared([guest(1, "Ann")])
    made = view(shared)
    press(made, "w", *"kq x", "\x7f", "y", "\r")
    assert shared.warned == [("Ann", "kq y")]
    assert shared.ended == []
    press(made, "w", *"never", "\x1b", "w", "\r")
    assert len(shared.warned) == 1
    press(made, "w", *"too much", "\r")
    assert made._said[-1] == "There are too many"
    press(made, "w", *"x" * 1000)
    assert len(made._text) < 1000


def test_ctrl_c_asks_only_while_something_moves() -> None:
    shared, asked = Shared(moving=2), Asked(interrupts=1)
    made = view(shared, asked)
    assert not made._over()
    assert "2 guests are transferring" in made._question
    shared.moving = 0  # by itself, once they are done
    assert made._over()
    shared.moving = 1
    press(made, "n")
    assert (asked.interrupts, made._over()) == (0, False)
    asked.interrupts = 1
    assert not made._over()
    asked.interrupts = 2
    assert made._over()


def test_nobody_there_means_no_keys_for_guests() -> None:
    shared = Shared()
    made = view(shared)
    press(made, "k", "w", "y")
    assert (shared.ended, shared.warned, made._question) == ([], [], "")
    press(made, "q")
    assert made._over()


def test_what_guests_say_of_themselves_draws_nothing() -> None:
    bad = guest(1, "Ann\x1b[2J", direction=Direction.UP, file="/a\x07\u202eb", size=None, done=5)
    cells = view(Shared([bad]))._row(bad)
    assert all(cell.isprintable() for cell in cells)
    told = Happening(NOW, What.SENT, "Ann\x1b[2J", "192.0.2.7", "/a\x07b", 5)
    assert happened_text(told).isprintable()
    assert happened_json(told)["path"] == "/a\x07b"  # programs get it as it is, in JSON


@pytest.mark.parametrize("what", list(What))
def test_everything_that_happens_has_words(what: What) -> None:
    assert happened_text(Happening(NOW, what, "Ann", "192.0.2.7", "/cat.jpg", 3))


def test_a_share_whose_chosen_guest_left_chooses_another() -> None:
    shared = Shared([guest(1, "Ann"), guest(2, "Bea")])
    made = view(shared)
    shared.here = shared.here[1:]
    made._look()
    press(made, "k", "y")
    assert shared.ended == [("Bea", 0)]


def test_paths_may_be_whole_addresses() -> None:
    assert addressed(["/a", "b"], "nas") == (["/a", "b"], "nas")
    assert addressed(["https://nas:5000/a%20b", "https://nas:5000"], None) == (["/a b", "/"], "https://nas:5000")
    for paths in (["https://one/a", "https://two/a"], ["https://one/a", "/b"]):
        with pytest.raises(UsageError):
            addressed(paths, None)
