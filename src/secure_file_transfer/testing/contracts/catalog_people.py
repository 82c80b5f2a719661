"""What every catalog promises about accounts, sessions, facts and settings."""

import hashlib
from dataclasses import replace

import pytest

from secure_file_transfer.errors import ExistsError, NotFoundError
from secure_file_transfer.model import Account, AccountId, DriveId, Role, Session, SessionId, TimeUs
from secure_file_transfer.ports import Catalog, Factor, SettingRow

from .catalog_kit import HOSTILE, NOW, CatalogBase, new_account, set_fact

HOUR = 3_600_000_000
NOBODY = AccountId(4711)


def token(seed: int) -> bytes:
    return hashlib.sha256(seed.to_bytes(4, "big")).digest()


def sign_in(catalog: Catalog, account: Account, seed: int = 1, ends: int = NOW + HOUR) -> Session:
    return catalog.write(
        lambda tx: tx.sessions.create(account.id, token(seed), "http", "::1", "سارا's browser", NOW, TimeUs(ends))
    )


def named(catalog: Catalog, name: str) -> Account | None:
    return catalog.read(lambda tx: tx.accounts.by_name(name))


class AccountsContract(CatalogBase):
    @pytest.mark.parametrize("role", Role)
    def test_a_created_account_is_found(self, catalog: Catalog, role: Role) -> None:
        account = new_account(catalog, "Sara", role)
        assert (account.name, account.role, account.disabled, account.created_us) == ("Sara", role, False, NOW)
        assert catalog.read(lambda tx: tx.accounts.get(account.id)) == account
        assert catalog.read(lambda tx: tx.accounts.all()) == [account]
        assert catalog.read(lambda tx: tx.accounts.password_hash(account.id)) == "$argon2id$"

    def test_names_are_compared_without_case(self, catalog: Catalog) -> None:
        account = new_account(catalog, "Straße")
        for name in ("Straße", "STRASSE", "strasse"):
            assert named(catalog, name) == account
            with pytest.raises(ExistsError):
                new_account(catalog, name)
        assert catalog.read(lambda tx: tx.accounts.by_name("stras")) is None
        assert len(catalog.read(lambda tx: tx.drives.all())) == 1, "the drive of a refused account is undone too"

    @pytest.mark.parametrize("name", HOSTILE)
    def test_any_account_name_is_only_a_name(self, catalog: Catalog, name: str) -> None:
        new_account(catalog, "innocent")
        assert catalog.read(lambda tx: tx.accounts.by_name(name)) is None
        account = new_account(catalog, name)
        assert catalog.read(lambda tx: tx.accounts.by_name(name)) == account
        assert len(catalog.read(lambda tx: tx.accounts.all())) == 2

    def test_password_and_lock_change(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        catalog.write(lambda tx: tx.accounts.set_password_hash(account.id, "$new$"))
        catalog.write(lambda tx: tx.accounts.set_disabled(account.id, disabled=True))
        assert catalog.read(lambda tx: tx.accounts.password_hash(account.id)) == "$new$"
        found = catalog.read(lambda tx: tx.accounts.get(account.id))
        assert found
        assert found.disabled is True
        catalog.write(lambda tx: tx.accounts.set_disabled(account.id, disabled=False))
        assert catalog.read(lambda tx: tx.accounts.get(account.id)) == account

    def test_delete_ends_sessions_and_leaves_the_drive_to_nobody(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        sign_in(catalog, sara, 1)
        kept = sign_in(catalog, omid, 2)
        catalog.write(lambda tx: tx.accounts.delete(sara.id))
        assert catalog.read(lambda tx: tx.accounts.all()) == [omid]
        assert catalog.read(lambda tx: tx.sessions.by_token(token(1))) is None
        assert catalog.read(lambda tx: tx.sessions.by_token(token(2))) == (kept, omid)
        home = catalog.read(lambda tx: tx.drives.get(sara.home_id))
        assert home
        assert home.owner_id is None

    def test_an_account_made_again_inherits_nothing(self, catalog: Catalog) -> None:
        first = new_account(catalog, "sara")
        session = sign_in(catalog, first)
        catalog.write(lambda tx: tx.accounts.delete(first.id))
        again = new_account(catalog, "sara")
        assert again.id > first.id
        assert again.home_id != first.home_id
        assert catalog.read(lambda tx: tx.sessions.of(again.id)) == []
        assert sign_in(catalog, again).id > session.id

    def test_an_account_that_is_not_there(self, catalog: Catalog) -> None:
        assert catalog.read(lambda tx: tx.accounts.get(NOBODY)) is None
        catalog.write(lambda tx: tx.accounts.delete(NOBODY))
        with pytest.raises(NotFoundError):
            catalog.read(lambda tx: tx.accounts.password_hash(NOBODY))
        for work in (
            lambda tx: tx.accounts.set_password_hash(NOBODY, "x"),
            lambda tx: tx.accounts.set_disabled(NOBODY, disabled=True),
            lambda tx: tx.accounts.set_role(NOBODY, Role.ADMIN),
            lambda tx: tx.accounts.remember(NOBODY, "192.0.2.1", NOW, 3),
        ):
            with pytest.raises(NotFoundError):
                catalog.write(work)

    def test_rates_are_kept_and_seen_through_a_session(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        sign_in(catalog, account)
        assert (account.rate_up, account.rate_down) == (0, 0)
        catalog.write(lambda tx: tx.accounts.set_rates(account.id, 2**40, 7))
        limited = replace(account, rate_up=2**40, rate_down=7)
        assert catalog.read(lambda tx: tx.accounts.get(account.id)) == limited
        found = catalog.read(lambda tx: tx.sessions.by_token(token(1)))
        assert found is not None
        assert found[1] == limited
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.accounts.set_rates(AccountId(999), 1, 1))

    def test_a_role_changes(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        for role in (Role.ADMIN, Role.USER):
            catalog.write(lambda tx, role=role: tx.accounts.set_role(account.id, role))  # type: ignore[misc]
            assert named(catalog, account.name) == replace(account, role=role)

    def test_the_latest_sources_are_known_each_to_its_account(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")

        def remember(account: Account, source: str, at: int) -> None:
            catalog.write(lambda tx: tx.accounts.remember(account.id, source, TimeUs(NOW + at), 2))

        def known(account: Account) -> str:
            return catalog.read(lambda tx: "".join(each for each in "abc" if tx.accounts.knows(account.id, each)))

        remember(omid, "a", 0)
        for at, source in enumerate("aba"):
            remember(sara, source, at)
        assert known(sara) == "ab"
        remember(sara, "c", 9)
        assert (known(sara), known(omid)) == ("ac", "a")
        catalog.write(lambda tx: tx.accounts.forget_sources(sara.id))
        assert (known(sara), known(omid)) == ("", "a")
        catalog.write(lambda tx: tx.accounts.delete(omid.id))
        assert known(omid) == ""

    def test_when_they_were_here_last_is_told_for_many_at_once(self, catalog: Catalog) -> None:
        sara, omid, neda = (new_account(catalog, name) for name in ("sara", "omid", "neda"))
        catalog.write(lambda tx: tx.accounts.remember(sara.id, "a", TimeUs(NOW + 5), 2))
        catalog.write(lambda tx: tx.accounts.remember(omid.id, "a", TimeUs(NOW + 1), 2))
        catalog.write(
            lambda tx: tx.sessions.create(omid.id, token(1), "http", "a", "b", TimeUs(NOW + 9), TimeUs(NOW + 99))
        )
        assert catalog.read(lambda tx: tx.accounts.seen([sara.id, neda.id])) == {sara.id: NOW + 5}
        assert catalog.read(lambda tx: tx.accounts.seen([sara.id, omid.id])) == {sara.id: NOW + 5, omid.id: NOW + 9}
        assert catalog.read(lambda tx: tx.accounts.seen([])) == {}


class SessionsContract(CatalogBase):
    def test_a_session_is_found_by_its_token(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        session = sign_in(catalog, account)
        assert session == Session(session.id, account.id, "http", "::1", "سارا's browser", NOW, NOW, TimeUs(NOW + HOUR))
        assert catalog.read(lambda tx: tx.sessions.by_token(token(1))) == (session, account)
        assert catalog.read(lambda tx: tx.sessions.by_token(token(2))) is None
        assert catalog.read(lambda tx: tx.sessions.of(account.id)) == [session]

    def test_a_token_belongs_to_one_session(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        sign_in(catalog, account)
        with pytest.raises(ExistsError):
            sign_in(catalog, account)

    def test_sessions_of_everybody_are_listed_by_their_last_use(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        first, second, third = sign_in(catalog, sara, 1), sign_in(catalog, omid, 2), sign_in(catalog, sara, 3)
        catalog.write(lambda tx: tx.sessions.touch(first.id, TimeUs(NOW + 5)))
        listed = catalog.read(lambda tx: tx.sessions.all(10))
        assert [(session.id, account) for session, account in listed] == [
            (first.id, sara),
            (third.id, sara),
            (second.id, omid),
        ]
        assert catalog.read(lambda tx: tx.sessions.all(1)) == listed[:1]
        assert catalog.read(lambda tx: tx.sessions.get(second.id)) == (second, omid)
        assert catalog.read(lambda tx: tx.sessions.get(SessionId(999))) is None

    def test_touch_moves_the_last_use(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        session = sign_in(catalog, account)
        catalog.write(lambda tx: tx.sessions.touch(session.id, TimeUs(NOW + 5)))
        catalog.write(lambda tx: tx.sessions.touch(SessionId(999), TimeUs(NOW + 5)))
        (found,) = catalog.read(lambda tx: tx.sessions.of(account.id))
        assert (found.seen_us, found.created_us) == (NOW + 5, NOW)

    def test_sessions_end_one_by_one_or_all_but_one(self, catalog: Catalog) -> None:
        account, other = new_account(catalog, "sara"), new_account(catalog, "omid")
        mine = [sign_in(catalog, account, seed) for seed in range(5)]
        theirs = sign_in(catalog, other, 9)
        catalog.write(lambda tx: tx.sessions.delete(mine[0].id))
        catalog.write(lambda tx: tx.sessions.delete(mine[0].id))
        assert catalog.write(lambda tx: tx.sessions.delete_of(account.id, but=mine[2].id)) == 3
        assert catalog.read(lambda tx: tx.sessions.of(account.id)) == [mine[2]]
        assert catalog.write(lambda tx: tx.sessions.delete_of(account.id, but=theirs.id)) == 1
        assert catalog.write(lambda tx: tx.sessions.delete_of(account.id)) == 0
        assert catalog.read(lambda tx: tx.sessions.of(other.id)) == [theirs]

    def test_sessions_are_counted_by_door_until_they_expire(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        assert catalog.read(lambda tx: tx.sessions.count(NOW)) == {}
        for seed, (door, ends) in enumerate((("http", NOW + 1), ("http", NOW + 2), ("ftps", NOW + 1))):
            catalog.write(
                lambda tx, seed=seed, door=door, ends=ends: tx.sessions.create(  # type: ignore[misc]
                    account.id, token(seed), door, "::1", "", NOW, TimeUs(ends)
                )
            )
        assert catalog.read(lambda tx: tx.sessions.count(NOW)) == {"http": 2, "ftps": 1}
        assert catalog.read(lambda tx: tx.sessions.count(TimeUs(NOW + 1))) == {"http": 1}

    def test_expired_sessions_are_removed(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        sessions = [sign_in(catalog, account, seed, NOW + seed) for seed in range(1, 6)]
        up = catalog.read(lambda tx: tx.sessions.expired(TimeUs(NOW + 3), 10))
        assert sorted(each.id for each, _ in up) == [each.id for each in sessions[:3]]
        assert {owner for _, owner in up} == {account}
        assert len(catalog.read(lambda tx: tx.sessions.expired(TimeUs(NOW + 3), 2))) == 2
        assert catalog.write(lambda tx: tx.sessions.delete_expired(TimeUs(NOW + 3))) == 3
        assert catalog.read(lambda tx: tx.sessions.of(account.id)) == sessions[3:]

    def test_a_session_needs_an_account(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        catalog.write(lambda tx: tx.accounts.delete(account.id))
        with pytest.raises(NotFoundError):
            sign_in(catalog, account)

    def test_an_account_needs_a_drive(self, catalog: Catalog) -> None:
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.accounts.create("sara", Role.USER, DriveId(99), "x", NOW))


class FactorsContract(CatalogBase):
    def test_a_factor_begins_is_confirmed_by_its_first_code_and_goes(self, catalog: Catalog) -> None:
        account = new_account(catalog)

        def found() -> Factor | None:
            return catalog.read(lambda tx: tx.factors.get(account.id))

        assert found() is None
        for salt in (b"one", b"two"):
            catalog.write(lambda tx, salt=salt: tx.factors.begin(account.id, salt))  # type: ignore[misc]
            assert found() == Factor(account.id, salt, confirmed=False, last_step=0)
        assert catalog.write(lambda tx: tx.factors.use_step(account.id, 7)) is True
        assert found() == Factor(account.id, b"two", confirmed=True, last_step=7)
        for step in (6, 7):
            assert catalog.write(lambda tx, step=step: tx.factors.use_step(account.id, step)) is False  # type: ignore[misc]
        catalog.write(lambda tx: tx.factors.begin(account.id, b"three"))
        assert found() == Factor(account.id, b"three", confirmed=False, last_step=0)
        catalog.write(lambda tx: tx.factors.delete(account.id))
        assert found() is None
        assert catalog.write(lambda tx: tx.factors.use_step(account.id, 9)) is False

    def test_recovery_codes_are_each_accounts_own_and_used_up(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")

        def left(account: Account) -> int:
            return catalog.read(lambda tx: tx.factors.codes_left(account.id))

        for account in (sara, omid):
            codes = [token(1), token(2)]
            catalog.write(lambda tx, id_=account.id, codes=codes: tx.factors.set_codes(id_, codes))  # type: ignore[misc]
        assert catalog.write(lambda tx: tx.factors.use_code(sara.id, token(1))) is True
        assert catalog.write(lambda tx: tx.factors.use_code(sara.id, token(1))) is False
        assert (left(sara), left(omid)) == (1, 2)
        catalog.write(lambda tx: tx.factors.set_codes(sara.id, [token(3)]))
        assert catalog.write(lambda tx: tx.factors.use_code(sara.id, token(2))) is False
        catalog.write(lambda tx: tx.factors.delete(sara.id))
        assert (left(sara), left(omid)) == (0, 2)

    def test_whose_factor_counts_is_told_for_many_at_once(self, catalog: Catalog) -> None:
        sara, omid, neda = (new_account(catalog, name) for name in ("sara", "omid", "neda"))
        for account in (sara, omid):
            catalog.write(lambda tx, id_=account.id: tx.factors.begin(id_, b"salt"))  # type: ignore[misc]
        catalog.write(lambda tx: tx.factors.use_step(sara.id, 7))
        assert catalog.read(lambda tx: tx.factors.confirmed([sara.id, omid.id, neda.id])) == {sara.id}
        assert catalog.read(lambda tx: tx.factors.confirmed([omid.id])) == set()

    def test_they_go_with_their_account(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        catalog.write(lambda tx: tx.factors.begin(account.id, b"salt"))
        catalog.write(lambda tx: tx.factors.set_codes(account.id, [token(1)]))
        catalog.write(lambda tx: tx.accounts.delete(account.id))
        assert catalog.read(lambda tx: tx.factors.get(account.id)) is None
        assert catalog.read(lambda tx: tx.factors.codes_left(account.id)) == 0
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.factors.begin(account.id, b"salt"))


class FactsContract(CatalogBase):
    def test_a_fact_is_set_replaced_and_deleted(self, catalog: Catalog) -> None:
        assert catalog.read(lambda tx: tx.facts.get("key")) is None
        for value in ("one", "", "سه\n3"):
            set_fact(catalog, "key", value)
            assert catalog.read(lambda tx: tx.facts.get("key")) == value
        catalog.write(lambda tx: tx.facts.set("other", "stays"))
        catalog.write(lambda tx: tx.facts.set("key", None))
        catalog.write(lambda tx: tx.facts.set("key", None))
        assert catalog.read(lambda tx: tx.facts.get("key")) is None
        assert catalog.read(lambda tx: tx.facts.get("other")) == "stays"


class SettingsContract(CatalogBase):
    def test_settings_are_set_replaced_and_forgotten_with_who_and_when(self, catalog: Catalog) -> None:
        assert list(catalog.read(lambda tx: tx.settings.all())) == []
        for at, value in enumerate(("", "50", *HOSTILE)):
            now = TimeUs(NOW + at)
            catalog.write(lambda tx, value=value, now=now: tx.settings.set("b", value, value, now))  # type: ignore[misc]
            assert list(catalog.read(lambda tx: tx.settings.all())) == [SettingRow("b", value, now, value)]
        catalog.write(lambda tx: tx.settings.set("a", "1", "ann", NOW))
        assert [each.name for each in catalog.read(lambda tx: tx.settings.all())] == ["a", "b"]
        catalog.write(lambda tx: tx.settings.set("b", None, "ann", NOW))
        catalog.write(lambda tx: tx.settings.set("b", None, "ann", NOW))
        assert list(catalog.read(lambda tx: tx.settings.all())) == [SettingRow("a", "1", NOW, "ann")]
