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
from .chat import Chat, ChatId, Chats, Marks, Message, ReaderId, Side, Sight
from .control import Bars, Endings, Warnings
from .events import OPERATORS, Audience, Event, EventBus, Topic
from .keeping import Kept, Trash, Weight
from .log import LogEvents, LogRecord
from .people import Accounts, Devices, Factor, Factors, Grants, Groups, Links, Mounts, Sessions, Tokens
from .pictures import Renderer
from .storage import BlobStore, Buffer, Clock, KeySource
from .trees import Changed, Content, Draft, Expectation, FileTree, FolderPlaces, MountedTree, Written, check_journey
from .work import Jobs

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
    "Chat",
    "ChatId",
    "Chats",
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
    "Jobs",
    "Kept",
    "KeySource",
    "Links",
    "LogEvents",
    "LogRecord",
    "Marks",
    "Message",
    "MountedTree",
    "Mounts",
    "NodeCursor",
    "Nodes",
    "ReaderId",
    "Renderer",
    "Sessions",
    "SettingRow",
    "Settings",
    "Side",
    "Sight",
    "Tokens",
    "Topic",
    "Trash",
    "Uploads",
    "Versions",
    "Warnings",
    "Weight",
    "Written",
    "check_journey",
]
