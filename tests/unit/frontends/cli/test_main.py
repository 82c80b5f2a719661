import os
import re
import time

import pytest

from secure_file_transfer.errors import TABLE, NoSpaceError
from secure_file_transfer.frontends.cli import commands, main
from secure_file_transfer.frontends.cli.app import build
from secure_file_transfer.frontends.cli.failures import Stopped, UsageError, guarded
from secure_file_transfer.version import __version__

from .conftest import SFT, Run, on_terminal, process

ALL = [(command.name,) for command in commands.COMMANDS] + [
    (command.name, part.name) for command in commands.COMMANDS for part in command.parts
]


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_command_by_group(sft: Run, arguments: tuple[str, ...]) -> None:
    ran = sft(*arguments)
    assert ran.code == 0
    assert ran.err == ""
    for group in commands.GROUPS:
        assert f"\n{group}\n" in ran.out
    for command in commands.COMMANDS:
        assert re.search(rf"^  {command.name} +\S", ran.out, re.MULTILINE)


def test_help_imports_nothing_heavy_and_answers_at_once() -> None:
    env = {"PYTHONPROFILEIMPORTTIME": "1"}
    begin = time.monotonic()
    ran = process("--help", env=env)
    seconds = time.monotonic() - begin
    print(f"sft --help took {seconds:.3f} s")
    assert ran.code == 0
    for heavy in ("aiohttp", "rich.console", "cyclopts", "secure_file_transfer.server", "secure_file_transfer.client"):
        assert f"| {heavy}\n" not in re.sub(r"\| +", "| ", ran.err)
    assert seconds < 1.0


def test_a_command_that_needs_no_server_code_imports_none(server: object) -> None:
    ran = process("ls", "--help", env={"PYTHONPROFILEIMPORTTIME": "1"})
    loaded = set(re.findall(r"\| +(\S+)$", ran.err, re.MULTILINE))
    assert "secure_file_transfer.frontends.cli.connection" in loaded
    assert (
        not {"aiohttp", "asyncio", "secure_file_transfer.server", "secure_file_transfer.config", "rich.progress"}
        & loaded
    )


@pytest.mark.parametrize("names", ALL, ids=" ".join)
def test_every_command_explains_itself_with_an_example(sft: Run, names: tuple[str, ...]) -> None:
    ran = sft(*names, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: sft {' '.join(names)} ")
    found = next(command for command in commands.COMMANDS if command.name == names[0])
    command = found if len(names) == 1 else next(part for part in found.parts if part.name == names[1])
    assert command.summary in ran.out
    assert command.parts or f"sft {' '.join(names)}" in ran.out.split("\n", 1)[1]
    assert sft("help", *names).out == ran.out


def test_the_table_says_what_the_docstrings_say() -> None:
    app = build()
    for names in ALL:
        parsed, _, _ = app.parse_commands(list(names))
        assert parsed == names
        found = next(command for command in commands.COMMANDS if command.name == names[0])
        command = found if len(names) == 1 else next(part for part in found.parts if part.name == names[1])
        if not command.parts:
            function = app[names[0]].default_command if len(names) == 1 else app[names[0]][names[1]].default_command
            assert function is not None
            assert (function.__doc__ or "").startswith(command.summary)


@pytest.mark.parametrize("arguments", [("--version",), ("--version", "--help")])
def test_version(sft: Run, arguments: tuple[str, ...]) -> None:
    ran = sft(*arguments)
    assert ran.code == 0
    assert __version__ in ran.out or "Usage" in ran.out


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["lss"], "There is no command 'sft lss'", "Did you mean 'sft ls'?"),
        (["user", "ad", "x"], "There is no command 'sft user ad'", "Did you mean 'sft user add'?"),
        (["zzzzz"], "There is no command 'sft zzzzz'", "See 'sft --help'."),
        (["--server", "x"], "There is no command before '--server'", "See 'sft --help'."),
        (["ls", "--jsn"], "Unknown option: --jsn. Did you mean --json?", "See 'sft ls --help'."),
        (["ls", "a", "b"], "Too many arguments: b", "See 'sft ls --help'."),
        (["ls", "--sort", "colour"], "Invalid value", "See 'sft ls --help'."),
        (["put"], "Nothing to send", "sft put report.pdf"),
        (["put", "-"], "Standard input has no name", "sft put - /name"),
        (["put", "-", "/dir/"], "Standard input has no name", "sft put - /dir/name"),
        (["put", "-", "x", "/dir/"], "Standard input goes alone", ""),
        (["put", "x", "-"], "The target is a path on the server", ""),
        (["get"], "Nothing to fetch", "sft get /report.pdf"),
        (["get", "-"], "Nothing to fetch", ""),
        (["cat"], "Nothing to show", ""),
        (["rm"], "Nothing to remove", ""),
        (["mkdir"], "No folder to make", ""),
        (["stat"], "Nothing to look at", ""),
        (["mv", "/a"], "Where to?", ""),
        (["cp"], "Nothing to copy", ""),
        (["cert", "init"], "A certificate needs at least one host", ""),
        (["login", "http://nas"], "The server speaks https only", "https://nas"),
        (["login", "nas", "--cafile", "a", "--fingerprint", "b"], "say the same in two ways", ""),
    ],
)
def test_wrong_calls_exit_2_and_say_what_to_do(sft: Run, arguments: list[str], message: str, hint: str) -> None:
    ran = sft(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("sft: ")
    assert message in ran.err
    assert hint in ran.err


def test_shared_options_may_stand_before_the_command(sft: Run, signed_in: object) -> None:
    assert sft("--json", "df").out == sft("df", "--json").out
    assert sft("-q", "--json", "user", "list", "--help").code == 0


@pytest.mark.parametrize("code", sorted(TABLE))
def test_every_error_of_the_table_becomes_its_exit_code(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise TABLE[code]("what happened", hint="what to do")

    assert guarded(fail) == TABLE[code].row.exit
    assert capsys.readouterr() == ("", "sft: what happened\n     what to do\n")


def test_other_ends_have_their_codes(capsys: pytest.CaptureFixture[str]) -> None:
    def raising(error: BaseException) -> int:
        def fail() -> int:
            raise error

        return guarded(fail)

    assert raising(UsageError("no")) == 2
    assert raising(KeyboardInterrupt()) == 130
    assert raising(Stopped(15)) == 143
    assert "Interrupted" in capsys.readouterr().err


def test_a_bug_is_one_line_and_a_way_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise ZeroDivisionError("over\x1b[2J")

    assert guarded(fail) == 70
    err = capsys.readouterr().err
    assert err.startswith("sft: Internal error (ZeroDivisionError: over")
    assert "SFT_DEBUG=1" in err
    assert "Traceback" not in err
    monkeypatch.setenv("SFT_DEBUG", "1")
    assert guarded(fail) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_typed_error_shows_its_origin_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise NoSpaceError

    monkeypatch.setenv("SFT_DEBUG", "1")
    assert guarded(fail) == 11
    assert "Traceback" in capsys.readouterr().err


def test_errors_have_colour_on_a_terminal_only_and_never_with_no_color(signed_in: object) -> None:
    command = [*SFT, "ls", "/nope"]
    assert "\x1b[1;31msft:\x1b[0m '/nope' is not there" in on_terminal(command).out
    plain = on_terminal(command, env={"NO_COLOR": "1"}).out
    assert plain.startswith("sft: '/nope' is not there")
    assert "\x1b" not in plain
    assert "\x1b" not in on_terminal(command, env={"TERM": "dumb"}).out
    assert "\x1b" not in process("ls", "/nope").err


def test_help_has_colour_on_a_terminal_only() -> None:
    assert "\x1b[1mFiles\x1b[0m" in on_terminal([*SFT]).out
    assert "\x1b" not in on_terminal([*SFT], env={"NO_COLOR": "1"}).out
    assert "\x1b" not in on_terminal([*SFT, "ls", "--help"], env={"NO_COLOR": "1"}).out
    assert "\x1b[1mUsage:\x1b[0m" in on_terminal([*SFT, "ls", "--help"]).out


def test_nothing_is_wider_than_80_columns() -> None:
    for command in ([*SFT], [*SFT, "put", "--help"], [*SFT, "login", "--help"], [*SFT, "serve", "--help"]):
        ran = on_terminal(command, env={"NO_COLOR": "1"})
        assert ran.code == 0
        assert max(map(len, ran.out.splitlines())) <= 80


def test_main_takes_the_words_of_the_command_line_when_given_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sft", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"sft {__version__}\n"


def test_the_module_is_the_command() -> None:
    ran = process("--version", env={"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    assert (ran.code, ran.out, ran.err) == (0, f"sft {__version__}\n", "")
