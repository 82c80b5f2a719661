"""Attacks on the FTPS door, each while somebody else moves files; `benchmarks.proofs ftps-attacks` runs them too."""

from collections.abc import Iterator

import pytest
from benchmarks.ftps_attacks import WIRE_ATTACKS, attack
from benchmarks.ftps_attacks_inside import INSIDE_ATTACKS
from benchmarks.ftps_siege import Siege

ATTACKS = WIRE_ATTACKS | INSIDE_ATTACKS
del ATTACKS["16 silent thief"]  # it waits for ten seconds


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    siege = Siege.begin(tmp_path_factory.mktemp("server"), sign_ins=30)
    yield siege
    siege.server.kill()


@pytest.mark.parametrize("name", list(ATTACKS))
def test_attack(siege: Siege, name: str) -> None:
    assert attack(siege, ATTACKS[name]).files
