"""The Protocols between the services and the world. Each has one contract suite in `testing/contracts`.

Everything here is synchronous and called from worker threads; implementations are safe for use by many threads.
"""

from .catalog import (
    BlockRow,
    Blocks,
    Catalog,
    CatalogTx,
    Claims,
    DriveRoom,
    Drives,
    Facts,
    NodeCursor,
    Nodes,
    SettingRow,
    Settings,
    Uploads,
    Versions,
)
from .events import OPERATORS, Audience, Event, EventBus, Topic
from .people import Accounts, Devices, Factor, Factors, Grants, Groups, Links, Sessions, Tokens
from .storage import BlobStore, Buffer, Clock, KeySource
from .trees import Content, Draft, Expectation, FileTree, Written, check_journey

__all__ = [
    "OPERATORS",
    "Accounts",
    "Audience",
    "BlobStore",
    "BlockRow",
    "Blocks",
    "Buffer",
    "Catalog",
    "CatalogTx",
    "Claims",
    "Clock",
    "Content",
    "Devices",
    "Draft",
    "DriveRoom",
    "Drives",
    "Event",
    "EventBus",
    "Expectation",
    "Factor",
    "Factors",
    "Facts",
    "FileTree",
    "Grants",
    "Groups",
    "KeySource",
    "Links",
    "NodeCursor",
    "Nodes",
    "Sessions",
    "SettingRow",
    "Settings",
    "Tokens",
    "Topic",
    "Uploads",
    "Versions",
    "Written",
    "check_journey",
]
