"""Proof that time does not tell what text conceals: "not yours" takes as long as "not there" (attack 27).

Run by `benchmarks.proofs`. What is claimed is one class of timing: the medians of the two kinds of requests, sent in
turn over one connection from this computer, differ by less than a fifth. That is far less than a network between
guesser and server adds to and takes from each request, and it is no proof of equal time to the instruction. The last
column is a rank test (Mann and Whitney, 1947): how often somebody is right who takes the slower of two answers for
the one about what is there. A coin is right in 50 %.
"""

import http.client
import json
import random
import statistics
import time
from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .proofs import PASSWORD, USER, Caller, started

WITHIN = 0.2
"""By how much the medians of one class may differ."""
_GUESSES_MAX = 1000
"""As many as the guard can be set to allow; here it must not end the proof."""
_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Ask:
    """A request. Its answer has to be the same whichever of the two it is."""

    method: str
    path: str
    body: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Question:
    """What is there but not for the one who asks, beside what is not there. `heavy` ones hash a password."""

    name: str
    there: Ask
    absent: Ask
    heavy: bool = False


def _sign_in(name: str, password: str) -> Ask:
    body = json.dumps({"name": name, "password": password})
    return Ask("POST", "/api/v1/sessions", body, (("Content-Type", "application/json"),))


def _open(secret: str) -> Ask:
    body = json.dumps({"secret": secret})
    return Ask("POST", "/api/v1/links/open", body, (("Content-Type", "application/json"),))


def _made(caller: Caller, method: str, path: str, value: dict[str, Any]) -> Any:
    headers = {**caller.headers(), "Content-Type": "application/json"}
    status, answer = caller.call(method, f"/api/v1/{path}", json.dumps(value), headers)
    if status >= http.client.BAD_REQUEST:
        raise AssertionError(f"{path}: {status}: {answer!r}")
    return json.loads(answer)


def _questions(owner: Caller, session: int) -> list[Question]:
    """The owner has a folder that the other may see, and beside it, of each kind, something that they may not."""
    for folder in ("open", "hidden"):
        owner.call("PUT", f"/api/v1/folders/{folder}", None, owner.headers())
    owner.put("hidden/file", b"x", 1)
    _made(owner, "PUT", "grants", {"path": "/open", "to": "other", "rights": 8})
    link, ended = (_made(owner, "POST", "links", {"path": "/hidden"}) for _ in range(2))
    owner.call("DELETE", f"/api/v1/links/{ended['id']}", None, owner.headers())
    with closing(owner.connect()) as connection:
        fields = {"Upload-Length": "9", "Upload-Metadata": f"filename {b64encode(b'x').decode()}", **_TUS}
        connection.request("POST", "/api/v1/uploads", headers={**owner.headers(), **fields})
        upload = connection.getresponse().headers["Location"]
    tus = tuple(_TUS.items())

    def below(method: str, tree: str, rest: str = "") -> tuple[Ask, Ask]:
        one, other = (Ask(method, f"/api/v1/{tree}/Shared/{USER}/{name}{rest}") for name in ("hidden", "nobody"))
        return one, other

    return [
        Question("an entry", *below("GET", "entries")),
        Question("a file", *below("GET", "files", "/file")),
        Question("a folder to delete", *below("DELETE", "entries")),
        Question("an upload", Ask("HEAD", upload, None, tus), Ask("HEAD", upload[:-32] + "x" * 32, None, tus)),
        Question("a link", Ask("GET", f"/api/v1/links/{link['id']}"), Ask("GET", "/api/v1/links/999999")),
        Question("an ended link", _open(ended["secret"]), _open("x" * 43)),
        Question("a session", Ask("DELETE", f"/api/v1/sessions/{session}"), Ask("DELETE", "/api/v1/sessions/999999")),
        Question("an account", _sign_in(USER, PASSWORD + "?"), _sign_in("nobody", PASSWORD + "?"), heavy=True),
        Question("a disabled one", _sign_in("gone", PASSWORD), _sign_in("nobody", PASSWORD), heavy=True),
    ]


class Clock:
    """One connection, and how long each answer takes on it."""

    def __init__(self, caller: Caller) -> None:
        """Connects."""
        self._caller, self._connection = caller, caller.connect()
        self._connection.connect()

    def ask(self, ask: Ask) -> tuple[float, tuple[int, bytes]]:
        """Seconds, and what can be seen of the answer."""
        headers = {**self._caller.headers(), **dict(ask.fields)}
        began = time.perf_counter()
        self._connection.request(ask.method, ask.path, ask.body, headers)
        answer = self._connection.getresponse()
        body = answer.read()
        return time.perf_counter() - began, (answer.status, body)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def right_guesses(there: Sequence[float], absent: Sequence[float]) -> float:
    """How often the slower of two, one from each, is the first kind's; ties are half. That is U / (n m)."""
    ranked = sorted(absent)
    below = sum(bisect_left(ranked, each) + bisect_right(ranked, each) for each in there) / 2
    return below / (len(there) * len(absent))


def prove_timing(folder: Path, *, pairs: int, heavy: int, seed: int, within: float = WITHIN) -> str:
    """So many interleaved pairs of each question, `heavy` of those that hash a password."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    budgets = {f"SFT_GUARD_{kind}_GUESSES": str(_GUESSES_MAX) for kind in ("SOURCE", "ACCOUNT")}
    server = started(folder, budgets)
    lines, far = [f"{'not yours, not there':<22}{'ms':>10}{'ms':>10}{'ratio':>8}{'told right':>12}"], []
    try:
        for name in ("other", "gone"):
            server.add_user(name, PASSWORD)
        server.sft("user", "disable", "gone")
        owner, other = Caller(server), Caller(server, "other")
        status, listed = owner.call("GET", "/api/v1/sessions", None, owner.headers())
        assert status == http.client.OK
        numbers = [each["id"] for each in json.loads(listed)["sessions"]]
        with closing(Clock(other)) as clock:
            for question in _questions(owner, numbers[0]):
                there, absent = _measured(clock.ask, question, heavy if question.heavy else pairs, chance)
                ratio = statistics.median(there) / statistics.median(absent)
                told = right_guesses(there, absent)
                middles = "".join(f"{statistics.median(each) * 1000:>10.2f}" for each in (there, absent))
                lines.append(f"{question.name:<22}{middles}{ratio:>8.2f}{told:>12.0%}")
                if not 1 - within <= ratio <= 1 / (1 - within):
                    far.append(question.name)
    finally:
        server.kill()
    table = "\n".join(lines)
    if far:
        raise AssertionError(f"time tells of {', '.join(far)}:\n{table}")
    return f"{table}\n{pairs} pairs of each, {heavy} of accounts, seed {seed}: one class, within {within:.0%}"


def _measured(
    ask: Callable[[Ask], tuple[float, tuple[int, bytes]]], question: Question, pairs: int, chance: random.Random
) -> tuple[list[float], list[float]]:
    """Seconds of each kind, in turn, either first."""
    times: dict[bool, list[float]] = {True: [], False: []}
    statuses = set()
    for turn in range(pairs + 3):  # the first few warm both up
        for is_there in chance.sample((True, False), 2):
            took, seen = ask(question.there if is_there else question.absent)
            statuses.add(seen[0])
            if turn >= 3:
                times[is_there].append(took)
    if len(statuses) != 1 or min(statuses) < http.client.BAD_REQUEST:
        raise AssertionError(f"{question.name}: {statuses}")
    return times[True], times[False]
