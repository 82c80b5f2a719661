"""Devices that sign in with certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="SET NULL")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_us", sa.Integer, nullable=False),
        sa.Column("seen_us", sa.Integer),
        sa.Column("revoked_us", sa.Integer),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("devices_by_account", "devices", ["account_id"])
    op.create_table(
        "device_certificates",
        sa.Column("fingerprint", sa.LargeBinary, primary_key=True),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("issued_us", sa.Integer, nullable=False),
        sa.Column("expires_us", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    op.create_index("device_certificates_by_device", "device_certificates", ["device_id"])
    op.create_table(
        "device_sessions",
        sa.Column("session_id", sa.Integer, sa.ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    op.create_index("device_sessions_by_device", "device_sessions", ["device_id"])
    op.create_table(
        "device_codes",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("expires_us", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_autoincrement=False,
    )
    op.create_index("device_codes_by_account", "device_codes", ["account_id"])


def downgrade() -> None:
    """Every device would have to be enrolled again."""
    raise NotImplementedError("restore a backup instead")
