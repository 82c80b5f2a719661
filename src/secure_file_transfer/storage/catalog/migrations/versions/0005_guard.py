"""From where accounts have signed in.

Stands alone: it makes the table as it was then, whatever `tables.py` says now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "known_sources",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("seen_us", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )


def downgrade() -> None:
    """Nothing here goes back."""
    raise NotImplementedError("restore a backup instead")
