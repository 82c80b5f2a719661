"""The shared values: the numbers that a protocol or a disk depends on, and that nobody can change a value."""

import dataclasses
import inspect

import pytest

from secure_file_transfer import model
from secure_file_transfer.model import LEVELS, Account, AccountId, DriveId, Kind, Principal, Rights, Role, TimeUs
from secure_file_transfer.testing.clock import START_US, FakeClock

VALUES = [cls for _, cls in inspect.getmembers(model, dataclasses.is_dataclass)]


def test_rights_are_the_mask_of_the_sharing_commands() -> None:
    assert {right.name: int(right) for right in Rights} == {"DELETE": 1, "CREATE": 2, "WRITE": 4, "READ": 8}
    assert int(Rights.ALL) == 15
    assert Rights(0) == Rights.NONE


def test_levels_are_the_documented_masks() -> None:
    assert {name: int(rights) for name, rights in LEVELS.items()} == {
        "viewer": 8,
        "dropbox": 2,
        "contributor": 10,
        "editor": 15,
    }


def test_folders_sort_before_files() -> None:
    assert sorted([Kind.FILE, Kind.FOLDER]) == [Kind.FOLDER, Kind.FILE]


def test_block_sizes_are_in_order() -> None:
    assert model.INLINE_BLOCK_MAX < model.BLOCK_SIZE_MIN <= model.BLOCK_SIZE_DEFAULT <= model.BLOCK_SIZE_MAX


def test_every_value_is_frozen_and_slotted() -> None:
    assert len(VALUES) >= 10
    for cls in VALUES:
        assert vars(cls)["__dataclass_params__"].frozen, cls
        assert "__slots__" in vars(cls), cls


def test_a_principal_is_called_by_its_account_or_guest() -> None:
    account = Account(AccountId(1), "ana", Role.USER, disabled=False, home_id=DriveId(1), created_us=TimeUs(0))
    assert Principal(account, None).name == "ana"
    assert Principal(None, None).name == "guest"


def test_the_clock_of_tests_stands_still_until_it_is_moved() -> None:
    clock = FakeClock()
    assert (clock.now_us(), clock.monotonic()) == (START_US, 0.0)
    assert clock.advance(1.5) == START_US + 1_500_000
    assert (clock.now_us(), clock.monotonic()) == (START_US + 1_500_000, 1.5)
    assert clock.advance(us=7) == START_US + 1_500_007
    clock.set(5)
    assert (clock.now_us(), clock.monotonic()) == (5, 1.500007)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
