"""What Tab offers for paths on the server. Silent when anything is in the way: a prompt is no place for errors."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model import Kind

if TYPE_CHECKING:
    from ...client import AsyncClient

_SECONDS = 2.0
"""Longer than this nobody waits for Tab."""
_OFFERED_MAX = 500


def remote_paths(context: Any) -> list[str]:
    """Names on the server that begin with the word being typed; folders end with a slash."""
    word = context.incomplete
    server = context.get("server")
    return matching(word, server.raw if server is not None else None)


def remote_then_local(context: Any) -> list[str]:
    """The same, and after the first word also names here, for `get`."""
    found = remote_paths(context)
    return found + local_names(context.incomplete) if context.index else found


def local_or_remote(context: Any) -> list[str]:
    """For `sync`: after a colon names on the server, else names here."""
    word = context.incomplete
    if not word.startswith(":"):
        return local_names(word)
    server = context.get("server")
    return [f":{path}" for path in matching(word[1:], server.raw if server is not None else None)]


def local_names(word: str) -> list[str]:
    """Names here that begin with the word being typed; folders end with a slash."""
    folder = Path(os.path.dirname(word) or ".").expanduser()  # noqa: PTH120 - Path drops the final slash
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    prefix = word[: len(word) - len(os.path.basename(word))]  # noqa: PTH119 - the same
    local = [f"{prefix}{path.name}{'/' if path.is_dir() else ''}" for path in names]
    return [text for text in local if text.startswith(word)][:_OFFERED_MAX]


def matching(word: str, server: str | None) -> list[str]:
    """Paths on the server that begin with `word`, spelled as it is."""
    import asyncio

    from .connection import connected, remote, run

    folder, slash, beginning = word.rpartition("/")

    async def read(client: "AsyncClient", found: list[str]) -> None:
        async for entry in client.list(str(remote(folder or "/"))):
            if entry.name.startswith(beginning):
                found.append(f"{folder}{slash}{entry.name}{'/' if entry.kind is Kind.FOLDER else ''}")
                if len(found) == _OFFERED_MAX:
                    return

    async def work() -> list[str]:
        found: list[str] = []
        async with connected(server or os.environ.get("SFT_SERVER")) as client:
            async with asyncio.timeout(_SECONDS):
                await read(client, found)
        return found

    return run(work())
