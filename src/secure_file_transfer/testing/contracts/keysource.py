"""What every `ports.KeySource` promises. A new implementation names itself in a fixture `opened`:

class TestMySource(KeySourceContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Callable[[], KeySource]:
        return lambda: MySource(tmp_path)

Each call opens the same place anew, as another start would. The place has a key and is able to stage one; a source that
makes its keys by itself starts from an empty place, and `MakesKeysContract` holds for it too.
"""

from collections.abc import Callable, Sequence

import pytest

from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.ports import KeySource

Opened = Callable[[], KeySource]


def ids(source: KeySource) -> list[str]:
    """The ids of the candidates, in order."""
    return [key.id for key in source.candidates()]


def secrets_of(source: KeySource) -> Sequence[str]:
    """What must never be shown: each key as text, without its prefix."""
    return [key.to_text()[13:] for key in source.candidates()]


class KeySourceContract:
    """Every promise of `ports.KeySource` that holds once there is a key."""

    @pytest.fixture
    def opened(self) -> Opened:
        raise NotImplementedError("give a function that opens the source under test, in a fixture called 'opened'")

    @pytest.fixture
    def first(self, opened: Opened) -> str:
        """The id of the key in use, which is made here when there is none."""
        source = opened()
        return (list(source.candidates()) or [source.create()])[0].id

    def test_the_key_in_use_is_the_first_candidate_at_every_start(self, opened: Opened, first: str) -> None:
        for _ in range(3):
            assert ids(opened())[0] == first

    def test_a_staged_key_comes_second_and_survives_a_restart(self, opened: Opened, first: str) -> None:
        source = opened()
        with source.rotation():
            staged = source.stage()
        assert staged.id != first
        assert ids(source) == [first, staged.id] == ids(opened())

    @pytest.mark.usefixtures("first")
    def test_a_promoted_key_is_the_only_one(self, opened: Opened) -> None:
        source = opened()
        with source.rotation():
            staged = source.stage()
            source.promote()
        assert ids(source) == [staged.id] == ids(opened())

    def test_what_one_start_staged_the_next_one_promotes(self, opened: Opened, first: str) -> None:
        source = opened()
        with source.rotation():
            staged = source.stage()
        again = opened()
        assert ids(again) == [first, staged.id]
        with again.rotation():
            again.promote()
        assert ids(again) == [staged.id] == ids(opened())

    @pytest.mark.usefixtures("first")
    def test_promoting_twice_or_nothing_changes_nothing(self, opened: Opened) -> None:
        source = opened()
        source.candidates()
        with source.rotation():
            staged = source.stage()
            source.promote()
            source.promote()
        assert ids(source) == [staged.id] == ids(opened())

    @pytest.mark.usefixtures("first")
    def test_the_right_to_rotate_comes_back_after_a_failure(self, opened: Opened) -> None:
        source = opened()
        with pytest.raises(RuntimeError), source.rotation():
            raise RuntimeError
        with opened().rotation():
            pass

    @pytest.mark.usefixtures("first")
    def test_nothing_it_shows_contains_a_secret(self, opened: Opened) -> None:
        source = opened()
        with source.rotation():
            source.stage()
        assert source.describes
        for shown in (source.describes, repr(source), str(source), repr(source.candidates())):
            assert not any(secret in shown for secret in secrets_of(source))


class MakesKeysContract:
    """What a source promises besides that makes its keys by itself and keeps them."""

    def test_an_empty_place_has_no_candidates_and_stays_empty(self, opened: Opened) -> None:
        assert opened().candidates() == []
        assert opened().candidates() == []

    def test_a_created_key_is_there_at_the_next_start(self, opened: Opened) -> None:
        source = opened()
        key = source.create()
        assert ids(source) == [key.id] == ids(opened())

    def test_a_key_is_never_created_over_another(self, opened: Opened) -> None:
        key = opened().create()
        with pytest.raises(ConfigurationError):
            opened().create()
        assert ids(opened()) == [key.id]

    def test_staging_again_replaces_the_staged_key_alone(self, opened: Opened) -> None:
        source = opened()
        key = source.create()
        with source.rotation():
            source.stage()
            staged = source.stage()
        assert ids(source) == [key.id, staged.id] == ids(opened())
