import pytest

from secure_file_transfer.services.beliefs import BELIEVED_SECONDS, Beliefs


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_an_answer_is_believed_for_half_a_second_from_when_it_was_asked_for(watch: Watch) -> None:
    beliefs: Beliefs[int, str] = Beliefs(watch)
    asked = beliefs.ask()
    watch.now += 0.3
    beliefs.take(asked, 1, "sara", b"secret")
    assert (beliefs.of(1), beliefs.by_secret(b"secret")) == ("sara", "sara")
    assert (beliefs.of(2), beliefs.by_secret(b"other")) == (None, None)
    watch.now += BELIEVED_SECONDS - 0.3
    assert (beliefs.of(1), beliefs.by_secret(b"secret")) == (None, None)


def test_a_later_answer_keeps_the_secret(watch: Watch) -> None:
    beliefs: Beliefs[int, str] = Beliefs(watch)
    beliefs.take(beliefs.ask(), 1, "sara", b"secret")
    watch.now += 1
    beliefs.take(beliefs.ask(), 1, "sara again")
    assert beliefs.by_secret(b"secret") == "sara again"


def test_an_answer_from_before_an_ending_is_not_believed_after_it(watch: Watch) -> None:
    beliefs: Beliefs[int, str] = Beliefs(watch)
    asked = beliefs.ask()
    beliefs.drop(7)
    beliefs.take(asked, 7, "sara")
    assert beliefs.of(7) is None
    asked = beliefs.ask()
    beliefs.forget(lambda name: name == "nobody")
    beliefs.take(asked, 7, "sara")
    assert beliefs.of(7) is None


def test_those_that_changed_are_forgotten_with_their_secrets(watch: Watch) -> None:
    beliefs: Beliefs[int, str] = Beliefs(watch)
    for key, name in enumerate(["sara", "omid", "sara"]):
        beliefs.take(beliefs.ask(), key, name, name.encode() + bytes([key]))
    beliefs.forget(lambda name: name == "sara")
    assert [beliefs.of(key) for key in range(3)] == [None, "omid", None]
    assert beliefs.by_secret(b"sara\x00") is None


def test_the_oldest_give_way(watch: Watch) -> None:
    beliefs: Beliefs[int, str] = Beliefs(watch, most=3)
    for key in range(8):
        beliefs.take(beliefs.ask(), key, "sara", bytes([key]))
    assert len(beliefs) == 3
    assert [beliefs.by_secret(bytes([key])) is not None for key in range(8)] == [False] * 5 + [True] * 3
    beliefs.take(beliefs.ask(), 5, "sara")
    beliefs.take(beliefs.ask(), 9, "sara")
    assert beliefs.of(5) == "sara"
    assert beliefs.of(6) is None
