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
    Uploads,
    Versions,
)
from .control import Bars, Endings, Warnings
from .events import OPERATORS, Audience, Event, EventBus, Topic
from .people import Accounts, Devices, Factor, Factors, Grants, Groups, Links, Mounts, Sessions, Tokens
from .storage import BlobStore, Buffer, Clock, KeySource
from .trees import Changed, Content, Draft, Expectation, FileTree, FolderPlaces, MountedTree, Written, check_journey

__all__ = [
    "OPERATORS",
    "Accounts",
    "Audience",
    "Bars",
    "BlobStore",
    "BlockRow",
    "Blocks",
    "Buffer",
    "Catalog",
    "CatalogTx",
    "Changed",
    "Claims",
    "Clock",
    "Content",
    "Devices",
    "Draft",
    "DriveRoom",
    "Drives",
    "Endings",
    "Event",
    "EventBus",
    "Expectation",
    "Factor",
    "Factors",
    "Facts",
    "FileTree",
    "FolderPlaces",
    "Grants",
    "Groups",
    "KeySource",
    "Links",
    "MountedTree",
    "Mounts",
    "NodeCursor",
    "Nodes",
    "Sessions",
    "Tokens",
    "Topic",
    "Uploads",
    "Versions",
    "Warnings",
    "Written",
    "check_journey",
]
