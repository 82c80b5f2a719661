"""Devices, their certificates, and the codes that enrol them."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, NotFoundError
from ....model import Account, AccountId, Device, DeviceId, TimeUs
from ..sql import Row, Sql, Statement
from ..tables import accounts, device_certificates, device_codes, device_sessions, devices, sessions
from .accounts import COLUMNS as ACCOUNT_COLUMNS
from .accounts import account_of

_COLUMNS = (
    devices.c.id,
    devices.c.account_id,
    accounts.c.name,
    devices.c.name,
    devices.c.address,
    devices.c.created_us,
    devices.c.seen_us,
    devices.c.revoked_us,
    device_certificates.c.fingerprint,
    device_certificates.c.expires_us,
)
_OWNED = devices.join(accounts).join(device_certificates)
_THIS = devices.c.id == bindparam("device")
_OTHER = device_certificates.alias()
# Of several certificates the one that lasts longest stands for the device.
_NEWEST = device_certificates.c.fingerprint == (
    sa.select(_OTHER.c.fingerprint)
    .where(_OTHER.c.device_id == devices.c.id)
    .order_by(_OTHER.c.expires_us.desc(), _OTHER.c.fingerprint)
    .limit(1)
    .scalar_subquery()
)
_LISTED = sa.select(*_COLUMNS).select_from(_OWNED).where(_NEWEST).order_by(devices.c.id)
_INSERT = Statement(
    sa.insert(devices)
    .values({each: bindparam(each) for each in ("account_id", "name", "address", "created_us")})
    .returning(devices.c.id)
)
_CERTIFY = Statement(
    sa.insert(device_certificates).values({each.name: bindparam(each.name) for each in device_certificates.c})
)
_GET = Statement(_LISTED.where(_THIS))
_ALL = Statement(_LISTED)
_OF = Statement(_LISTED.where(devices.c.account_id == bindparam("account")))
_BY_FINGERPRINT = Statement(
    sa.select(*_COLUMNS, *ACCOUNT_COLUMNS)
    .select_from(_OWNED)
    .where(device_certificates.c.fingerprint == bindparam("print"))
)
_TOUCH = Statement(sa.update(devices).where(_THIS).values(seen_us=bindparam("seen"), address=bindparam("from")))
_REVOKE = Statement(sa.update(devices).where(_THIS, devices.c.revoked_us.is_(None)).values(revoked_us=bindparam("now")))
_END_SESSIONS = Statement(
    sa.delete(sessions).where(
        sessions.c.id.in_(
            sa.select(device_sessions.c.session_id).where(device_sessions.c.device_id == bindparam("device"))
        )
    )
)
_REVOKED = Statement(
    sa.select(device_certificates.c.serial, sa.func.coalesce(devices.c.revoked_us, device_certificates.c.issued_us))
    .select_from(devices.join(device_certificates))
    .where(
        device_certificates.c.expires_us > bindparam("now"),
        sa.or_(devices.c.revoked_us.is_not(None), devices.c.account_id.is_(None)),
    )
    .order_by(device_certificates.c.serial)
)
_DELETE_EXPIRED = Statement(sa.delete(device_certificates).where(device_certificates.c.expires_us <= bindparam("now")))
_DELETE_BARE = Statement(
    sa.delete(devices).where(
        ~sa.exists().where(device_certificates.c.device_id == devices.c.id),
        # One with a session is not in the way, and whoever looks at the session may ask for its name.
        ~sa.exists().where(device_sessions.c.device_id == devices.c.id),
    )
)
_DELETE_CODES = Statement(sa.delete(device_codes).where(device_codes.c.expires_us <= bindparam("now")))
_ADD_CODE = Statement(sa.insert(device_codes).values({each.name: bindparam(each.name) for each in device_codes.c}))
_COUNT_CODES = Statement(
    sa.select(sa.func.count())
    .select_from(device_codes)
    .where(device_codes.c.account_id == bindparam("account"), device_codes.c.expires_us > bindparam("now"))
)
_COUNT = Statement(
    sa.select(sa.func.count())
    .select_from(device_certificates)
    .where(device_certificates.c.device_id == bindparam("device"), device_certificates.c.expires_us > bindparam("now"))
)
_GOOD_CODE = (device_codes.c.sha256 == bindparam("hash"), device_codes.c.expires_us > bindparam("now"))
_BY_CODE = Statement(sa.select(device_codes.c.account_id).where(*_GOOD_CODE))
_TAKE_CODE = Statement(sa.delete(device_codes).where(*_GOOD_CODE).returning(device_codes.c.account_id))


class Devices:
    """See `ports.Devices`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(self, account_id: AccountId, name: str, address: str, now: TimeUs) -> DeviceId:
        """A new device, which is not listed before it has a certificate.

        Raises:
            NotFoundError: there is no such account.
        """
        try:
            ((device_id,),) = self._sql.rows(_INSERT, account_id=account_id, name=name, address=address, created_us=now)
        except ConflictError:
            raise NotFoundError(f"There is no account {account_id}") from None
        return DeviceId(device_id)

    def add_certificate(
        self, device_id: DeviceId, fingerprint: bytes, serial: int, now: TimeUs, expires: TimeUs
    ) -> None:
        """Let it be known by this certificate too.

        Raises:
            NotFoundError: there is no such device.
        """
        try:
            self._sql.run(
                _CERTIFY,
                fingerprint=fingerprint,
                device_id=device_id,
                serial=f"{serial:x}",
                issued_us=now,
                expires_us=expires,
            )
        except ConflictError:
            raise NotFoundError(f"There is no device {device_id}") from None

    def get(self, device_id: DeviceId) -> Device | None:
        """The device, or None."""
        row = self._sql.row(_GET, device=device_id)
        return Device(*row) if row else None

    def of(self, account_id: AccountId | None) -> Sequence[Device]:
        """Those of an account, or of everybody, the oldest first."""
        rows = self._sql.rows(_ALL) if account_id is None else self._sql.rows(_OF, account=account_id)
        return [Device(*row) for row in rows]

    def by_fingerprint(self, fingerprint: bytes) -> tuple[Device, Account] | None:
        """The device, as it stands with this certificate, and its account."""
        row: Row | None = self._sql.row(_BY_FINGERPRINT, print=fingerprint)
        if row is None:
            return None
        return Device(*row[: len(_COLUMNS)]), account_of(row[len(_COLUMNS) :])

    def touch(self, device_id: DeviceId, address: str, now: TimeUs) -> None:
        """It was just used, from there."""
        self._sql.run(_TOUCH, device=device_id, seen=now, **{"from": address})

    def revoke(self, device_id: DeviceId, now: TimeUs) -> None:
        """Revoke it and end its sessions. One that is revoked already keeps its date."""
        self._sql.run(_REVOKE, device=device_id, now=now)
        self._sql.run(_END_SESSIONS, device=device_id)

    def revoked(self, now: TimeUs) -> Sequence[tuple[int, TimeUs]]:
        """Serial numbers and dates."""
        return [(int(serial, 16), TimeUs(when)) for serial, when in self._sql.rows(_REVOKED, now=now)]

    def delete_expired(self, now: TimeUs) -> int:
        """Forget what has ended; returns how many certificates and codes that were."""
        ended = self._sql.run(_DELETE_EXPIRED, now=now) + self._sql.run(_DELETE_CODES, now=now)
        self._sql.run(_DELETE_BARE)
        return ended

    def add_code(self, account_id: AccountId, sha256: bytes, expires: TimeUs) -> None:
        """Keep the hash of a code.

        Raises:
            NotFoundError: there is no such account.
        """
        try:
            self._sql.run(_ADD_CODE, account_id=account_id, sha256=sha256, expires_us=expires)
        except ConflictError:
            raise NotFoundError(f"There is no account {account_id}") from None

    def count_codes(self, account_id: AccountId, now: TimeUs) -> int:
        """How many codes of an account are good."""
        row = self._sql.row(_COUNT_CODES, account=account_id, now=now)
        return int(row[0]) if row else 0

    def count_certificates(self, device_id: DeviceId, now: TimeUs) -> int:
        """How many of its certificates have not ended."""
        row = self._sql.row(_COUNT, device=device_id, now=now)
        return int(row[0]) if row else 0

    def by_code(self, sha256: bytes, now: TimeUs) -> AccountId | None:
        """Whose code it is; None for one that is unknown, used or too old."""
        row = self._sql.row(_BY_CODE, hash=sha256, now=now)
        return AccountId(row[0]) if row else None

    def take_code(self, sha256: bytes, now: TimeUs) -> AccountId | None:
        """Whose code it is, once; None for one that is unknown, used or too old."""
        row = self._sql.row(_TAKE_CODE, hash=sha256, now=now)
        return AccountId(row[0]) if row else None
