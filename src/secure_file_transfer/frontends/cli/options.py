"""The options that many commands share, so that they are spelled and explained once."""

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from ...model import Compression, Conflict
from .completers import remote_paths, remote_then_local

COMMON = Group("Common options", sort_key=90)
LOCAL = Group("Where the server's data is", sort_key=80)

STDIO = "\0-"
"""What a lone hyphen among the arguments becomes: no path can be that, and a file named `-` is still `./-`."""

Remote = Annotated[str, Parameter(completer=remote_paths)]
RemoteThenLocal = Annotated[str, Parameter(completer=remote_then_local)]
Local = str | Path
"""A local path as it was typed. The parser tries str first, so it is always that, and keeps the final slash; Path
only tells the shells to complete file names."""

Flag = Parameter(negative="", show_default=False)

Server = Annotated[
    str | None,
    Parameter(
        group=COMMON,
        env_var="SFT_SERVER",
        metavar="URL",
        help="Use this server instead of the one you signed in to last.",
    ),
]
Json = Annotated[bool, Parameter(group=COMMON, negative="", show_default=False, help="Print JSON, for programs.")]
Quiet = Annotated[
    bool,
    Parameter(
        alias="-q",
        group=COMMON,
        negative="",
        show_default=False,
        help="No progress and no summary; errors are still told.",
    ),
]
Yes = Annotated[
    bool, Parameter(alias="-y", group=COMMON, negative="", show_default=False, help="Answer every question with yes.")
]
DataDir = Annotated[
    Path | None,
    Parameter(
        group=LOCAL,
        env_var="SFT_DATA_DIR",
        metavar="DIR",
        help="The server's data directory; the user's own data folder by default.",
    ),
]
Config = Annotated[
    Path | None, Parameter(group=LOCAL, env_var="SFT_CONFIG", metavar="FILE", help="A TOML file with settings.")
]
PasswordStdin = Annotated[
    bool,
    Parameter(
        negative="", show_default=False, help="Read the password from the first line of standard input, for scripts."
    ),
]
Recursive = Annotated[
    bool, Parameter(alias="-r", negative="", show_default=False, help="Folders too, with all that is in them.")
]
Priority = Annotated[
    int,
    Parameter(
        metavar="N",
        help="What goes first, here and at the server, of what waits at the same time: 0 (first) to 7 (last).",
        validator=Number(gte=0, lte=7),
    ),
]
Limit = Annotated[
    str | None,
    Parameter(
        metavar="RATE",
        help="Bytes per second at most, such as 500K or 10M, which is 10 MiB/s.",
    ),
]
Compress = Annotated[
    Compression,
    Parameter(
        metavar="HOW",
        help="Make content smaller on its way. auto: with zstd, where that shrinks it and is faster.",
        choices=("auto", "zstd", "gzip", "none"),
        show_choices=True,
    ),
]
Level = Annotated[
    int,
    Parameter(metavar="1-9", help="How hard to compress, from 1 (fast) to 9 (small).", validator=Number(gte=1, lte=9)),
]
ReadBack = Annotated[
    bool,
    Parameter(
        negative="",
        show_default=False,
        help="Have every file sent back once it is stored, and compare it with what was sent.",
    ),
]
OnConflict = Annotated[
    Conflict,
    Parameter(
        metavar="WHAT",
        help="What to do when the name is taken. newer: replace only an older file. rename: keep both. resume: leave "
        "alone what is the same, complete anything else.",
        choices=("overwrite", "skip", "rename", "newer", "resume"),
        show_choices=True,
    ),
]
