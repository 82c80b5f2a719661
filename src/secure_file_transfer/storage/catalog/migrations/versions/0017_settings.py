"""What operators set while the server runs."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "settings",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("changed_us", sa.Integer, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """What was set would silently be as configured again."""
    raise NotImplementedError("restore a backup instead")
