"""The short versions of the proofs; `python -m benchmarks.proofs` runs the long ones."""

import os
import secrets
from pathlib import Path

import pytest
from benchmarks import crowd_proofs, fault_proofs, ftps_idle, proofs, restart_proofs, tus_proofs
from benchmarks.run import main as run_benchmarks

from secure_file_transfer.testing import rights_machine

MIB = 1 << 20


def seed() -> int:
    chosen = secrets.randbits(32)
    print(f"seed {chosen}")
    return chosen


@pytest.mark.peer
def test_files_come_back_identical_by_cli_library_and_curl(tmp_path: Path) -> None:
    print(proofs.prove_roundtrip(tmp_path, big=9 * MIB + 1, files=60))


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    print(proofs.prove_kill(tmp_path, rounds=3, seed=seed()))


def test_memory_stays_bounded_while_a_big_file_passes(tmp_path: Path) -> None:
    print(proofs.prove_memory(tmp_path, total=300 * MIB))


def test_nothing_is_stored_in_plain_and_a_flipped_bit_is_never_delivered(tmp_path: Path) -> None:
    print(proofs.prove_sealed(tmp_path, flips=15, seed=seed()))


def test_uploads_that_are_cut_off_anywhere_resume(tmp_path: Path) -> None:
    print(tus_proofs.prove_cuts(tmp_path, cuts=16, seed=seed()))


def test_kill_9_loses_no_acknowledged_offset(tmp_path: Path) -> None:
    print(tus_proofs.prove_kills(tmp_path, rounds=2, seed=seed()))


def test_a_connection_that_is_cut_anywhere_costs_a_block(tmp_path: Path) -> None:
    print(fault_proofs.prove_cuts(tmp_path, cuts=6, seed=seed(), total=16 * MIB))


def test_a_block_that_was_changed_on_the_way_goes_again_alone(tmp_path: Path) -> None:
    print(fault_proofs.prove_corrupt(tmp_path, blocks=30, seed=seed()))


def test_transfers_go_on_when_either_side_is_killed(tmp_path: Path) -> None:
    print(restart_proofs.prove_restarts(tmp_path, transfers=4, kills=1, seed=seed(), size=8 * MIB))


def test_of_a_crowd_nobody_is_starved(tmp_path: Path) -> None:
    print(crowd_proofs.prove_crowd(tmp_path, clients=20, people=2, seed=seed(), big=MIB))


def test_of_several_writers_to_one_path_one_whole_version_is_read(tmp_path: Path) -> None:
    print(crowd_proofs.prove_writers(tmp_path, writers=6, seed=seed()))


def test_idle_ftps_sessions_keep_nobody_waiting(tmp_path: Path) -> None:
    print(ftps_idle.prove_idle(tmp_path, sessions=12, listings=100))


def test_nobody_does_what_they_may_not() -> None:
    """Attacks 30, 32 and 58, and whatever else three accounts can try on each other."""
    print(rights_machine.run(300))


@pytest.mark.peer
def test_the_benchmark_runs_against_every_peer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["big", "small", "far", "delta", "text", *(["ftps"] if os.geteuid() == 0 else [])]  # vsftpd wants root
    monkeypatch.setattr("sys.argv", ["run", "--size", "5M", "--files", "20", "--rounds", "1", "--rows", *rows])
    assert run_benchmarks() == 0
    table = capsys.readouterr().out
    assert table.count("by FTPS") == (2 if "ftps" in rows else 0)
    assert table.count("x ") >= 16  # four kinds of work against four peers
    assert table.count("% sent") == 2
    assert table.count("one stream") == 2
    assert "of text over 100 Mbit/s" in table
