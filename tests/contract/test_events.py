"""The event buses against their contract."""

import pytest

from secure_file_transfer.ports.events import EventBus
from secure_file_transfer.storage.events import LocalEventBus
from secure_file_transfer.testing.contracts.events import EventBusContract


class TestLocalEventBus(EventBusContract):
    @pytest.fixture
    def bus(self) -> EventBus:
        return LocalEventBus()
