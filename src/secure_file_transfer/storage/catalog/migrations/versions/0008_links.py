"""Links, and the sessions and uploads of their visitors."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table, and the columns that point to it."""
    op.create_table(
        "links",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node_id", sa.Integer, sa.ForeignKey("nodes.id", ondelete="CASCADE"), nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("rights", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("created_us", sa.Integer, nullable=False),
        sa.Column("expires_us", sa.Integer),
        sa.Column("downloads_max", sa.Integer),
        sa.Column("downloads", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("used_us", sa.Integer),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("links_by_node", "links", ["node_id"])
    op.create_index("links_by_account", "links", ["account_id"])
    # Alembic would add the foreign key afterwards, which SQLite cannot do.
    op.execute("ALTER TABLE sessions ADD COLUMN link_id INTEGER REFERENCES links (id) ON DELETE CASCADE")
    op.add_column("sessions", sa.Column("counted", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.create_index("sessions_by_link", "sessions", ["link_id"], sqlite_where=sa.text("link_id IS NOT NULL"))
    op.add_column("uploads", sa.Column("link_id", sa.Integer))


def downgrade() -> None:
    """Sessions of visitors would become those of accounts."""
    raise NotImplementedError("restore a backup instead")
