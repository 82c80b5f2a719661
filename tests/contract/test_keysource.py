"""The sources of the master key against their contract."""

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer.ports import KeySource
from secure_file_transfer.seal.keys import MasterKey, PassphraseParams
from secure_file_transfer.storage.keysource import EnvKeySource, FileKeySource, PassphraseKeySource
from secure_file_transfer.testing.contracts.keysource import KeySourceContract, MakesKeysContract

CHEAP = PassphraseParams(memory_kib=64, passes=1, lanes=1)


class TestFileKeySource(KeySourceContract, MakesKeysContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Callable[[], KeySource]:
        return lambda: FileKeySource(tmp_path)


class TestPassphraseKeySource(KeySourceContract, MakesKeysContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Callable[[], KeySource]:
        return lambda: PassphraseKeySource(tmp_path, lambda: "open sesame, door", lambda: "open sesame, door", CHEAP)


class TestEnvKeySource(KeySourceContract):
    @pytest.fixture
    def opened(self) -> Callable[[], KeySource]:
        environ = {name: MasterKey.generate().to_text() for name in ("SFT_MASTER_KEY", "SFT_MASTER_KEY_NEXT")}
        return lambda: EnvKeySource(environ=environ)
