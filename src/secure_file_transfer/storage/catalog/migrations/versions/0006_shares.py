"""Groups, and grants to accounts and groups.

`/Shared` at the top of a home now shows what others share; a file or folder that had this name gets a number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables, and free the name."""
    op.create_table(
        "groups",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        sa.Column("created_us", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "members",
        sa.Column("group_id", sa.Integer, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    op.create_index("members_by_account", "members", ["account_id"])
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node_id", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE")),
        sa.Column("group_id", sa.Integer, sa.ForeignKey("groups.id", ondelete="CASCADE")),
        sa.Column("rights", sa.Integer, nullable=False),
        sa.Column("created_us", sa.Integer, nullable=False),
        sa.UniqueConstraint("node_id", "account_id"),
        sa.UniqueConstraint("node_id", "group_id"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("grants_by_account", "grants", ["account_id"])
    op.create_index("grants_by_group", "grants", ["group_id"])
    _free_the_name()


def _free_the_name() -> None:
    connection = op.get_bind()
    taken = "SELECT n.id, n.parent_id FROM nodes n JOIN drives d ON d.root_id = n.parent_id WHERE n.name = 'Shared'"
    for node_id, root_id in connection.exec_driver_sql(taken).fetchall():
        number = 1
        while connection.exec_driver_sql(
            "SELECT 1 FROM nodes WHERE parent_id = ? AND name = ?", (root_id, f"Shared ({number})")
        ).first():
            number += 1
        connection.exec_driver_sql(
            "UPDATE nodes SET name = ?, name_key = ? WHERE id = ?",
            (f"Shared ({number})", f"shared ({number})", node_id),
        )


def downgrade() -> None:
    """Whoever was given something would lose it."""
    raise NotImplementedError("restore a backup instead")
