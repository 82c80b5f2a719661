"""Passwords: how they are hashed, and which ones are refused.

The rules follow NIST SP 800-63B, 5.1.1: long rather than intricate, nothing that everybody tries first, nothing that
leans on the account's name. No forced mixtures of character classes, no forced changes.
"""

import os
import secrets
import sys
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.resources import files
from itertools import pairwise
from threading import BoundedSemaphore
from typing import TypeVar

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from secure_file_transfer.errors import TooManyRequestsError, WeakPasswordError

T = TypeVar("T")
LENGTH_MIN = 10
LENGTH_MAX = 1024
"""Far above any passphrase; keeps the work of hashing independent of what a stranger sends."""
NICE = 10
"""How far the threads that hash give way to all others, in steps of `nice`.

Measured with two processors that others keep busy: a hash takes 0.7 s, and nobody waits longer than 0.04 s for the
interpreter that its thread holds at the end. With 15 it is 1.8 s and 0.12 s; idle threads come to nothing there.
Beside a flood of guesses an upload keeps seven tenths of its rate, and would keep little more with 15
(`benchmarks.proofs guesses`).
"""


class PasswordHasher:
    """Argon2id (RFC 9106) with a bound on how much of it goes on at once.

    The defaults are the second recommended option of RFC 9106, section 4: 3 passes over 64 MiB in 4 lanes. The first
    option takes 2 GiB for each sign-in, which on a small machine is a way to stop the server, not to protect it.
    One hash takes about 0.1 s here, in as many threads as there are lanes.

    `running` hashes are computed at once, `waiting` more may queue (each holds one thread of its door); whoever comes
    on top is told to come back, so that a flood of sign-ins leaves threads for everything else (attack 47). The hashes
    are computed in threads of their own, which give way to all others. Nothing else runs there: a thread that gives
    way while it holds the interpreter keeps the whole server from it.
    """

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_kib: int = 64 * 1024,
        lanes: int = 4,
        running: int = 1,
        waiting: int = 16,
    ) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes, hash_len=32, salt_len=16
        )
        self._admitted = BoundedSemaphore(running + waiting)
        self._threads = ThreadPoolExecutor(running, "hash", yield_to_others)
        # The form of a hash that no password has: checking it costs what checking a real one costs. It is made up,
        # not computed, so that the first unknown user does not pay for it and stand out.
        salt, digest = (b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (16, 32))
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={time_cost},p={lanes}${salt}${digest}"

    def hash(self, password: str) -> str:
        """The hash to keep, in PHC string form. Takes about 0.1 s.

        Raises:
            TooManyRequestsError: too many others are waiting already, or there is no memory for it now.
        """
        return self._computed(lambda: self._argon2.hash(_encoded(password)))

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether it is the password. A hash that is not one (an account without a password) fits no password.

        Takes the same time whatever the answer.

        Raises:
            TooManyRequestsError: as for `hash`.
        """
        try:
            argon2.extract_parameters(password_hash)
        except InvalidHashError:
            password_hash = self._nobody
        with suppress(VerifyMismatchError):
            return self._computed(lambda: self._argon2.verify(password_hash, _encoded(password)))
        return False

    def verify_nobody(self) -> None:
        """Do the work of `verify` for a user who does not exist, so that time does not tell (attack 27).

        Raises:
            TooManyRequestsError: as for `hash`.
        """
        self.verify(self._nobody, "")

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        try:
            then = argon2.extract_parameters(password_hash)
        except InvalidHashError:
            return False
        now = self._argon2
        return (
            then.type is not now.type
            or then.memory_cost < now.memory_cost
            or then.time_cost < now.time_cost
            or then.hash_len < now.hash_len
            or then.salt_len < now.salt_len
        )

    def _computed(self, work: Callable[[], T]) -> T:
        if not self._admitted.acquire(blocking=False):
            raise TooManyRequestsError("Too many sign-ins at this moment", hint="Try again in a few seconds.").because(
                "sign_ins"
            )
        try:
            return self._threads.submit(work).result()
        except VerifyMismatchError:
            raise
        except Argon2Error as error:  # what is left is memory that the system does not give
            raise TooManyRequestsError(
                f"The server cannot check passwords now: {error}", hint="Try again in a few seconds."
            ).because("sign_ins") from error
        finally:
            self._admitted.release()


def yield_to_others() -> None:
    """Make this thread, and those that it starts, nicer than all others. Only Linux knows that of single threads."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))


def _encoded(password: str) -> bytes:
    """One spelling for what looks the same: macOS types 'é' as two characters, Windows as one (RFC 8265, 4.2)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def is_plausible(password: str) -> bool:
    """Whether any account could have this password as to its form; everything else need not be looked at."""
    return 0 < len(password) <= LENGTH_MAX and not any(unicodedata.category(c) in {"Cc", "Cs"} for c in password)


def check_password(name: str, password: str, length_min: int = LENGTH_MIN) -> str:
    """Return `password` unchanged, or refuse it as the password of the account called `name`.

    Raises:
        WeakPasswordError: with the rule that it breaks; never with the password.
    """
    if fault := _fault(name, password, length_min):
        raise WeakPasswordError(
            f"The password {fault[1]}", hint="Choose another; four or more unrelated words are easy to remember."
        ).because(fault[0], least=length_min, most=LENGTH_MAX)
    return password


def _fault(name: str, password: str, length_min: int) -> tuple[str, str] | None:
    if len(password) < length_min:
        return "short", f"is too short: it needs at least {length_min} characters"
    if len(password) > LENGTH_MAX:
        return "long", f"is too long: it may have at most {LENGTH_MAX} characters"
    if not is_plausible(password):
        return "control", "contains control characters"
    folded = _folded(password)
    if _leans_on(_folded(name), folded):
        return "name", "contains the account's name"
    if len(_unit(folded)) < LENGTH_MIN and len(_unit(folded)) <= len(folded) / 2:
        return "repeats", "repeats the same characters"
    if _pieces(folded) < 5:
        return "run", "is a run of neighbouring keys, letters or digits"
    if _is_common(folded):
        return "common", "is one of those that everybody tries first"
    return None


def _folded(text: str) -> str:
    """The plainest form: without case, width and the script of digits."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)


def _leans_on(name: str, password: str) -> bool:
    """Whether the name, or the part of an address before its '@', makes up the password, forwards or backwards.

    A very short name is in many innocent words ('al' in 'also'): there, only what is left without it counts.
    """
    words = {name, name.partition("@")[0]} - {""}
    return any(
        word in password and (len(word) >= 4 or len(password.replace(word, "")) < LENGTH_MIN)
        for word in words | {word[::-1] for word in words}
    )


def _unit(text: str) -> str:
    """The shortest piece whose repetition gives the text (the last time perhaps cut short)."""
    return next(text[:n] for n in range(1, len(text) + 1) if text[n:] == text[: len(text) - n])


_SEQUENCES = (
    "01", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./", "1234567890-=", "~!@#$%^&*()_+",
    "qwertzuiop", "azertyuiop", "qsdfghjklm", "yxcvbnm", "wxcvbn",
    "1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/",
    "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "1a2b3c4d5e6f7g8h9i0j", "a1b2c3d4e5f6g7h8i9j0",
    "qazwsxedcrfvtgbyhnujm", "ضصثقفغعهخحجچ", "شسیبلاتنمکگ", "ظطزرذدئو",
)  # fmt: skip
_NEIGHBOURS = frozenset(pair for row in _SEQUENCES for a, b in pairwise(row) for pair in (a + b, b + a))


def _pieces(text: str) -> int:
    """How many pieces the text has when three or more characters in a run, or the same ones, count as one."""
    pieces = start = 0
    while start < len(text):
        end, ways = start + 1, _WAYS
        while end < len(text) and (ways := ways & _steps(text[end - 1], text[end])):
            end += 1
        start += end - start if end - start >= 3 else 1
        pieces += 1
    return pieces


_WAYS = frozenset({"same", "up", "down", "keys"})


def _steps(a: str, b: str) -> frozenset[str]:
    """In which ways `b` follows `a`: as its repetition, up or down an alphabet, along the keyboard."""
    way = {0: "same", 1: "up", -1: "down"}.get(ord(b) - ord(a))
    return frozenset(({way} if way else set()) | ({"keys"} if a + b in _NEIGHBOURS else set()))


# What people write for a letter and believe to be clever.
_DISGUISES = tuple(str.maketrans("@4301!$57+", f"aaeo{one}isstt") | {ord("8"): "b"} for one in "il")


def _is_common(folded: str) -> bool:
    """Whether it is a listed password, one or two listed words, or those with a few digits and signs around."""
    listed = _common()
    if folded in listed:
        return True
    inner = folded.strip("0123456789 .,;:-_=+*#!?$%&@'\"~^<>()[]{}/\\|")
    tail_cut = folded.rstrip("0123456789 .,;:-_=+*#!?%&'\"~^<>()[]{}/\\|")
    for core in {text.translate(table) for text in (inner, tail_cut) for table in _DISGUISES} | {inner}:
        letters = "".join(c for c in core if c.isalpha())
        if len(folded) - len(letters) > 8:  # more than a date beside it: no longer "a word and a number"
            continue
        unit = _unit(letters) if letters else ""
        if any(unit[:cut] in listed and (cut == len(unit) or unit[cut:] in listed) for cut in range(3, len(unit) + 1)):
            return True
    return False


@cache
def _common() -> frozenset[str]:
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
