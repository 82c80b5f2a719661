"""What an account may keep, how it is reached, until when it is good, and the links that give it a new password."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns, and make the table."""
    for name in ("quota_bytes", "quota_files"):
        op.add_column("accounts", sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0")))
    for name in ("email", "note"):
        op.add_column("accounts", sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("accounts", sa.Column("expires_us", sa.Integer))
    op.add_column("accounts", sa.Column("pending", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_table(
        "resets",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("expires_us", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    op.create_index("uploads_unfinished", "uploads", ["drive_id"], sqlite_where=sa.text("published IS NULL"))


def downgrade() -> None:
    """Nothing here goes back."""
    raise NotImplementedError("restore a backup instead")
