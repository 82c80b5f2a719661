"""`sft link`: rights on a file or folder for whoever holds a URL."""

import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from ...model import LEVELS, Kind, Rights
from .connection import connected, remote, run
from .failures import UsageError
from .options import Json, PasswordStdin, Quiet, Remote, Server
from .passwords import new_password
from .terminal import count_text, name_for, note, out, print_table, safe, styled, time_text
from .values import print_json, time_value

if TYPE_CHECKING:
    from ...client.links import LinkInfo

_DURATION = re.compile(r"([1-9][0-9]{0,4})(min|[hdw])", re.ASCII)
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WORDS = {Rights.READ: "read", Rights.WRITE: "write", Rights.CREATE: "create", Rights.DELETE: "delete"}
_Flag = Parameter(negative="", show_default=False)
_Qr = Annotated[bool, Parameter(name="--qr", negative="", show_default=False)]


def link_create(
    path: Remote,
    /,
    *,
    level: Annotated[str | None, Parameter(alias="--rights", metavar="LEVEL", show_default=False)] = None,
    drop: Annotated[bool, _Flag] = False,
    password: Annotated[bool, _Flag] = False,
    password_stdin: PasswordStdin = False,
    expire: Annotated[str | None, Parameter(metavar="TIME")] = None,
    max_downloads: Annotated[int | None, Parameter(metavar="N", validator=Number(gte=1))] = None,
    name: Annotated[str, Parameter(metavar="TEXT", show_default=False)] = "",
    qr: _Qr = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make a link to a file or folder of yours.

    Whoever has the link can use it in any browser, without an account. It ends when you say so, when you remove it
    ('sft link rm') or when what it leads to is removed.

        sft link create /report.pdf --expire 7d
        sft link create /photos --password --max-downloads 20
        sft link create /inbox --drop --name "Photos of the wedding" --qr

    Args:
        path: What to give: something of yours.
        level: viewer (the default), dropbox, contributor, editor, or a number: read 8, write 4, create 2, delete 1.
        drop: A drop box: others can send files, and see nothing. The same as --level dropbox.
        password: Ask for a password that visitors need.
        expire: When it ends: in 30min, 12h, 7d or 2w; or at a time such as 2026-12-24T18:00.
        max_downloads: How many visitors may download from it.
        name: What visitors see as its title, instead of the name of the file.
        qr: Show a QR code of it, for phones.
    """
    if drop and level not in {None, "dropbox"}:
        raise UsageError("--drop and --level contradict each other", hint="Give one of them.")
    chosen = "dropbox" if drop else level or "viewer"
    ends = None if expire is None else end_time(expire)
    secret = new_password("the link", from_stdin=password_stdin) if password or password_stdin else None

    async def work() -> "LinkInfo":
        async with connected(server) as client:
            return await client.create_link(
                str(remote(path)), chosen, password=secret, expires=ends, max_downloads=max_downloads, name=name
            )

    made = run(work())
    if json:
        print_json(_value(made))
        return 0
    out(made.url or "")
    _code(made, wanted=qr)
    note(f"Link #{made.id} to {safe(made.path)}: {_terms(made)}.", quiet=quiet)
    return 0


def link_list(*, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """List your links.

    sft link list
    """

    async def work() -> "list[LinkInfo]":
        async with connected(server) as client:
            return list(await client.links())

    found = run(work())
    if json:
        print_json([_value(each) for each in found])
        return 0
    rows = [
        [
            str(each.id),
            name_for(each.path, sys.stdout) + ("/" if each.kind is Kind.FOLDER else ""),
            _level(each.rights),
            _downloads(each),
            "-" if each.expires_us is None else time_text(each.expires_us),
            "-" if each.used_us is None else time_text(each.used_us),
        ]
        for each in found
    ]
    print_table(["ID", "PATH", "LEVEL", "DOWNLOADS", "UNTIL", "LAST USED"], rows)
    if not rows:
        note("You have no links. Make one with: sft link create PATH", quiet=quiet)
    return 0


def link_show(
    number: Annotated[int, Parameter(metavar="ID")],
    /,
    *,
    qr: _Qr = False,
    server: Server = None,
    json: Json = False,
) -> int:
    """Show a link again, with its URL.

        sft link show 3 --qr

    Args:
        number: The number that 'sft link list' shows.
        qr: Show a QR code of it, for phones.
    """

    async def work() -> "LinkInfo":
        async with connected(server) as client:
            return await client.show_link(number)

    found = run(work())
    if json:
        print_json(_value(found))
        return 0
    facts = [
        ("url", styled(found.url or "", "cyan", sys.stdout)),
        ("path", safe(found.path)),
        ("name", safe(found.name)),
        ("level", _level(found.rights)),
        ("password", "yes" if found.protected else "no"),
        ("until", "" if found.expires_us is None else time_text(found.expires_us)),
        ("downloads", _downloads(found)),
        ("last used", "" if found.used_us is None else time_text(found.used_us)),
        ("made", time_text(found.created_us)),
    ]
    for name, text in facts:
        out(f"{styled(name.ljust(9), 'dim', sys.stdout)}  {text or '-'}")
    _code(found, wanted=qr)
    return 0


def link_rm(*number: Annotated[int, Parameter(metavar="ID")], server: Server = None, quiet: Quiet = False) -> int:
    """End links.

    At once: what their visitors transfer stops within a second.

        sft link rm 3 4

    Args:
        number: The numbers that 'sft link list' shows.
    """
    if not number:
        raise UsageError("Say which links", hint="Give their numbers: sft link list.")

    async def work() -> None:
        async with connected(server) as client:
            for each in number:
                await client.remove_link(each)

    run(work())
    note(f"{count_text(len(number), 'link')} ended.", quiet=quiet)
    return 0


def end_time(text: str) -> datetime:
    """When that is: after a while from now, or a moment in this computer's time zone.

    Raises:
        UsageError
    """
    if found := _DURATION.fullmatch(text):
        return datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--expire {safe(text)} is no time", hint="Write 30min, 12h, 7d, 2w, or 2026-12-24T18:00."
        ) from None


def _level(rights: Rights) -> str:
    found = next((name for name, mask in LEVELS.items() if mask == rights), None)
    return found or ", ".join(word for right, word in _WORDS.items() if right in rights)


def _downloads(link: "LinkInfo") -> str:
    return f"{link.downloads}" if link.max_downloads is None else f"{link.downloads} of {link.max_downloads}"


def _terms(link: "LinkInfo") -> str:
    terms = [_level(link.rights), "with a password" if link.protected else "for whoever has it"]
    if link.max_downloads is not None:
        terms.append(count_text(link.max_downloads, "download"))
    terms.append("until you remove it" if link.expires_us is None else f"until {time_text(link.expires_us)}")
    return ", ".join(terms)


def _code(link: "LinkInfo", *, wanted: bool) -> None:
    if wanted and link.url:
        from .banner import print_code

        print_code(link.url)


def _value(link: "LinkInfo") -> dict[str, Any]:
    return {
        "id": link.id,
        "path": link.path,
        "kind": "folder" if link.kind is Kind.FOLDER else "file",
        "rights": int(link.rights),
        "level": next((name for name, mask in LEVELS.items() if mask == link.rights), None),
        "name": link.name,
        "protected": link.protected,
        "created": time_value(link.created_us),
        "expires": time_value(link.expires_us),
        "downloads": link.downloads,
        "downloads_max": link.max_downloads,
        "used": time_value(link.used_us),
        "url": link.url,
    }
