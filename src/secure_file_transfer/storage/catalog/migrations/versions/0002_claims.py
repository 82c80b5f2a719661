"""Claims: who sent which block lately.

Stands alone: it makes the table as it was then, whatever `tables.py` says now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "claims",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("block_num", sa.Integer, sa.ForeignKey("blocks.num", ondelete="CASCADE"), primary_key=True),
        sa.Column("expires_us", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("claims_by_block", "claims", ["block_num"])
    op.create_index("claims_by_expiry", "claims", ["expires_us"])


def downgrade() -> None:
    """Claims are a convenience; still, nothing here goes back."""
    raise NotImplementedError("restore a backup instead")
