"""Drives, nodes, versions, blocks, accounts, sessions, facts.

Stands alone: it makes the tables as they were then, whatever `tables.py` says now.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

revision = "0001"
down_revision = None


def _column(name: str, kind: Any, *rules: SchemaItem) -> sa.Column[Any]:
    return sa.Column(name, kind, *rules, nullable=False)


def _to(target: str, ondelete: str | None = None) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete=ondelete)


def upgrade() -> None:
    """Make the tables."""
    _trees()
    _content()
    _people()


def downgrade() -> None:
    """There is nothing before this."""
    raise NotImplementedError("restore a backup instead")


def _table(name: str, *parts: SchemaItem, numbered: bool = True) -> None:
    op.create_table(name, *parts, sqlite_strict=True, sqlite_autoincrement=numbered)


def _trees() -> None:
    _table(
        "drives",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("name", sa.Text),
        sa.Column("root_id", sa.Integer, _to("nodes.id")),
        sa.Column("owner_id", sa.Integer, _to("accounts.id", ondelete="SET NULL")),
        _column("wrapped_key", sa.LargeBinary),
        _column("bytes", sa.Integer),
        _column("files", sa.Integer),
    )
    op.create_index("drives_by_owner", "drives", ["owner_id"])
    op.create_index("drives_by_root", "drives", ["root_id"])
    _table(
        "nodes",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("drive_id", sa.Integer, _to("drives.id")),
        sa.Column("parent_id", sa.Integer, _to("nodes.id")),
        _column("name", sa.Text),
        _column("name_key", sa.Text),
        _column("kind", sa.Integer),
        _column("size", sa.Integer),
        _column("modified_us", sa.Integer),
        _column("created_us", sa.Integer),
        sa.Column("version_id", sa.Integer),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("detached_us", sa.Integer),
        sa.UniqueConstraint("parent_id", "name"),
    )
    for order, columns in (("name", []), ("size", ["size"]), ("modified", ["modified_us"])):
        op.create_index(f"nodes_by_{order}", "nodes", ["parent_id", "kind", *columns, "name_key", "name"])
    detached = sa.text("detached_us IS NOT NULL")
    op.create_index("nodes_detached", "nodes", ["detached_us"], sqlite_where=detached)


def _content() -> None:
    _table(
        "versions",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("node_id", sa.Integer, _to("nodes.id")),
        _column("size", sa.Integer),
        _column("sha256", sa.LargeBinary),
        _column("created_us", sa.Integer),
        _column("manifest", sa.LargeBinary),
        _column("mac", sa.LargeBinary),
        numbered=False,
    )
    op.create_index("versions_by_node", "versions", ["node_id"])
    _table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        _column("value", sa.Integer),
        numbered=False,
    )
    _table(
        "blocks",
        sa.Column("num", sa.Integer, primary_key=True),
        sa.Column("id", sa.LargeBinary, nullable=False, unique=True),
        _column("drive_id", sa.Integer),
        _column("length", sa.Integer),
        _column("refs", sa.Integer, sa.CheckConstraint("refs >= 0")),
        _column("released_us", sa.Integer),
    )
    op.create_index("blocks_unreferenced", "blocks", ["released_us"], sqlite_where=sa.text("refs = 0"))
    _table(
        "inline_blocks",
        sa.Column("num", sa.Integer, _to("blocks.num", ondelete="CASCADE"), primary_key=True),
        _column("data", sa.LargeBinary),
        numbered=False,
    )


def _people() -> None:
    _table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("name", sa.Text),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        _column("role", sa.Text),
        _column("disabled", sa.Integer),
        _column("home_id", sa.Integer, _to("drives.id")),
        _column("password_hash", sa.Text),
        _column("created_us", sa.Integer),
    )
    op.create_index("accounts_by_home", "accounts", ["home_id"])
    _table(
        "sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("account_id", sa.Integer, _to("accounts.id", ondelete="CASCADE")),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        _column("door", sa.Text),
        _column("address", sa.Text),
        _column("agent", sa.Text),
        _column("created_us", sa.Integer),
        _column("seen_us", sa.Integer),
        _column("expires_us", sa.Integer),
    )
    op.create_index("sessions_by_account", "sessions", ["account_id"])
    op.create_index("sessions_by_expiry", "sessions", ["expires_us"])
    _table("facts", sa.Column("name", sa.Text, primary_key=True), _column("value", sa.Text), numbered=False)
