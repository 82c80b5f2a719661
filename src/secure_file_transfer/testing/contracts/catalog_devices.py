"""What every catalog promises about devices, their certificates, and the codes that enrol them."""

import hashlib

import pytest

from secure_file_transfer.errors import ExistsError, NotFoundError
from secure_file_transfer.model import AccountId, Device, DeviceId, Session, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx

from .catalog_kit import HOSTILE, NOW, CatalogBase, new_account

DAY = 86_400_000_000
NOBODY = AccountId(4711)
NOTHING = DeviceId(4711)


def digest(seed: int) -> bytes:
    return hashlib.sha256(b"device %d" % seed).digest()


def enrolled(catalog: Catalog, account_id: AccountId, seed: int, ends: int = NOW + DAY) -> Device:
    def work(tx: CatalogTx) -> Device:
        device_id = tx.devices.create(account_id, "laptop", "::1", NOW)
        tx.devices.add_certificate(device_id, digest(seed), 2**159 + seed, NOW, TimeUs(ends))
        device = tx.devices.get(device_id)
        assert device
        return device

    return catalog.write(work)


def begun(catalog: Catalog, account_id: AccountId, seed: int, device_id: DeviceId | None) -> Session:
    ends = TimeUs(NOW + DAY)
    return catalog.write(
        lambda tx: tx.sessions.create(account_id, digest(seed), "http", "", "", NOW, ends, device_id=device_id)
    )


def add_code(catalog: Catalog, account_id: AccountId, seed: int) -> None:
    catalog.write(lambda tx: tx.devices.add_code(account_id, digest(seed), TimeUs(NOW + 5)))


class DevicesContract(CatalogBase):
    def test_a_device_is_found_by_its_certificate(self, catalog: Catalog) -> None:
        account = new_account(catalog, "sara")
        device = enrolled(catalog, account.id, 1)
        assert device == Device(
            device.id, account.id, "sara", "laptop", "::1", NOW, None, None, digest(1), TimeUs(NOW + DAY)
        )
        assert catalog.read(lambda tx: tx.devices.by_fingerprint(digest(1))) == (device, account)
        assert catalog.read(lambda tx: tx.devices.by_fingerprint(digest(2))) is None
        assert catalog.read(lambda tx: tx.devices.get(NOTHING)) is None

    def test_the_newest_certificate_stands_for_a_device_and_the_older_one_still_finds_it(
        self, catalog: Catalog
    ) -> None:
        device = enrolled(catalog, new_account(catalog).id, 1)
        catalog.write(lambda tx: tx.devices.add_certificate(device.id, digest(2), 7, NOW, TimeUs(NOW + 2 * DAY)))
        (listed,) = catalog.read(lambda tx: tx.devices.of(None))
        assert (listed.fingerprint, listed.expires_us) == (digest(2), NOW + 2 * DAY)
        assert catalog.read(lambda tx: tx.devices.count_certificates(device.id, NOW)) == 2
        assert catalog.read(lambda tx: tx.devices.count_certificates(device.id, TimeUs(NOW + DAY))) == 1
        found = catalog.read(lambda tx: tx.devices.by_fingerprint(digest(1)))
        assert found
        assert (found[0].id, found[0].expires_us) == (device.id, NOW + DAY)

    def test_devices_are_listed_by_account(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        devices = [enrolled(catalog, who.id, seed) for seed, who in enumerate((sara, omid, sara))]
        assert catalog.read(lambda tx: tx.devices.of(sara.id)) == [devices[0], devices[2]]
        assert catalog.read(lambda tx: tx.devices.of(None)) == devices
        assert catalog.read(lambda tx: tx.devices.of(NOBODY)) == []

    @pytest.mark.parametrize("name", HOSTILE)
    def test_any_name_is_only_a_name(self, catalog: Catalog, name: str) -> None:
        account = new_account(catalog)
        device_id = catalog.write(lambda tx: tx.devices.create(account.id, name, name, NOW))
        catalog.write(lambda tx: tx.devices.add_certificate(device_id, digest(1), 1, NOW, TimeUs(NOW + 1)))
        catalog.write(lambda tx: tx.devices.touch(device_id, name, TimeUs(NOW + 5)))
        (device,) = catalog.read(lambda tx: tx.devices.of(account.id))
        assert (device.name, device.address, device.seen_us) == (name, name, NOW + 5)

    def test_a_certificate_belongs_to_one_device_and_needs_it(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        enrolled(catalog, account.id, 1)
        with pytest.raises(ExistsError):
            enrolled(catalog, account.id, 1)
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.devices.add_certificate(NOTHING, digest(3), 1, NOW, NOW))
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.devices.create(NOBODY, "x", "", NOW))

    def test_revoking_ends_the_sessions_of_the_device_and_no_others(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        device, other = enrolled(catalog, account.id, 1), enrolled(catalog, account.id, 2)
        sessions = [begun(catalog, account.id, seed, of) for seed, of in ((11, device.id), (12, other.id), (13, None))]
        assert [session.device_id for session in sessions] == [device.id, other.id, None]
        assert catalog.read(lambda tx: tx.sessions.of(account.id)) == sessions
        assert catalog.read(lambda tx: tx.sessions.by_token(digest(11))) == (sessions[0], account)
        catalog.write(lambda tx: tx.devices.revoke(device.id, TimeUs(NOW + 3)))
        catalog.write(lambda tx: tx.devices.revoke(device.id, TimeUs(NOW + 9)))
        assert catalog.read(lambda tx: tx.sessions.of(account.id)) == sessions[1:]
        found = catalog.read(lambda tx: tx.devices.by_fingerprint(digest(1)))
        assert found
        assert found[0].revoked_us == NOW + 3, "the first date stays"
        assert catalog.read(lambda tx: tx.devices.revoked(NOW)) == [(2**159 + 1, NOW + 3)]

    def test_a_deleted_account_s_certificates_are_revoked_until_they_end(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        enrolled(catalog, account.id, 1)
        catalog.write(lambda tx: tx.accounts.delete(account.id))
        assert catalog.read(lambda tx: tx.devices.by_fingerprint(digest(1))) is None
        assert catalog.read(lambda tx: tx.devices.of(None)) == []
        assert catalog.read(lambda tx: tx.devices.revoked(NOW)) == [(2**159 + 1, NOW)]
        assert catalog.read(lambda tx: tx.devices.revoked(TimeUs(NOW + DAY))) == []

    def test_what_has_ended_is_forgotten(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        old, new = enrolled(catalog, account.id, 1, NOW + 5), enrolled(catalog, account.id, 2)
        catalog.write(lambda tx: tx.devices.add_code(account.id, digest(3), TimeUs(NOW + 5)))
        assert catalog.write(lambda tx: tx.devices.delete_expired(TimeUs(NOW + 4))) == 0
        assert catalog.write(lambda tx: tx.devices.delete_expired(TimeUs(NOW + 5))) == 2
        assert catalog.read(lambda tx: tx.devices.of(None)) == [new]
        assert catalog.read(lambda tx: tx.devices.get(old.id)) is None

    def test_a_code_works_once_and_in_time(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        for seed in (1, 2):
            add_code(catalog, account.id, seed)
        assert catalog.read(lambda tx: tx.devices.count_codes(account.id, NOW)) == 2
        assert catalog.read(lambda tx: tx.devices.by_code(digest(1), NOW)) == account.id
        assert catalog.read(lambda tx: tx.devices.by_code(digest(1), TimeUs(NOW + 5))) is None
        assert catalog.write(lambda tx: tx.devices.take_code(digest(9), NOW)) is None
        assert catalog.write(lambda tx: tx.devices.take_code(digest(1), NOW)) == account.id
        assert catalog.write(lambda tx: tx.devices.take_code(digest(1), NOW)) is None
        assert catalog.write(lambda tx: tx.devices.take_code(digest(2), TimeUs(NOW + 5))) is None
        assert catalog.read(lambda tx: tx.devices.count_codes(account.id, TimeUs(NOW + 5))) == 0
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.devices.add_code(NOBODY, digest(4), NOW))
