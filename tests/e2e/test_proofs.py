"""The short versions of the proofs; `python -m benchmarks.proofs` runs the long ones."""

import os
import secrets
from pathlib import Path

import pytest
from benchmarks import (
    chat_proof,
    crowd_proofs,
    events_idle,
    fault_proofs,
    folder_proofs,
    ftps_idle,
    guard_proof,
    jobs_proof,
    live_proof,
    log_proof,
    proofs,
    restart_proofs,
    revocation_proof,
    timing_proof,
    tus_proofs,
)
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


def test_kill_9_leaves_no_job_done_by_half(tmp_path: Path) -> None:
    print(jobs_proof.prove_jobs(tmp_path, rounds=2, seed=seed(), size=48 * MIB))


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


def test_attacks_26_and_47_guesses_at_every_door_share_their_budgets(tmp_path: Path) -> None:
    """What a busy machine leaves of the throughput says little; `benchmarks.proofs guesses` asks for more."""
    print(guard_proof.prove_guesses(tmp_path, sources=8, account_budget=5, seconds=1, keeps=0.2))


def test_attacks_29_and_33_whatever_runs_is_dead_within_a_second(tmp_path: Path) -> None:
    """Each way to transfer and each way to end it, twice; `benchmarks.proofs revocation` tries all pairs."""
    acts, transfers = list(revocation_proof.ACTS), list(revocation_proof.TRANSFERS)
    cells = [(act, transfers[at % len(transfers)]) for at, act in enumerate(acts * 2)]
    print(revocation_proof.prove_revocation(tmp_path, total=16 * MIB, rate=8 * MIB, cells=cells, tries=3))


def test_attack_27_time_does_not_tell_what_is_there(tmp_path: Path) -> None:
    """A busy machine has long tails: the short version asks for less."""
    print(timing_proof.prove_timing(tmp_path, pairs=120, heavy=5, seed=seed(), within=0.5))


@pytest.mark.parametrize(("slower", "rate"), [([3.0, 4.0], 1.0), ([0.0, 0.5], 0.0), ([1.0, 2.0], 0.5)])
def test_how_often_time_tells_is_counted_in_pairs(slower: list[float], rate: float) -> None:
    assert timing_proof.right_guesses(slower, [1.0, 2.0]) == rate


def test_idle_ftps_sessions_keep_nobody_waiting(tmp_path: Path) -> None:
    print(ftps_idle.prove_idle(tmp_path, sessions=12, listings=100))


def test_of_a_chat_through_lost_connections_each_message_arrives_once_and_in_order(tmp_path: Path) -> None:
    print(chat_proof.prove_chat(tmp_path, messages=60, cuts=5, seed=seed()))


def test_idle_event_connections_take_little_and_keep_nobody_waiting(tmp_path: Path) -> None:
    # With few of them what large files leave behind counts for much.
    print(events_idle.prove_idle_events(tmp_path, connections=300, listings=100, large=1 << 20))


def test_nobody_does_what_they_may_not() -> None:
    """Attacks 30, 32, 48, 53 and 58, and whatever else three accounts and two visitors can try on each other."""
    print(rights_machine.run(300))


def test_an_export_of_the_log_takes_bounded_memory(tmp_path: Path) -> None:
    print(log_proof.prove_export(tmp_path, rows=3000))


def test_what_it_costs_to_be_written_down_is_measured(tmp_path: Path) -> None:
    print(log_proof.prove_cost(tmp_path, times=2))


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


def test_attacks_7_and_8_nothing_leads_out_of_a_folder_drive(tmp_path: Path) -> None:
    print(folder_proofs.prove_races(tmp_path, races=400, seed=seed()))


def test_a_large_folder_drive_is_listed_whole_in_every_order(tmp_path: Path) -> None:
    print(folder_proofs.prove_large(tmp_path, files=3500))


def test_an_operator_sees_ends_and_warns_many_within_a_second(tmp_path: Path) -> None:
    """What a busy machine takes says little; `benchmarks.proofs live` asks for more."""
    print(live_proof.prove_live(tmp_path, clients=12, rate=256 * 1024, seconds=8, cost=None))
