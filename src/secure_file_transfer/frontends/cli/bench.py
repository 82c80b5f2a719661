"""`bench`: how fast the way to a server is, and what limits it."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ...model import GIB, MIB
from ...sizes import parse_size
from ...transfer.diagnosis import Diagnosis, Limit, Step, diagnose
from .connection import connected, run
from .failures import UsageError
from .options import Json, Quiet, Server
from .progress import Display
from .terminal import count_text, out, size_text, styled, table, width
from .values import print_json

if TYPE_CHECKING:
    from ...client.measuring import Measured

_SECONDS_MAX = 600.0
_WIDEST = 100
_INDENT = 6
_ALONE = 1.5
"""How much several connections have to gain over one for that to be told."""


def bench(
    *,
    size: Annotated[str, Parameter(metavar="SIZE")] = "512M",
    seconds: float = 20,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Measure the way to the server, and say what limits it.

    Random data goes up and comes down over 1, 2, 4 and more connections at once. It lies in a hidden folder at
    the top of your files meanwhile, and is removed at the end, also when you stop it with Ctrl-C.

        sft bench
        sft bench --size 1G --seconds 60
        sft bench --server https://nas.example:5000 --json

    Args:
        size: At most so many bytes each way, such as 64M or 2G.
        seconds: About so long in all.
    """
    most = _read_size(size)
    if not 1 <= seconds <= _SECONDS_MAX:
        raise UsageError(f"--seconds lies between 1 and {_SECONDS_MAX:.0f}")
    display = Display(quiet=quiet or json)

    async def work() -> tuple[str, "Measured"]:
        from ...client import Progress
        from ...client.measuring import measure

        async with connected(server) as client:
            with display.watch("Measuring") as tell:

                def moved(direction: str, wide: int, total: int) -> None:
                    if tell is not None:
                        tell(Progress(f"{direction}, {count_text(wide, 'connection')}", total, None, 0, 1))

                return client.url, await measure(client, size=most, seconds=seconds, on_moved=moved)

    url, measured = run(work())
    up, down = _judged(measured)
    if json:
        print_json(_value(url, measured, up, down))
    else:
        for line in report(url, measured, up, down):
            out(line)
    return 0


def _read_size(text: str) -> int:
    """Bytes from `64M`.

    Raises:
        UsageError
    """
    try:
        count = parse_size(text)
    except ValueError:
        count = 0
    if not MIB <= count <= 64 * GIB:
        raise UsageError(f"--size {text!r} is no amount of data between 1M and 64G", hint="Write it like 512M or 2G.")
    return count


def _judged(measured: "Measured") -> tuple[Diagnosis, Diagnosis]:
    trip = measured.way.round_trip
    down = diagnose(measured.down, trip)
    return diagnose(measured.up, trip, other_way=down.best.rate), down


def report(url: str, measured: "Measured", up: Diagnosis, down: Diagnosis) -> Iterator[str]:
    """What is printed for people."""
    way, stream = measured.way, sys.stdout
    yield styled(url, "bold", stream)
    yield ""
    yield from table(
        [
            ["round trip", _milliseconds(way.round_trip), "a question on an open connection"],
            [
                "new connection",
                _milliseconds(way.connect + way.handshake),
                f"TCP {_milliseconds(way.connect)}, TLS {_milliseconds(way.handshake)}",
            ],
        ],
        right=frozenset({1}),
    )
    yield ""
    rows = [["connections", "up", "down"]]
    for going, coming in zip_longest(measured.up, measured.down):
        wide = going or coming
        rows.append([str(wide.connections), _cell(going), _cell(coming)])
    head, *lines = table(rows, right=frozenset({0, 1, 2}))
    yield styled(head, "dim", stream)
    yield from lines
    for name, diagnosis in (("Up", up), ("Down", down)):
        best = diagnosis.best
        yield ""
        yield (
            styled(f"{name:<{_INDENT}}{_rate(best)}", "bold", stream)
            + f" ({best.rate * 8 / 1e6:,.0f} Mbit/s) with {count_text(best.connections, 'connection')}"
        )
        for sentence in explained(diagnosis, way.round_trip):
            yield from textwrap.wrap(
                sentence, min(width(), _WIDEST), initial_indent=" " * _INDENT, subsequent_indent=" " * _INDENT
            )


def explained(diagnosis: Diagnosis, round_trip: float) -> Sequence[str]:
    """What limits it, and what would help."""
    best, trip = diagnosis.best, _milliseconds(round_trip)
    alone = f"One connection alone reaches {1 / diagnosis.gain:.0%} of it." if diagnosis.gain >= _ALONE else ""
    if diagnosis.limit is Limit.THIS_COMPUTER:
        because = f"This computer limits it: its processors were {best.busy:.0%} busy."
        advice = "Close what else runs here. If the server runs here as well, the two share them."
    elif diagnosis.limit is Limit.ROUND_TRIP:
        because = (
            f"The round trip limits it: a connection moves about {size_text(diagnosis.window)} in {trip}, then waits."
            f" More connections still bring more: these move {diagnosis.gain:.1f} times as much as one."
        )
        advice = "sft uses several connections by itself; larger TCP buffers on both computers would make each faster."
    elif diagnosis.limit is Limit.LINE:
        because = f"The line limits it: more connections bring no more, and this computer has time to spare. {alone}"
        advice = "Only a faster line helps. What the server has already is never sent again."
    elif diagnosis.limit is Limit.STORING:
        because = "Storing limits it: the server gives data out much faster than it takes it in."
        advice = (
            "Look at the server's disk and its processors while this runs; nothing counts before it is on the disk."
        )
    else:
        because = (
            f"The server or its network limits it: it is near ({trip}), this computer has time to spare, and more"
            f" connections bring no more. {alone}"
        )
        advice = "Look at the server's processors and its network while this runs."
    return because.strip(), advice


def _cell(step: Step | None) -> str:
    return "" if step is None else _rate(step)


def _rate(step: Step) -> str:
    return f"{size_text(step.rate)}/s"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def _value(url: str, measured: "Measured", up: Diagnosis, down: Diagnosis) -> dict[str, Any]:
    def direction(steps: Sequence[Step], judged: Diagnosis) -> dict[str, Any]:
        because, advice = explained(judged, measured.way.round_trip)
        return {
            "bytes_per_second": round(judged.best.rate),
            "connections": judged.best.connections,
            "limit": judged.limit.value,
            "because": because,
            "advice": advice,
            "steps": [
                {
                    "connections": step.connections,
                    "bytes": step.size,
                    "seconds": round(step.seconds, 6),
                    "bytes_per_second": round(step.rate),
                    "busy": round(step.busy, 3),
                }
                for step in steps
            ],
        }

    way = measured.way
    return {
        "server": url,
        "round_trip_seconds": round(way.round_trip, 6),
        "connect_seconds": round(way.connect, 6),
        "handshake_seconds": round(way.handshake, 6),
        "up": direction(measured.up, up),
        "down": direction(measured.down, down),
    }
