"""The program's own log lines, where nobody, the script, or the server has set up logging."""

import contextlib
import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from secure_file_transfer.logger import NAME, get_logger
from secure_file_transfer.ports import OPERATORS, Event, Topic
from secure_file_transfer.storage.events import LocalEventBus

SECRET = "sft_1_" + "bearer" * 3
LOUD = {"secret": SECRET[::-1]}


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    before, was = structlog.get_config(), structlog.is_configured()
    structlog.reset_defaults()
    yield
    if was:
        structlog.configure(**before)
    else:
        structlog.reset_defaults()


def fail() -> None:
    token = LOUD["secret"][::-1]
    raise RuntimeError(f"broken after {len(token)} bytes")


def provoke() -> None:
    try:
        fail()
    except RuntimeError as error:
        get_logger().exception("it failed", path="/a\n\x1b[2J")
        get_logger().error("it failed", exc_info=error)
        get_logger().warning("it was odd")


@contextlib.contextmanager
def heard(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger(NAME)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def test_attack_42_the_default_of_structlog_would_show_what_is_to_stay_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else the tests below could not fail."""
    try:
        fail()
    except RuntimeError:
        structlog.get_logger().exception("it failed")
    assert SECRET in capsys.readouterr().out


def test_attack_42_where_nobody_set_up_logging_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    provoke()
    assert capfd.readouterr() == ("", "")


def test_attack_42_a_listener_that_fails_prints_no_secret(capfd: pytest.CaptureFixture[str]) -> None:
    bus = LocalEventBus()

    def listener(_: Event) -> None:
        fail()

    bus.subscribe(listener)
    bus.publish(Event(Topic.SERVER, "tried", {"token": SECRET}, OPERATORS))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rich", [True, False])
def test_attack_42_a_script_that_sets_up_structlog_hears_of_it_without_secrets(
    capfd: pytest.CaptureFixture[str], *, rich: bool
) -> None:
    structlog.configure(processors=None if rich else [structlog.processors.JSONRenderer()])
    provoke()
    out, err = capfd.readouterr()
    assert out.count("RuntimeError: broken after") == 2
    assert "it was odd" in out
    assert SECRET not in out + err


def test_attack_42_a_script_that_sets_up_logging_hears_of_it_without_secrets() -> None:
    said = io.StringIO()
    with heard(logging.StreamHandler(said)):
        provoke()
    lines = said.getvalue()
    assert lines.startswith("it failed path='/a\\n\\x1b[2J'\nTraceback")
    assert lines.count("RuntimeError: broken after") == 2
    assert lines.endswith("it was odd\n")
    assert SECRET not in lines


def test_attack_42_a_handler_gets_no_exception_from_which_it_could_take_more() -> None:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    with heard(Keep()):
        provoke()
    assert [record.exc_info for record in records] == [None] * 3
