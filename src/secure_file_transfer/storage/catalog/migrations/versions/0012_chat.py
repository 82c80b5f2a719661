"""Conversations and their messages."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "chats",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("first_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
        sa.Column("session_id", sa.Integer, unique=True),
        sa.Column("second_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
        sa.Column("guest", sa.Text, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("moved", sa.Integer, nullable=False),
        sa.Column("created_us", sa.Integer, nullable=False),
        sa.UniqueConstraint("first_id", "second_id"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("chats_of_account", "chats", ["first_id"], unique=True, sqlite_where=sa.text("second_id IS NULL"))
    op.create_index("chats_by_second", "chats", ["second_id", "moved"])
    op.create_table(
        "chat_messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("chat_id", sa.Integer, sa.ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("side", sa.Integer, nullable=False),
        sa.Column("sender_id", sa.Integer),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("at_us", sa.Integer, nullable=False),
        sa.UniqueConstraint("chat_id", "sequence"),
        sa.UniqueConstraint("chat_id", "key"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("chat_messages_by_chat", "chat_messages", ["chat_id"])
    op.create_index("chat_messages_by_time", "chat_messages", ["at_us"])
    op.create_table(
        "chat_marks",
        sa.Column("chat_id", sa.Integer, sa.ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("reader", sa.Integer, primary_key=True),
        sa.Column("side", sa.Integer, nullable=False),
        sa.Column("delivered", sa.Integer, nullable=False),
        sa.Column("read", sa.Integer, nullable=False),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """What was said would be lost."""
    raise NotImplementedError("restore a backup instead")
