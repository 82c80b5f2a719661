"""Why sessions were ended, who is barred, and what operators warned of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "ended_sessions",
        sa.Column("session_id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ended_us", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("ended_sessions_by_time", "ended_sessions", ["ended_us"])
    op.create_table(
        "bars",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created_us", sa.Integer, nullable=False),
        sa.Column("until_us", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "operator_warnings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
        sa.Column("session_id", sa.Integer),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_us", sa.Integer, nullable=False),
        sa.Column("acknowledged_us", sa.Integer),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("operator_warnings_by_account", "operator_warnings", ["account_id"])


def downgrade() -> None:
    """Warnings that nobody has seen would be lost."""
    raise NotImplementedError("restore a backup instead")
