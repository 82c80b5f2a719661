"""Uploads that survive the server, and their blocks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "uploads",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="SET NULL")),
        sa.Column("drive_id", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("length", sa.Integer),
        sa.Column("offset", sa.Integer, nullable=False),
        sa.Column("modified_us", sa.Integer),
        sa.Column("conflict", sa.Text, nullable=False),
        sa.Column("concat", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("expires_us", sa.Integer, nullable=False),
        sa.Column("published", sa.Text),
        sa.Column("sha256", sa.LargeBinary),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("uploads_by_account", "uploads", ["account_id"])
    op.create_index("uploads_by_expiry", "uploads", ["expires_us"])
    op.create_table(
        "upload_blocks",
        sa.Column("upload_id", sa.Integer, sa.ForeignKey("uploads.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("block_id", sa.LargeBinary, nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )


def downgrade() -> None:
    """A file that is on its way in would be lost."""
    raise NotImplementedError("restore a backup instead")
