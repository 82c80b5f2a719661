"""What a verb is: where it runs, and what has to be so before it does."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .replies import Refused
from .session import Session


class Place(Enum):
    """Where a verb runs, and so what it is given."""

    LOOP = 0
    """On the loop, at once: a `Control`."""
    WORK = 1
    """In a thread that may ask the catalog: the `Session`."""
    SIGNING = 2
    """In one of the few threads that may hash a password: the `Session`."""
    TRANSFER = 3
    """In a thread of its own, with a data connection: a `Transfer`."""


class Argument(Enum):
    """Whether a verb has one."""

    NONE = 0
    MAYBE = 1
    NEEDED = 2


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb. `syntax` is what HELP says of it."""

    name: str
    run: Callable[[Any, str], Any]
    place: Place = Place.WORK
    argument: Argument = Argument.NEEDED
    syntax: str = ""
    signed_in: bool = True
    plain: bool = False
    """Whether it may be used before TLS is there."""
    anytime: bool = False
    """Whether it is answered during a transfer."""
    answers: bool = False
    """Whether it may bring the answer to a question of ours."""
    data: bool = False
    """Whether it prepares a data connection, which has to be private."""

    def check(self, session: Session, argument: str, *, secure: bool) -> None:
        """Raises Refused: this verb, now, with this argument, cannot be."""
        if not secure and not self.plain:
            raise Refused(530, "Begin with AUTH TLS: nothing is done in plain text here.")
        if self.signed_in and session.who is None:
            raise Refused(530, "Sign in with USER and PASS first.")
        if self.argument is Argument.NEEDED and not argument.strip():
            raise Refused(501, f"Something is missing: {self.name} {self.syntax}".rstrip() + ".")
        if self.argument is Argument.NONE and argument.strip():
            raise Refused(501, f"{self.name} takes nothing besides.")
        if self.data and not session.private:
            raise Refused(522, "Data connections are private here: send PBSZ 0 and PROT P.")
