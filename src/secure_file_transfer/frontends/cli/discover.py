"""`discover`: which servers are on the local network."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from .options import Json, Quiet
from .terminal import is_terminal, note, out, padded, safe, styled, table
from .values import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...client.discovering import FoundServer


def discover(
    *,
    seconds: Annotated[float, Parameter(metavar="N", validator=Number(gt=0, lte=60))] = 3.0,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """List the servers on the local network.

    Those that announce themselves: 'sft serve --discovery' does. Anybody on the network can announce any name and any
    fingerprint, so both are hints; 'sft login' shows the fingerprint of who really answers, and asks.

        sft discover
        sft discover --seconds 10

    Args:
        seconds: How long to listen.
    """
    from ...client.discovering import discover as look

    found = look(seconds)
    if json:
        print_json([asdict(each) for each in found])
    elif is_terminal(sys.stdout):
        _print_blocks(found)
    else:
        for line in table([[safe(each.name), each.url, each.kind, each.fingerprint or "-"] for each in found]):
            out(line)
    if not found:
        note("No server announced itself on this network. 'sft serve --discovery' does.", quiet=quiet or json)
        return 1
    note("A fingerprint here is a hint. 'sft login URL' shows the one that counts.", quiet=quiet or json)
    return 0


def _print_blocks(found: "Sequence[FoundServer]") -> None:
    """A fingerprint takes two lines, so that it fits on any terminal."""
    columns = max((len(each.url) for each in found), default=0)
    for each in found:
        name = styled(safe(each.name), "bold", sys.stdout)
        kind = styled(f"  {each.kind}", "dim", sys.stdout) if each.kind != "server" else ""
        out(f"{padded(each.url, columns)}  {name}{kind}")
        pairs = each.fingerprint.split(":") if each.fingerprint else []
        for part in (pairs[:16], pairs[16:]):
            if part:
                out(styled(f"  {':'.join(part)}", "dim", sys.stdout))
