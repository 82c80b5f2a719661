"""Every command of the shell: both its names, what its words are, and its one line. The one table of the shell.

Parsing, completion, `help` and the table in docs/shell.md follow it. What does the work is mostly the same function as
behind `sft ls` and its kin.
"""

from dataclasses import dataclass
from enum import Enum


class Words(Enum):
    """What the words after a command are."""

    NONE = 0
    REMOTE = 1
    """Paths on the server, which may be patterns."""
    MOVE = 2
    """The same, and last where to."""
    FOLDER = 3
    """A folder on the server."""
    NEW = 4
    """A path on the server that is not there yet."""
    LIST = 5
    """One path on the server; what matches a pattern is listed itself."""
    GET = 6
    """Paths on the server, and last one here."""
    MGET = 7
    """Paths on the server only."""
    PUT = 8
    """Paths here, and last one on the server."""
    MPUT = 9
    """Paths here only."""
    LOCAL = 10
    SHARE = 11
    """A path on the server, an account, a level."""
    COMMAND = 12


@dataclass(frozen=True, slots=True)
class Verb:
    """One command. `target` is `module:attribute` within the package of the command line; `others` are more names."""

    name: str
    others: tuple[str, ...]
    words: Words
    target: str
    usage: str
    summary: str

    @property
    def ftp(self) -> str:
        """What FTP calls it; empty where FTP has no word."""
        return ", ".join(name for name in self.others if name.isupper())


def _verb(names: str, words: Words, target: str, usage: str, summary: str) -> Verb:
    name, *others = names.split()
    return Verb(name, tuple(others), words, target, usage, summary)


GROUPS: dict[str, tuple[Verb, ...]] = {
    "On the server": (
        _verb(
            "ls LIST NLST dir", Words.LIST, "browse:ls", "[OPTIONS] [PATH]", "List a folder, or what a pattern matches."
        ),
        _verb("cd CWD", Words.FOLDER, "shell.verbs:cd", "[PATH]", "Go to a folder; 'cd -' goes back."),
        _verb("cdup CDUP", Words.NONE, "shell.verbs:cdup", "", "Go one folder up."),
        _verb("pwd PWD", Words.NONE, "shell.verbs:pwd", "", "Show which folder you are in."),
        _verb("mkdir MKD", Words.NEW, "change:mkdir", "[-p] PATH...", "Make folders."),
        _verb("rmdir RMD", Words.FOLDER, "shell.verbs:rmdir", "PATH...", "Remove empty folders."),
        _verb("rm DELE del delete", Words.REMOTE, "change:rm", "[-r] [-f] PATH...", "Remove files and folders."),
        _verb("mv rename", Words.MOVE, "change:mv", "[OPTIONS] SOURCE... TARGET", "Move or rename."),
        _verb("rnfr RNFR", Words.REMOTE, "shell.verbs:rnfr", "PATH", "Say what to rename; RNTO says to what."),
        _verb("rnto RNTO", Words.NEW, "shell.verbs:rnto", "PATH", "Rename what RNFR said."),
        _verb("cp", Words.MOVE, "change:cp", "[OPTIONS] SOURCE... TARGET", "Copy on the server."),
        _verb("cat", Words.REMOTE, "receiving:cat", "PATH...", "Show what is in a file."),
        _verb("stat", Words.REMOTE, "browse:stat", "PATH...", "Show all that is known of a file or folder."),
        _verb("jobs", Words.NONE, "jobs:jobs_list", "", "List what the server does by itself for you."),
        _verb("df", Words.NONE, "browse:df", "", "Show how much space is used and free."),
    ),
    "Transfers": (
        _verb("get RETR", Words.GET, "receiving:get", "[OPTIONS] REMOTE... [LOCAL]", "Fetch files, with -r folders."),
        _verb("put STOR", Words.PUT, "sending:put", "[OPTIONS] LOCAL... [REMOTE]", "Send files, with -r folders."),
        _verb("mget", Words.MGET, "receiving:get", "[OPTIONS] REMOTE...", "Fetch all of these into the folder here."),
        _verb("mput", Words.MPUT, "sending:put", "[OPTIONS] LOCAL...", "Send all of these into the folder there."),
    ),
    "Sharing": (
        _verb(
            "share SHAR grant",
            Words.SHARE,
            "shell.verbs:share",
            "PATH [USER|@GROUP [LEVEL]]",
            "Share; asks for what you leave out.",
        ),
        _verb("unshare UNSH revoke", Words.SHARE, "sharing:revoke", "PATH [USER|@GROUP]", "Stop sharing."),
        _verb("shared SHWM", Words.NONE, "sharing:shared", "", "List what others share with you."),
        _verb("shares SHBM grants", Words.FOLDER, "sharing:grants", "[PATH]", "List what you share, and with whom."),
    ),
    "Here": (
        _verb("lcd", Words.LOCAL, "shell.verbs:lcd", "[PATH]", "Go to a folder of this computer."),
        _verb("lpwd", Words.NONE, "shell.verbs:lpwd", "", "Show which folder of this computer you are in."),
        _verb("lls", Words.LOCAL, "shell.verbs:lls", "[-l] [PATH...]", "List a folder of this computer."),
    ),
    "The shell": (
        _verb("whoami", Words.NONE, "signin:whoami", "", "Show who you are and where."),
        _verb("help HELP ?", Words.COMMAND, "shell.verbs:help_", "[COMMAND]", "Explain the commands, or one."),
        _verb("quit QUIT exit bye", Words.NONE, "shell.verbs:quit_", "", "Leave, as Ctrl-D does."),
    ),
}

VERBS: tuple[Verb, ...] = tuple(verb for group in GROUPS.values() for verb in group)

_BY_NAME = {name.lower(): verb for verb in VERBS for name in (verb.name, *verb.others)}

NAMES = frozenset(_BY_NAME)


def find(name: str) -> Verb | None:
    """The command of this name; capitals do not matter, as in FTP."""
    return _BY_NAME.get(name.lower())
