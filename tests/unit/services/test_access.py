from typing import cast

import pytest

from secure_file_transfer.errors import ForbiddenError, NotFoundError, SecureFileTransferError, SignInRequiredError
from secure_file_transfer.model import Account, AccountId, DriveId, Principal, Rights, Role, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import FileTree
from secure_file_transfer.services.access import Access, Grant

PATH = RemotePath(("f",))
GUEST = Principal(None, None)
ALI = Principal(Account(AccountId(1), "ali", Role.USER, disabled=False, home_id=DriveId(7), created_us=TimeUs(0)), None)


@pytest.fixture
def trees() -> dict[DriveId, FileTree]:
    """Two trees that nobody calls."""
    return {DriveId(number): cast("FileTree", object()) for number in (7, 8)}


def test_an_account_sees_its_own_home_with_all_rights(trees: dict[DriveId, FileTree]) -> None:
    access = Access(trees.__getitem__)
    assert access.grant(ALI) == Grant(trees[DriveId(7)], Rights.ALL)


def test_a_guest_sees_nothing_where_there_are_accounts(trees: dict[DriveId, FileTree]) -> None:
    with pytest.raises(SignInRequiredError):
        Access(trees.__getitem__).grant(GUEST)


def test_a_guest_sees_the_guests_tree_with_the_guests_rights(trees: dict[DriveId, FileTree]) -> None:
    access = Access(guest_tree=trees[DriveId(8)], guest_rights=Rights.CREATE)
    assert access.grant(GUEST) == Grant(trees[DriveId(8)], Rights.CREATE)
    with pytest.raises(SignInRequiredError):  # never what guests see instead of a home
        access.grant(ALI)


def test_without_anything_nobody_sees_anything() -> None:
    for principal in (GUEST, ALI):
        with pytest.raises(SignInRequiredError):
            Access().grant(principal)


def test_guests_have_no_rights_unless_they_are_given(trees: dict[DriveId, FileTree]) -> None:
    assert Access(guest_tree=trees[DriveId(8)]).grant(GUEST).rights is Rights.NONE


@pytest.mark.parametrize("needed", range(16))
@pytest.mark.parametrize("held", range(16))
def test_the_table_of_rights(trees: dict[DriveId, FileTree], held: int, needed: int) -> None:
    grant = Grant(trees[DriveId(7)], Rights(held))
    expected: type[SecureFileTransferError] | None
    if held & needed == needed:
        expected = None
    elif held & Rights.READ:
        expected = ForbiddenError
    else:
        expected = NotFoundError
    if expected is None:
        grant.require(Rights(needed), PATH)
        return
    with pytest.raises(expected):
        grant.require(Rights(needed), PATH)


def test_what_may_not_be_read_reads_like_what_is_not_there(trees: dict[DriveId, FileTree]) -> None:
    with pytest.raises(NotFoundError) as refused:
        Grant(trees[DriveId(7)], Rights.CREATE).require(Rights.READ, PATH)
    assert str(refused.value) == "'/f' is not there"


def test_a_refusal_names_what_is_missing(trees: dict[DriveId, FileTree]) -> None:
    with pytest.raises(ForbiddenError, match="replace or delete or move away '/f'"):
        Grant(trees[DriveId(7)], Rights.READ | Rights.CREATE).require(Rights.ALL, PATH)
