"""The client: an asynchronous core over HTTPS, and a synchronous face for scripts. Holds no server code."""

from .core import AsyncClient
from .devices import Enrolled
from .facade import SecureFileTransferClient
from .many import Transferred
from .profiles import Profile, Profiles
from .progress import Progress
from .receiving import Received
from .streams import Download
from .trust import fetch_ca, fingerprint_of
from .wire import AccountInfo, DeviceCode, DeviceInfo, ServerInfo, SignIn, Whoami, Written

__all__ = [
    "AccountInfo",
    "AsyncClient",
    "DeviceCode",
    "DeviceInfo",
    "Download",
    "Enrolled",
    "Profile",
    "Profiles",
    "Progress",
    "Received",
    "SecureFileTransferClient",
    "ServerInfo",
    "SignIn",
    "Transferred",
    "Whoami",
    "Written",
    "fetch_ca",
    "fingerprint_of",
]
