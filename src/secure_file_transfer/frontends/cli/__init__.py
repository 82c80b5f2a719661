"""The command line `sft`.

stdout is data, stderr is for people. Exit codes: 0 done, 1 some items of several failed, 2 usage, 130 interrupted,
and for everything else the `exit` column of the error table.
"""

import sys
from collections.abc import Sequence

_HELP: tuple[list[str], ...] = ([], ["help"], ["--help"], ["-h"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. `argv` is without the program's name.

    The two questions that people ask first, for help and for the version, are answered before anything heavy is
    imported.
    """
    from .failures import guarded
    from .terminal import prepare

    arguments = list(sys.argv[1:] if argv is None else argv)
    prepare()
    return guarded(lambda: _dispatch(arguments))


def _dispatch(arguments: list[str]) -> int:
    if arguments in _HELP:
        from .helptext import overview

        sys.stdout.write(overview())
        return 0
    if arguments == ["--version"]:
        from ...version import __version__

        sys.stdout.write(f"sft {__version__}\n")
        return 0
    from .app import run

    return run(arguments)
