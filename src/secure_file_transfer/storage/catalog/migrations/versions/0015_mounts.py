"""Folder drives: directories of the server's disk, mounted by an operator.

`/Drives` at the top of a home now shows them; a file or folder that had this name gets a number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table, and free the name."""
    op.create_table(
        "mounts",
        sa.Column("drive_id", sa.Integer, sa.ForeignKey("drives.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("created_us", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    _free_the_name()


def _free_the_name() -> None:
    connection = op.get_bind()
    taken = "SELECT n.id, n.parent_id FROM nodes n JOIN drives d ON d.root_id = n.parent_id WHERE n.name = 'Drives'"
    for node_id, root_id in connection.exec_driver_sql(taken).fetchall():
        number = 1
        while connection.exec_driver_sql(
            "SELECT 1 FROM nodes WHERE parent_id = ? AND name = ?", (root_id, f"Drives ({number})")
        ).first():
            number += 1
        connection.exec_driver_sql(
            "UPDATE nodes SET name = ?, name_key = ? WHERE id = ?",
            (f"Drives ({number})", f"drives ({number})", node_id),
        )


def downgrade() -> None:
    """Whoever was given something would lose it."""
    raise NotImplementedError("restore a backup instead")
