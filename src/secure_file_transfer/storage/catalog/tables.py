"""The tables of the catalog, and which revision of them this program knows.

Ids are never reused (AUTOINCREMENT), so that nothing which once belonged to a deleted account, drive or node can
come to belong to a new one. Tables are STRICT: a column holds the type that it says. Whatever is changed here needs
a migration beside it; a test compares the two.
"""

import sqlalchemy as sa

REVISION = "0018"
"""The newest migration. Revisions are four digits and are compared as text."""

METADATA = sa.MetaData()

NO_REVISION = "0000"
"""What an empty database is at."""


def _table(name: str, *parts: sa.Column[object] | sa.schema.SchemaItem, numbered: bool = True) -> sa.Table:
    return sa.Table(name, METADATA, *parts, sqlite_strict=True, sqlite_autoincrement=numbered)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


drives = _table(
    "drives",
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    # Empty only between the drive's row and its root's, which point at each other.
    sa.Column("root_id", sa.Integer, sa.ForeignKey("nodes.id")),
    sa.Column("owner_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="SET NULL")),
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Index("drives_by_owner", "owner_id"),
    # Before a node may go, SQLite looks for drives that it is the root of.
    sa.Index("drives_by_root", "root_id"),
)

nodes = _table(
    "nodes",
    _id(),
    sa.Column("drive_id", sa.Integer, sa.ForeignKey("drives.id"), nullable=False),
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("nodes.id")),
    sa.Column("name", sa.Text, nullable=False),
    # The case-folded name in NFC, see `names.name_key`.
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("modified_us", sa.Integer, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    # No foreign key: versions point here, and a pointer that is wrong is caught by the version's MAC.
    sa.Column("version_id", sa.Integer),
    sa.Column("sha256", sa.LargeBinary),
    # Set on a node that was removed. The root of a drive has no parent either; this tells them apart.
    sa.Column("detached_us", sa.Integer),
    sa.UniqueConstraint("parent_id", "name"),
    # One index for each order of a listing: a page is read off it, whatever the size of the folder.
    sa.Index("nodes_by_name", "parent_id", "kind", "name_key", "name"),
    sa.Index("nodes_by_size", "parent_id", "kind", "size", "name_key", "name"),
    sa.Index("nodes_by_modified", "parent_id", "kind", "modified_us", "name_key", "name"),
    sa.Index("nodes_detached", "detached_us", sqlite_where=sa.text("detached_us IS NOT NULL")),
)

versions = _table(
    "versions",
    _id(),
    sa.Column("node_id", sa.Integer, sa.ForeignKey("nodes.id"), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("manifest", sa.LargeBinary, nullable=False),
    sa.Column("mac", sa.LargeBinary, nullable=False),
    sa.Column("author", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("modified_us", sa.Integer),
    # Set once another is the present one: since when it is only kept, and in which drive.
    sa.Column("kept_us", sa.Integer),
    sa.Column("kept_in", sa.Integer),
    sa.Index("versions_by_node", "node_id"),
    sa.Index("versions_kept", "kept_us", sqlite_where=sa.text("kept_us IS NOT NULL")),
    sa.Index("versions_kept_in", "kept_in", "kept_us", "size", sqlite_where=sa.text("kept_us IS NOT NULL")),
    numbered=False,
)

# What was deleted and can come back. Its node has no parent, and is no root.
trash = _table(
    "trash",
    _id(),
    sa.Column("node_id", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), nullable=False, unique=True),
    # No foreign keys: the folder may go before, and so may the account.
    sa.Column("drive_id", sa.Integer, nullable=False),
    sa.Column("parent_id", sa.Integer, nullable=False),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("deleted_us", sa.Integer, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("account_id", sa.Integer),
    sa.Column("size", sa.Integer),
    sa.Column("files", sa.Integer),
    # It had to make room: nobody sees it any more, and the sweep takes it.
    sa.Column("gone", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Index("trash_by_drive", "drive_id", "gone", "id"),
    sa.Index("trash_by_time", "deleted_us"),
)

# The number of a version is part of what its MAC covers, so it must be known before the row is there.
counters = _table(
    "counters",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
    numbered=False,
)

blocks = _table(
    "blocks",
    # A short number, so that content which is kept inline lies in the order of arrival; ids are random.
    sa.Column("num", sa.Integer, primary_key=True),
    sa.Column("id", sa.LargeBinary, nullable=False, unique=True),
    # No foreign key: blocks outlive their drive until the sweep.
    sa.Column("drive_id", sa.Integer, nullable=False),
    sa.Column("length", sa.Integer, nullable=False),
    # How many entries of manifests name it.
    sa.Column("refs", sa.Integer, sa.CheckConstraint("refs >= 0"), nullable=False),
    sa.Column("released_us", sa.Integer, nullable=False),
    sa.Index("blocks_unreferenced", "released_us", sqlite_where=sa.text("refs = 0")),
)

# Apart from `blocks`, so that counting a reference does not rewrite 32 KiB.
inline_blocks = _table(
    "inline_blocks",
    sa.Column("num", sa.Integer, sa.ForeignKey("blocks.num", ondelete="CASCADE"), primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    numbered=False,
)

accounts = _table(
    "accounts",
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("disabled", sa.Integer, nullable=False),
    sa.Column("home_id", sa.Integer, sa.ForeignKey("drives.id"), nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    # Bytes a second; 0 is no limit.
    sa.Column("rate_up", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("rate_down", sa.Integer, nullable=False, server_default=sa.text("0")),
    # What all its drives may hold; 0 is no limit.
    sa.Column("quota_bytes", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("quota_files", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("email", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("note", sa.Text, nullable=False, server_default=sa.text("''")),
    # From then on it cannot sign in. Empty: for ever.
    sa.Column("expires_us", sa.Integer),
    # It registered itself, and waits for an operator.
    sa.Column("pending", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Index("accounts_by_home", "home_id"),
)

claims = _table(
    "claims",
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("block_num", sa.Integer, sa.ForeignKey("blocks.num", ondelete="CASCADE"), primary_key=True),
    sa.Column("expires_us", sa.Integer, nullable=False),
    # The sweep asks for every block that it is about to take.
    sa.Index("claims_by_block", "block_num"),
    sa.Index("claims_by_expiry", "expires_us"),
    numbered=False,
)

sessions = _table(
    "sessions",
    _id(),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("seen_us", sa.Integer, nullable=False),
    sa.Column("expires_us", sa.Integer, nullable=False),
    # A column and not a table beside it: a visitor's session without its link must not be the owner's own.
    sa.Column("link_id", sa.Integer, sa.ForeignKey("links.id", ondelete="CASCADE")),
    sa.Column("counted", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("guest", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Index("sessions_by_account", "account_id"),
    sa.Index("sessions_by_expiry", "expires_us"),
    sa.Index("sessions_by_link", "link_id", sqlite_where=sa.text("link_id IS NOT NULL")),
)

uploads = _table(
    "uploads",
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    # Without an account it is swept: a cascade would forget which blocks to release.
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="SET NULL")),
    # No foreign key, as with blocks.
    sa.Column("drive_id", sa.Integer, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("length", sa.Integer),
    sa.Column("offset", sa.Integer, nullable=False),
    sa.Column("modified_us", sa.Integer),
    sa.Column("conflict", sa.Text, nullable=False),
    sa.Column("concat", sa.Text, nullable=False),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.Column("expires_us", sa.Integer, nullable=False),
    sa.Column("published", sa.Text),
    sa.Column("sha256", sa.LargeBinary),
    # No foreign key: without its link it is nobody's until it expires.
    sa.Column("link_id", sa.Integer),
    sa.Index("uploads_by_account", "account_id"),
    sa.Index("uploads_by_expiry", "expires_us"),
    # Those that were published are remembered for days, and nobody asks for them by drive.
    sa.Index("uploads_unfinished", "drive_id", sqlite_where=sa.text("published IS NULL")),
)

# One row for each block, so that a long file's next block does not rewrite all that came before.
upload_blocks = _table(
    "upload_blocks",
    sa.Column("upload_id", sa.Integer, sa.ForeignKey("uploads.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("block_id", sa.LargeBinary, nullable=False),
    sa.Column("length", sa.Integer, nullable=False),
    numbered=False,
)

groups = _table(
    "groups",
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    sa.Column("created_us", sa.Integer, nullable=False),
)

members = _table(
    "members",
    sa.Column("group_id", sa.Integer, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Index("members_by_account", "account_id"),
    numbered=False,
)

grants = _table(
    "grants",
    _id(),
    sa.Column("node_id", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), nullable=False),
    # One of the two, and NULLs differ from one another: each account and each group has one grant on a node.
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
    sa.Column("group_id", sa.Integer, sa.ForeignKey("groups.id", ondelete="CASCADE")),
    sa.Column("rights", sa.Integer, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.UniqueConstraint("node_id", "account_id"),
    sa.UniqueConstraint("node_id", "group_id"),
    sa.Index("grants_by_account", "account_id"),
    sa.Index("grants_by_group", "group_id"),
)

# From where an account has signed in: guesses of strangers do not lock it out there.
known_sources = _table(
    "known_sources",
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("seen_us", sa.Integer, nullable=False),
    numbered=False,
)

# Links by which somebody sets a new password; an account has one at most.
resets = _table(
    "resets",
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sha256", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("expires_us", sa.Integer, nullable=False),
    numbered=False,
)

factors = _table(
    "factors",
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("confirmed", sa.Integer, nullable=False),
    # The step of time whose code was used last: none as early is taken again.
    sa.Column("last_step", sa.Integer, nullable=False),
    numbered=False,
)

recovery_codes = _table(
    "recovery_codes",
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("code_hash", sa.LargeBinary, primary_key=True),
    numbered=False,
)

devices = _table(
    "devices",
    _id(),
    # Without an account it counts as revoked: a cascade would forget what the list of revoked ones must name.
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="SET NULL")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("seen_us", sa.Integer),
    sa.Column("revoked_us", sa.Integer),
    sa.Index("devices_by_account", "account_id"),
)

device_certificates = _table(
    "device_certificates",
    sa.Column("fingerprint", sa.LargeBinary, primary_key=True),
    sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
    # Hexadecimal: it has up to 160 bits.
    sa.Column("serial", sa.Text, nullable=False),
    sa.Column("issued_us", sa.Integer, nullable=False),
    sa.Column("expires_us", sa.Integer, nullable=False),
    sa.Index("device_certificates_by_device", "device_id"),
    numbered=False,
)

# Beside `sessions`, since most sessions have no device.
device_sessions = _table(
    "device_sessions",
    sa.Column("session_id", sa.Integer, sa.ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
    sa.Index("device_sessions_by_device", "device_id"),
    numbered=False,
)

device_codes = _table(
    "device_codes",
    sa.Column("sha256", sa.LargeBinary, primary_key=True),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires_us", sa.Integer, nullable=False),
    sa.Index("device_codes_by_account", "account_id"),
    numbered=False,
)

links = _table(
    "links",
    _id(),
    sa.Column("node_id", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), nullable=False),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    # With the key of the drive it makes the secret again; alone it is worth nothing.
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("rights", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("expires_us", sa.Integer),
    sa.Column("downloads_max", sa.Integer),
    sa.Column("downloads", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("used_us", sa.Integer),
    sa.Index("links_by_node", "node_id"),
    sa.Index("links_by_account", "account_id"),
)

api_tokens = _table(
    "api_tokens",
    _id(),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    # Separated by spaces, as in OAuth 2 (RFC 6749, 3.3).
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("expires_us", sa.Integer),
    sa.Column("seen_us", sa.Integer),
    sa.Column("address", sa.Text, nullable=False),
    sa.Index("api_tokens_by_account", "account_id"),
)

ended_sessions = _table(
    "ended_sessions",
    # No reference: the session is gone.
    sa.Column("session_id", sa.Integer, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended_us", sa.Integer, nullable=False),
    sa.Index("ended_sessions_by_time", "ended_us"),
    numbered=False,
)

bars = _table(
    "bars",
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("until_us", sa.Integer, nullable=False),
    numbered=False,
)

operator_warnings = _table(
    "operator_warnings",
    _id(),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
    # No reference: that it was warned is to be seen after the session too.
    sa.Column("session_id", sa.Integer),
    sa.Column("receiver", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("acknowledged_us", sa.Integer),
    sa.Index("operator_warnings_by_account", "account_id"),
)

chats = _table(
    "chats",
    _id(),
    sa.Column("first_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
    # No foreign key: what a guest said stays for the operators when its session is over.
    sa.Column("session_id", sa.Integer, unique=True),
    # Empty: the operators.
    sa.Column("second_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
    # What a guest is called; accounts have their names.
    sa.Column("guest", sa.Text, nullable=False),
    sa.Column("last", sa.Integer, nullable=False),
    # The number of its last message, 0 for none.
    sa.Column("moved", sa.Integer, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.UniqueConstraint("first_id", "second_id"),
    sa.Index("chats_of_account", "first_id", unique=True, sqlite_where=sa.text("second_id IS NULL")),
    sa.Index("chats_by_second", "second_id", "moved"),
)

chat_messages = _table(
    "chat_messages",
    _id(),
    sa.Column("chat_id", sa.Integer, sa.ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    # The sender's own name for it: sent again, it is the same message.
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("side", sa.Integer, nullable=False),
    # No foreign key: what an operator said stays, under the name of then.
    sa.Column("sender_id", sa.Integer),
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("at_us", sa.Integer, nullable=False),
    sa.UniqueConstraint("chat_id", "sequence"),
    sa.UniqueConstraint("chat_id", "key"),
    # With the row's number behind it: a search goes back by that.
    sa.Index("chat_messages_by_chat", "chat_id"),
    sa.Index("chat_messages_by_time", "at_us"),
)

chat_marks = _table(
    "chat_marks",
    sa.Column("chat_id", sa.Integer, sa.ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    # The number of an account, which is given once, or 0 for the guest.
    sa.Column("reader", sa.Integer, primary_key=True),
    sa.Column("side", sa.Integer, nullable=False),
    sa.Column("delivered", sa.Integer, nullable=False),
    sa.Column("read", sa.Integer, nullable=False),
    numbered=False,
)

# Folder drives; a vault drive has no row here.
mounts = _table(
    "mounts",
    sa.Column("drive_id", sa.Integer, sa.ForeignKey("drives.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),
    # Of the directory, or of the only file that the drive shows.
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    numbered=False,
)

jobs = _table(
    "jobs",
    _id(),
    sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    # No foreign key: a job must not become more than its token was when that is gone.
    sa.Column("token_id", sa.Integer),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_us", sa.Integer, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("size_total", sa.Integer),
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("items_total", sa.Integer),
    sa.Column("percent", sa.Integer, nullable=False),
    sa.Column("rate", sa.Integer, nullable=False),
    sa.Column("eta", sa.Integer),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("place", sa.Text),
    sa.Column("result", sa.Text),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("started_us", sa.Integer),
    sa.Column("ended_us", sa.Integer),
    sa.Index("jobs_by_account", "account_id"),
    # Those that have not ended have no time here, so they are found by it too.
    sa.Index("jobs_by_end", "ended_us"),
)

facts = _table(
    "facts",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    numbered=False,
)

log_events = _table(
    "log_events",
    _id(),
    sa.Column("at_us", sa.Integer, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    # 0 debug to 3 error: the least that is wanted is a comparison.
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    # No foreign key: an event outlives its session.
    sa.Column("session_id", sa.Integer),
    sa.Column("request", sa.Text, nullable=False),
    # Each filter finds the latest first without sorting. Warnings are few, so what is asked for most has its own.
    sa.Index("log_events_by_time", "at_us"),
    sa.Index("log_events_by_category", "category", "at_us"),
    sa.Index("log_events_by_actor", "actor", "at_us"),
    sa.Index("log_events_by_address", "address", "at_us"),
    sa.Index("log_events_by_session", "session_id", "at_us", sqlite_where=sa.text("session_id IS NOT NULL")),
    sa.Index("log_events_by_request", "request", sqlite_where=sa.text("request != ''")),
    sa.Index("log_events_warnings", "at_us", sqlite_where=sa.text("severity >= 2")),
)

settings = _table(
    "settings",
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("changed_us", sa.Integer, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    numbered=False,
)
