"""Log lines: where they go, what they hold, and what they never hold."""

import json
from collections.abc import Iterator

import pytest
import structlog

from secure_file_transfer.server.logs import configure_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail(secret: str) -> None:
    key = secret.encode()
    raise RuntimeError(f"broken after {len(key)} bytes")


@pytest.mark.parametrize("form", ["text", "json"])
def test_attack_42_a_traceback_shows_no_local_variable(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", form)
    try:
        fail(f"the-{'master'}-key")  # not as it stands in the source line, which a traceback does show
    except RuntimeError as error:
        structlog.get_logger().error("request failed", exc_info=error)
    said = capsys.readouterr().err
    assert "broken after 14 bytes" in said
    assert "the-master-key" not in said


def test_json_lines_are_one_object_each_and_stdout_stays_free(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    structlog.get_logger().info("request", path="/a\nb", status=200)
    structlog.get_logger().warning("گزارش")
    out, err = capsys.readouterr()
    assert out == ""
    first, second = (json.loads(line) for line in err.splitlines())
    assert (first["event"], first["path"], first["level"]) == ("request", "/a\nb", "info")
    assert second["event"] == "گزارش"


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("warning", "text")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    said = capsys.readouterr().err
    assert "quiet" not in said
    assert "loud" in said
