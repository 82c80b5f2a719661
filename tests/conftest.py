"""What holds for all tests."""

import os
from collections.abc import Iterator

import pytest

from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.testing.forks import Nursery

# Servers under test open no fixed ports beside the one they are asked for; tests of FTPS say which they want.
os.environ.setdefault("SFT_FTPS_ENABLED", "false")


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Servers in the tests' own process hash passwords quickly: what that costs otherwise, the hasher's tests say."""
    quick = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secure_file_transfer.server.house.PasswordHasher", lambda: quick)
        yield


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where server processes come from at once, for tests that do not look at the start itself."""
    with Nursery() as made:
        yield made
