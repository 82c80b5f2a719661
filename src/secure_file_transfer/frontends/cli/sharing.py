"""`grant`, `revoke`, `grants` and `shared`: who else may do what with one's files."""

import sys
from typing import Annotated

from cyclopts import Parameter

from ...client.sharing import GivenGrant, ReceivedGrant, level_of
from ...model import Kind, Rights
from .connection import connected, remote, run
from .failures import spoken
from .options import Json, Quiet, Remote, Server
from .terminal import count_text, name_for, note, print_table, safe
from .values import print_json

_WORDS = {Rights.READ: "read", Rights.WRITE: "write", Rights.CREATE: "create", Rights.DELETE: "delete"}
_Level = Annotated[str, Parameter(metavar="LEVEL")]


def grant(path: Remote, to: str, level: _Level, /, *, server: Server = None, quiet: Quiet = False) -> int:
    """Share a file or folder.

    A viewer reads; a contributor also adds new files; an editor may do everything but share it on; a dropbox takes
    files and shows nothing. A grant on a folder holds for all below it. Granting again replaces the earlier grant.
    Others find it at /Shared/YOUR-NAME.

        sft grant /photos sara viewer
        sft grant /inbox @scanners dropbox

    Args:
        path: What to share: something of yours.
        to: An account, or @ and a group.
        level: viewer, dropbox, contributor, editor, or a number: read 8, write 4, create 2 and delete 1, added up.
    """

    async def work() -> int:
        async with connected(server) as client:
            made = await client.grant(str(remote(path)), to, level)
        note(f"Shared {safe(made.path)} with {safe(made.to)}: {words(made.rights)}.", quiet=quiet)
        return 0

    return run(work())


def revoke(path: Remote, to: str | None = None, /, *, server: Server = None, quiet: Quiet = False) -> int:
    """Stop sharing a file or folder.

    It ends at once, running transfers too. What was granted on a folder above, or to a group, stays.

        sft revoke /photos sara
        sft revoke /photos

    Args:
        path: What was shared.
        to: An account, or @ and a group; everybody by default.
    """

    async def work() -> int:
        async with connected(server) as client:
            count = await client.revoke(str(remote(path)), to)
        note(f"{count_text(count, 'grant')} on {safe(str(remote(path)))} ended.", quiet=quiet)
        return 0

    return run(work())


def grants(path: Remote | None = None, /, *, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """List what you share, and with whom.

        sft grants
        sft grants /photos

    Args:
        path: Only what is shared of this and below it.
    """

    async def work() -> int:
        async with connected(server) as client:
            found = await client.grants()
        if path is not None:
            top = remote(path)
            found = [each for each in found if remote(each.path).is_within(top)]
        if json:
            print_json([{"path": each.path, "to": each.to, **_rights(each)} for each in found])
            return 0
        print_table(
            ["PATH", "SHARED WITH", "LEVEL"],
            [[name_for(each.path, sys.stdout), safe(each.to), words(each.rights)] for each in found],
        )
        if not found:
            note(spoken("You share nothing here. Share with: sft grant PATH USER LEVEL"), quiet=quiet)
        return 0

    return run(work())


def shared(*, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """List what others share with you.

    sft shared
    """

    async def work() -> int:
        async with connected(server) as client:
            found = await client.shared_with_me()
        if json:
            print_json([{"path": each.path, "owner": each.owner, **_rights(each)} for each in found])
            return 0
        rows = []
        for each in found:
            slash = "/" if each.kind is Kind.FOLDER else ""
            rows.append([name_for(each.path, sys.stdout) + slash, words(each.rights)])
        print_table(["PATH", "LEVEL"], rows)
        if not found:
            note("Nobody shares anything with you.", quiet=quiet)
        return 0

    return run(work())


def words(rights: Rights) -> str:
    """The level, or what may be done: `read, write`."""
    return level_of(rights) or ", ".join(word for right, word in _WORDS.items() if right in rights)


def _rights(each: GivenGrant | ReceivedGrant) -> dict[str, object]:
    return {"rights": int(each.rights), "level": level_of(each.rights)}
