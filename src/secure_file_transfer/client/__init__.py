"""The client: an asynchronous core over HTTPS, and a synchronous face for scripts. Holds no server code."""

from .chat import ChatInfo, ChatMessage, ChatNews, ChatSegment, FoundMessage
from .control import TransferControl, TransferState
from .core import AsyncClient
from .devices import Enrolled
from .events import Hints, LiveEvent
from .facade import SecureFileTransferClient
from .jobs import JobInfo, JobResult
from .kept import KeptVersion, TrashedInfo
from .links import LinkInfo, VisitInfo
from .log import LogLine
from .many import Transferred
from .operations import LimitValues, ServerDetails, ServerLimits, ServerStatus, StopPlan, Ways
from .people import GroupInfo, ManagedAccount
from .presence import ConnectedClient, OperatorWarning
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
    ShareInfo,
    SignIn,
    Whoami,
    Written,
)

__all__ = [
    "AccountInfo",
    "ApiTokenInfo",
    "AsyncClient",
    "ChatInfo",
    "ChatMessage",
    "ChatNews",
    "ChatSegment",
    "ConnectedClient",
    "CreatedToken",
    "DeviceCode",
    "DeviceInfo",
    "Download",
    "Enrolled",
    "FoundMessage",
    "GroupInfo",
    "GuardBlock",
    "Hints",
    "JobInfo",
    "JobResult",
    "KeptVersion",
    "LimitValues",
    "LinkInfo",
    "LiveEvent",
    "LogLine",
    "ManagedAccount",
    "OperatorWarning",
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
    "ShareInfo",
    "SignIn",
    "Step",
    "StopPlan",
    "Synced",
    "TransferControl",
    "TransferState",
    "Transferred",
    "TrashedInfo",
    "VisitInfo",
    "Watched",
    "Ways",
    "Whoami",
    "Written",
    "fetch_ca",
    "fingerprint_of",
]
