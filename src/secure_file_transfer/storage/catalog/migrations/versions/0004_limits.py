"""How fast the transfers of an account may be."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns."""
    for name in ("rate_up", "rate_down"):
        op.add_column("accounts", sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    """Nothing here goes back."""
    raise NotImplementedError("restore a backup instead")
