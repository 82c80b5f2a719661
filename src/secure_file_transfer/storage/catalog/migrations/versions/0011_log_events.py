"""The log: what happened, to be searched and forgotten in time."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "log_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at_us", sa.Integer, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("session_id", sa.Integer),
        sa.Column("request", sa.Text, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("log_events_by_time", "log_events", ["at_us"])
    op.create_index("log_events_by_category", "log_events", ["category", "at_us"])
    op.create_index("log_events_by_actor", "log_events", ["actor", "at_us"])
    op.create_index("log_events_by_address", "log_events", ["address", "at_us"])
    has_session, has_request = sa.text("session_id IS NOT NULL"), sa.text("request != ''")
    op.create_index("log_events_by_session", "log_events", ["session_id", "at_us"], sqlite_where=has_session)
    op.create_index("log_events_by_request", "log_events", ["request"], sqlite_where=has_request)
    op.create_index("log_events_warnings", "log_events", ["at_us"], sqlite_where=sa.text("severity >= 2"))


def downgrade() -> None:
    """The log would be lost."""
    raise NotImplementedError("restore a backup instead")
