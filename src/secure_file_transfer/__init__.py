"""Secure File Transfer: move files between people and machines over TLS; verified, resumable, sealed.

`SecureFileTransferServer` runs a server, `SecureFileTransferClient` talks to one, `AsyncClient` does so from asyncio;
`errors` holds every error they raise.
"""

from typing import TYPE_CHECKING, Any

from . import errors
from .version import __version__

if TYPE_CHECKING:
    from .client import AsyncClient, SecureFileTransferClient, TransferControl
    from .server import SecureFileTransferServer

__all__ = [
    "AsyncClient",
    "SecureFileTransferClient",
    "SecureFileTransferServer",
    "TransferControl",
    "__version__",
    "errors",
]

_ROOMS = {
    "AsyncClient": "client",
    "SecureFileTransferClient": "client",
    "SecureFileTransferServer": "server",
    "TransferControl": "client",
}


def __getattr__(name: str) -> Any:
    # Imported when first used: a client need not load the server, and `sft --help` neither of them.
    if room := _ROOMS.get(name):
        from importlib import import_module

        return getattr(import_module(f".{room}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
