"""The client: an asynchronous core over HTTPS, and a synchronous face for scripts. Holds no server code."""

from .control import TransferControl, TransferState
from .core import AsyncClient
from .devices import Enrolled
from .facade import SecureFileTransferClient
from .links import LinkInfo, VisitInfo
from .many import Transferred
from .operations import LimitValues, ServerDetails, ServerLimits, ServerStatus, StopPlan, Ways
from .people import GroupInfo, ManagedAccount
from .profiles import Profile, Profiles
from .progress import Progress
from .receiving import Received
from .streams import Download
from .syncing import Step, Synced
from .tokens import CreatedToken
from .trust import fetch_ca, fingerprint_of
from .watching import Watched
from .wire import (
    AccountInfo,
    ApiTokenInfo,
    DeviceCode,
    DeviceInfo,
    GuardBlock,
    ServerInfo,
    SessionInfo,
    SignIn,
    Whoami,
    Written,
)

__all__ = [
    "AccountInfo",
    "ApiTokenInfo",
    "AsyncClient",
    "CreatedToken",
    "DeviceCode",
    "DeviceInfo",
    "Download",
    "Enrolled",
    "GroupInfo",
    "GuardBlock",
    "LimitValues",
    "LinkInfo",
    "ManagedAccount",
    "Profile",
    "Profiles",
    "Progress",
    "Received",
    "SecureFileTransferClient",
    "ServerDetails",
    "ServerInfo",
    "ServerLimits",
    "ServerStatus",
    "SessionInfo",
    "SignIn",
    "Step",
    "StopPlan",
    "Synced",
    "TransferControl",
    "TransferState",
    "Transferred",
    "VisitInfo",
    "Watched",
    "Ways",
    "Whoami",
    "Written",
    "fetch_ca",
    "fingerprint_of",
]
