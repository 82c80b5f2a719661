"""The client: an asynchronous core over HTTPS, and a synchronous face for scripts. Holds no server code."""

from .core import AsyncClient
from .facade import SecureFileTransferClient
from .many import Transferred
from .profiles import Profile, Profiles
from .progress import Progress
from .receiving import Received
from .streams import Download
from .trust import fetch_ca, fingerprint_of
from .wire import AccountInfo, GuardBlock, ServerInfo, SessionInfo, SignIn, Whoami, Written

__all__ = [
    "AccountInfo",
    "AsyncClient",
    "Download",
    "GuardBlock",
    "Profile",
    "Profiles",
    "Progress",
    "Received",
    "SecureFileTransferClient",
    "ServerInfo",
    "SessionInfo",
    "SignIn",
    "Transferred",
    "Whoami",
    "Written",
    "fetch_ca",
    "fingerprint_of",
]
