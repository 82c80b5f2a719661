"""The composition root: reads settings, builds storage, services and doors, and runs them.

`SecureFileTransferServer` is the library's face; `serve`, `open_local` and `init_certificates` are what the command
line uses. Nothing here decides about files or people: it only puts the parts together.
"""

from ..services.accounts import Change
from ..services.roster import Listed
from .library import SecureFileTransferServer
from .run import Announcement, Local, init_certificates, open_local, serve
from .share import Client, Doing, Happening, Said, Share, What, Wish, new_password, open_share, risks

__all__ = [
    "Announcement",
    "Change",
    "Client",
    "Doing",
    "Happening",
    "Listed",
    "Local",
    "Said",
    "SecureFileTransferServer",
    "Share",
    "What",
    "Wish",
    "init_certificates",
    "new_password",
    "open_local",
    "open_share",
    "risks",
    "serve",
]
