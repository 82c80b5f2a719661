"""What every event bus must do."""

import threading

import pytest

from secure_file_transfer.ports.events import OPERATORS, Event, EventBus, Topic


def an_event(text: str) -> Event:
    return Event(Topic.SERVER, "said", {"text": text}, OPERATORS)


class Heard:
    """A subscriber that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._came = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._came:
            self.events.append(event)
            self._came.notify_all()

    def texts(self, count: int) -> list[str]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.events) >= count, timeout=10)
        return [str(event.data["text"]) for event in self.events]


class EventBusContract:
    """Subclass it with a fixture `bus`."""

    @pytest.fixture
    def bus(self) -> EventBus:
        raise NotImplementedError

    def test_all_subscribers_hear_all_events_in_order(self, bus: EventBus) -> None:
        one, other = Heard(), Heard()
        bus.subscribe(one)
        bus.subscribe(other)
        said = [str(number) for number in range(100)]
        for text in said:
            bus.publish(an_event(text))
        assert one.texts(100) == other.texts(100) == said

    def test_numbers_grow(self, bus: EventBus) -> None:
        heard = Heard()
        bus.subscribe(heard)
        for _ in range(3):
            bus.publish(an_event("x"))
        heard.texts(3)
        numbers = [event.number for event in heard.events]
        assert numbers == sorted(set(numbers))
        assert numbers[0] > 0

    def test_nothing_comes_after_the_end(self, bus: EventBus) -> None:
        gone, there = Heard(), Heard()
        end = bus.subscribe(gone)
        bus.subscribe(there)
        bus.publish(an_event("first"))
        gone.texts(1)
        end()
        end()
        bus.publish(an_event("second"))
        assert there.texts(2) == ["first", "second"]
        assert gone.texts(1) == ["first"]

    def test_many_threads_publish_and_both_subscribers_agree_on_the_order(self, bus: EventBus) -> None:
        one, other = Heard(), Heard()
        bus.subscribe(one)
        bus.subscribe(other)

        def work(name: int) -> None:
            for number in range(50):
                bus.publish(an_event(f"{name}:{number}"))

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        said = one.texts(200)
        assert said == other.texts(200)
        for name in range(4):
            assert [text for text in said if text.startswith(f"{name}:")] == [f"{name}:{each}" for each in range(50)]

    def test_a_subscriber_that_fails_keeps_nobody_else_from_hearing(self, bus: EventBus) -> None:
        def fails(_: Event) -> None:
            raise ValueError("a fault")

        heard = Heard()
        bus.subscribe(fails)
        bus.subscribe(heard)
        bus.publish(an_event("still here"))
        assert heard.texts(1) == ["still here"]
