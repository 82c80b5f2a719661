"""What was deleted and can come back, and earlier versions of files."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table, and the columns of versions."""
    op.create_table(
        "trash",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node_id", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("drive_id", sa.Integer, nullable=False),
        sa.Column("parent_id", sa.Integer, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("deleted_us", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("size", sa.Integer),
        sa.Column("files", sa.Integer),
        sa.Column("gone", sa.Integer, nullable=False, server_default=sa.text("0")),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("trash_by_drive", "trash", ["drive_id", "gone", "id"])
    op.create_index("trash_by_time", "trash", ["deleted_us"])
    op.add_column("versions", sa.Column("author", sa.Text, nullable=False, server_default=sa.text("''")))
    for name in ("modified_us", "kept_us", "kept_in"):
        op.add_column("versions", sa.Column(name, sa.Integer))
    kept = sa.text("kept_us IS NOT NULL")
    op.create_index("versions_kept", "versions", ["kept_us"], sqlite_where=kept)
    op.create_index("versions_kept_in", "versions", ["kept_in", "kept_us", "size"], sqlite_where=kept)


def downgrade() -> None:
    """What lies in the trash would be nowhere."""
    raise NotImplementedError("restore a backup instead")
