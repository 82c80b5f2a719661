"""From where accounts have signed in, and their second factors.

Stands alone: it makes the tables as they were then, whatever `tables.py` says now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "known_sources",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("seen_us", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    op.create_table(
        "factors",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("confirmed", sa.Integer, nullable=False),
        sa.Column("last_step", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("code_hash", sa.LargeBinary, primary_key=True),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )


def downgrade() -> None:
    """Nothing here goes back."""
    raise NotImplementedError("restore a backup instead")
