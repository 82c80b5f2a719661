"""The composition root: reads settings, builds storage, services and doors, and runs them.

`SecureFileTransferServer` is the library's face; `serve`, `open_local` and `init_certificates` are what the command
line uses. Nothing here decides about files or people: it only puts the parts together.
"""

from ..services.accounts import Change, Listed
from .library import SecureFileTransferServer
from .run import Announcement, Local, init_certificates, open_local, serve
from .share import Direction, Happening, Share, Visitor, What, Wish, new_password, open_share, risks

__all__ = [
    "Announcement",
    "Change",
    "Direction",
    "Happening",
    "Listed",
    "Local",
    "SecureFileTransferServer",
    "Share",
    "Visitor",
    "What",
    "Wish",
    "init_certificates",
    "new_password",
    "open_local",
    "open_share",
    "risks",
    "serve",
]
