"""`find`: files and folders by name, wherever they lie."""

from typing import Annotated

from cyclopts import Parameter

from ...model import TimeUs
from ...sizes import parse_size
from .browse import print_entries
from .connection import addressed, connected, remote, run
from .failures import UsageError
from .options import Flag, Json, Quiet, Remote, Server
from .values import moment_of

_KINDS = ("file", "folder", "archive", "audio", "code", "image", "sheet", "text", "video")
Kind = Annotated[str | None, Parameter(alias="-k", metavar="KIND")]


def find(
    pattern: str,
    path: Remote = "/",
    /,
    *,
    kind: Kind = None,
    newer: Annotated[str | None, Parameter(metavar="TIME")] = None,
    larger: Annotated[str | None, Parameter(metavar="BYTES")] = None,
    long: Annotated[bool, Flag, Parameter(alias="-l")] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Find files and folders by name.

    The server looks in a folder and all below, in your home as in what others share with you. Found is what has all
    words of PATTERN in its name, in any order; capitals and accents make no difference. With `*` or `?`, PATTERN
    stands for the whole name. Printed are whole paths, as by `ls -R`.

        sft find report
        sft find '*.jpg' /photos --newer 7d
        sft find '' --larger 1G --long

    Args:
        pattern: Words of the name, or a pattern; '' is any name.
        path: The folder to look below.
        kind: Only these: file, folder, archive, audio, code, image, sheet, text or video.
        newer: Changed then or later: how long ago, such as 30m, 2h or 7d, or a date, or a date and time.
        larger: Files of at least so many bytes, such as 500K, 10M or 1.5G.
        long: Size, time of change and path, one line each.
    """
    (path,), server = addressed([path], server)
    if kind is not None and kind not in _KINDS:
        raise UsageError("--kind is none of those there are", hint=f"Give one of: {', '.join(_KINDS)}.")
    since = moment_of(newer, "--newer")
    least = _bytes(larger)

    async def work() -> int:
        async with connected(server) as client:
            entries = client.find(
                pattern,
                str(remote(path)),
                kind=kind,
                since_us=None if since is None else TimeUs(since),
                larger=least,
            )
            await print_entries(entries, long=long, full=True, json=json, quiet=quiet)
        return 0

    return run(work())


def _bytes(text: str | None) -> int | None:
    try:
        return None if text is None else parse_size(text)
    except ValueError as error:
        raise UsageError(f"--larger: {error}", hint="Such as 500K, 10M or 1.5G.") from None
