"""What holds for all tests."""

import os
from collections.abc import Iterator

import pytest

from secure_file_transfer.testing.forks import Nursery
from secure_file_transfer.testing.quick import make_quick

# Servers under test open no fixed ports beside the one they are asked for; tests of FTPS say which they want.
os.environ.setdefault("SFT_FTPS_ENABLED", "false")


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    """Servers in the tests' own process start quickly: the tests of passwords and of migrations take the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        make_quick(patch.setattr)
        yield


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where server processes come from at once, for tests that do not look at the start itself."""
    with Nursery() as made:
        yield made
