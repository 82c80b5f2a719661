"""What every catalog promises about API tokens."""

import hashlib

import pytest

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import AccountId, ApiToken, Scope, TimeUs, TokenId
from secure_file_transfer.ports import Catalog

from .catalog_kit import HOSTILE, NOW, CatalogBase, new_account

READ = (Scope.FILES_READ,)
NOTHING = TokenId(4711)


def digest(seed: int) -> bytes:
    return hashlib.sha256(b"token %d" % seed).digest()


def made(catalog: Catalog, account_id: AccountId, seed: int, ends: int | None = None, name: str = "backup") -> TokenId:
    expires = None if ends is None else TimeUs(ends)
    return catalog.write(lambda tx: tx.tokens.create(account_id, digest(seed), name, READ, "/a b", NOW, expires))


def numbers(catalog: Catalog, account_id: AccountId | None, limit: int = 10) -> list[TokenId]:
    return [each.id for each in catalog.read(lambda tx: tx.tokens.of(account_id, limit))]


class TokensContract(CatalogBase):
    def test_a_token_is_found_by_its_hash_and_by_its_number(self, catalog: Catalog) -> None:
        account = new_account(catalog, "sara")
        token_id = catalog.write(
            lambda tx: tx.tokens.create(account.id, digest(1), "backup", list(Scope), "/a b", NOW, TimeUs(NOW + 5))
        )
        token = ApiToken(
            token_id, account.id, "sara", "backup", frozenset(Scope), "/a b", NOW, TimeUs(NOW + 5), None, ""
        )
        assert catalog.read(lambda tx: tx.tokens.by_hash(digest(1))) == (token, account)
        assert catalog.read(lambda tx: tx.tokens.get(token_id)) == (token, account)
        assert catalog.read(lambda tx: tx.tokens.by_hash(digest(2))) is None
        assert catalog.read(lambda tx: tx.tokens.get(NOTHING)) is None

    def test_tokens_are_listed_by_account(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        first, second, third = (made(catalog, who.id, seed) for seed, who in enumerate((sara, omid, sara)))
        assert numbers(catalog, sara.id) == [first, third]
        assert numbers(catalog, None) == [first, second, third]
        assert numbers(catalog, None, 2) == [first, second]
        assert numbers(catalog, AccountId(4711)) == []

    def test_its_last_use_is_noted(self, catalog: Catalog) -> None:
        token_id = made(catalog, new_account(catalog).id, 1)
        catalog.write(lambda tx: tx.tokens.touch(token_id, "::1", TimeUs(NOW + 5)))
        found = catalog.read(lambda tx: tx.tokens.get(token_id))
        assert found
        assert (found[0].seen_us, found[0].address, found[0].expires_us) == (NOW + 5, "::1", None)
        catalog.write(lambda tx: tx.tokens.touch(NOTHING, "::1", NOW))
        assert catalog.read(lambda tx: tx.tokens.get(NOTHING)) is None

    def test_it_ends_alone_with_others_or_with_its_account(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        first, second, third, fourth = (made(catalog, who.id, at) for at, who in enumerate((sara, sara, omid, omid)))
        catalog.write(lambda tx: tx.tokens.delete(first))
        catalog.write(lambda tx: tx.tokens.delete(NOTHING))
        assert numbers(catalog, None) == [second, third, fourth]
        assert catalog.write(lambda tx: tx.tokens.delete_of(omid.id)) == 2
        catalog.write(lambda tx: tx.accounts.delete(sara.id))
        assert numbers(catalog, None) == []
        assert catalog.read(lambda tx: tx.tokens.by_hash(digest(1))) is None

    def test_expired_ones_are_forgotten_when_told(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        made(catalog, account.id, 1, NOW)
        later, ever = made(catalog, account.id, 2, NOW + 1), made(catalog, account.id, 3)
        assert catalog.write(lambda tx: tx.tokens.delete_expired(NOW)) == 1
        assert numbers(catalog, account.id) == [later, ever]

    def test_nobody_has_a_token(self, catalog: Catalog) -> None:
        with pytest.raises(NotFoundError):
            made(catalog, AccountId(4711), 1)

    @pytest.mark.parametrize("name", HOSTILE)
    def test_any_name_of_a_token_is_only_a_name(self, catalog: Catalog, name: str) -> None:
        token_id = made(catalog, new_account(catalog).id, 1, name=name)
        found = catalog.read(lambda tx: tx.tokens.get(token_id))
        assert found
        assert found[0].name == name
