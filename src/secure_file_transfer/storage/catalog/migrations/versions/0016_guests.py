"""What visitors of links are called."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column."""
    op.add_column("sessions", sa.Column("guest", sa.Text, nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Names cannot be made up again."""
    raise NotImplementedError("restore a backup instead")
