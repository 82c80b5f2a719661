"""Jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
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
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_by_account", "jobs", ["account_id"])
    op.create_index("jobs_by_end", "jobs", ["ended_us"])


def downgrade() -> None:
    """What was begun would be forgotten."""
    raise NotImplementedError("restore a backup instead")
