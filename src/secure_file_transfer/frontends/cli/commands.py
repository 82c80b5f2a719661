"""Every command by name: where it lives, how it is called, and its one line. The one table of the command line.

The overview, the parser, the completions and docs/cli.md are made from it. Commands are named by import path, so
that a command pays only for what it imports itself.
"""

from dataclasses import dataclass

FILES = "Files"
SHARING = "Sharing"
SIGN_IN = "Sign-in"
SERVER = "Server"
SHELL = "Shell"
GROUPS = (FILES, SHARING, SIGN_IN, SERVER, SHELL)


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `target` is `module:attribute` within this package; `usage` follows the name.

    A command with `parts` is a family (`sft user add`) and does nothing itself.
    """

    name: str
    group: str
    target: str
    usage: str
    summary: str
    parts: "tuple[Command, ...]" = ()


def _part(name: str, target: str, usage: str, summary: str) -> Command:
    return Command(name, "Commands", target, usage, summary)


COMMANDS = (
    Command("share", SHARING, "share:share", "[OPTIONS] PATH...", "Share folders and files of this computer, now."),
    Command("put", FILES, "sending:put", "[OPTIONS] LOCAL... [REMOTE]", "Send files and folders to the server."),
    Command("get", FILES, "receiving:get", "[OPTIONS] REMOTE... [LOCAL]", "Fetch files and folders from the server."),
    Command("sync", FILES, "sync:sync", "[OPTIONS] SOURCE TARGET", "Make a folder like another, here or there."),
    Command("ls", FILES, "browse:ls", "[OPTIONS] [PATH]", "List a folder."),
    Command("find", FILES, "find:find", "[OPTIONS] PATTERN [PATH]", "Find files and folders by name."),
    Command("stat", FILES, "browse:stat", "[OPTIONS] PATH...", "Show all that is known of a file or folder."),
    Command("cat", FILES, "receiving:cat", "[OPTIONS] PATH...", "Write a file's content to standard output."),
    Command("mkdir", FILES, "change:mkdir", "[OPTIONS] PATH...", "Make folders."),
    Command("mv", FILES, "change:mv", "[OPTIONS] SOURCE... TARGET", "Move or rename files and folders."),
    Command("cp", FILES, "change:cp", "[OPTIONS] SOURCE... TARGET", "Copy files and folders on the server."),
    Command("rm", FILES, "change:rm", "[OPTIONS] PATH...", "Remove files and folders."),
    Command(
        "zip",
        FILES,
        "packing:zip_",
        "[OPTIONS] PATH... TARGET.zip",
        "Pack files and folders into an archive on the server.",
    ),
    Command(
        "verify",
        FILES,
        "packing:verify",
        "[OPTIONS] [PATH]",
        "Read all that is stored on the server; name what is damaged.",
    ),
    Command(
        "jobs",
        FILES,
        "",
        "COMMAND",
        "See what the server does by itself for you.",
        (
            _part("list", "jobs:jobs_list", "[OPTIONS]", "List your jobs."),
            _part("show", "jobs:jobs_show", "[OPTIONS] ID", "Show how far a job is, or what came of it."),
            _part("wait", "jobs:jobs_wait", "[OPTIONS] ID", "Wait for a job."),
            _part("cancel", "jobs:jobs_cancel", "[OPTIONS] ID...", "End jobs; nothing half is left of them."),
            _part("rm", "jobs:jobs_rm", "[OPTIONS] [ID...]", "Forget jobs that have ended."),
        ),
    ),
    Command(
        "trash",
        FILES,
        "",
        "COMMAND",
        "Put back what was deleted.",
        (
            _part("list", "kept:trash_list", "[OPTIONS]", "List what you deleted and can put back."),
            _part("restore", "kept:trash_restore", "[OPTIONS] ID...", "Put things back where they were."),
            _part("rm", "kept:trash_rm", "[OPTIONS] ID...", "Remove things from the trash for good."),
            _part("empty", "kept:trash_empty", "[OPTIONS]", "Remove all that lies in the trash for good."),
        ),
    ),
    Command(
        "versions",
        FILES,
        "",
        "COMMAND",
        "See and restore what files were.",
        (
            _part("list", "kept:versions_list", "[OPTIONS] PATH", "List what a file was before it was replaced."),
            _part("restore", "kept:versions_restore", "[OPTIONS] PATH VERSION", "Make a version the present one."),
            _part("rm", "kept:versions_rm", "[OPTIONS] PATH VERSION", "Remove an earlier version for good."),
        ),
    ),
    Command("df", FILES, "browse:df", "[OPTIONS]", "Show how much space is used and free."),
    Command("bench", FILES, "bench:bench", "[OPTIONS]", "Measure the way to the server, and say what limits it."),
    Command("grant", SHARING, "sharing:grant", "[OPTIONS] PATH USER|@GROUP LEVEL", "Share a file or folder."),
    Command("revoke", SHARING, "sharing:revoke", "[OPTIONS] PATH [USER|@GROUP]", "Stop sharing a file or folder."),
    Command("grants", SHARING, "sharing:grants", "[OPTIONS] [PATH]", "List what you share, and with whom."),
    Command("shared", SHARING, "sharing:shared", "[OPTIONS]", "List what others share with you."),
    Command(
        "link",
        SHARING,
        "",
        "COMMAND",
        "Share with whoever has a URL.",
        (
            _part("create", "links:link_create", "[OPTIONS] PATH", "Make a link to a file or folder of yours."),
            _part("list", "links:link_list", "[OPTIONS]", "List your links."),
            _part("show", "links:link_show", "[OPTIONS] ID", "Show a link again, with its URL."),
            _part("rm", "links:link_rm", "[OPTIONS] ID...", "End links."),
        ),
    ),
    Command("chat", SHARING, "chat:chat", "[OPTIONS] [USER]", "Talk with the operators of the server, or with USER."),
    Command("login", SIGN_IN, "signin:login", "[OPTIONS] URL", "Sign in to a server and remember it."),
    Command("logout", SIGN_IN, "signin:logout", "[OPTIONS]", "Sign out; the server forgets the session at once."),
    Command("register", SIGN_IN, "account:register", "[OPTIONS] URL", "Make an account for yourself, if you may."),
    Command("passwd", SIGN_IN, "account:passwd", "[OPTIONS]", "Change your password; ends all your other sessions."),
    Command("whoami", SIGN_IN, "signin:whoami", "[OPTIONS]", "Show who you are and where."),
    Command("servers", SIGN_IN, "signin:servers", "[OPTIONS]", "List the servers you know, or choose another one."),
    Command(
        "sessions",
        SIGN_IN,
        "",
        "COMMAND",
        "See who is signed in, and end sessions.",
        (
            _part("list", "sessions:sessions_list", "[OPTIONS]", "List your sessions."),
            _part("end", "sessions:sessions_end", "[OPTIONS] [ID...]", "End sessions; their transfers stop."),
        ),
    ),
    Command(
        "token",
        SIGN_IN,
        "",
        "COMMAND",
        "Let programs sign in, for as much as they need.",
        (
            _part("create", "tokens:token_create", "[OPTIONS] NAME", "Make a token for a program."),
            _part("list", "tokens:token_list", "[OPTIONS]", "List your tokens."),
            _part("rm", "tokens:token_rm", "[OPTIONS] [ID...]", "Revoke tokens; what they transfer stops."),
        ),
    ),
    Command(
        "totp",
        SIGN_IN,
        "",
        "COMMAND",
        "Sign in with a code beside the password.",
        (
            _part("status", "totp:totp_status", "[OPTIONS]", "Show whether your sign-ins need a code."),
            _part(
                "enable", "totp:totp_enable", "[OPTIONS]", "Ask for a code of your authenticator app at each sign-in."
            ),
            _part(
                "recovery", "totp:totp_recovery", "[OPTIONS]", "Get ten new recovery codes in place of the old ones."
            ),
            _part("disable", "totp:totp_disable", "[OPTIONS]", "Sign in without codes again."),
        ),
    ),
    Command("serve", SERVER, "serve:serve", "[OPTIONS]", "Start the server."),
    Command("discover", SIGN_IN, "discover:discover", "[OPTIONS]", "List the servers on the local network."),
    Command("status", SERVER, "operations:status", "[OPTIONS]", "Show how the server is, and what moves."),
    Command("limits", SERVER, "operations:limits", "[OPTIONS]", "Show the server's limits, or change them."),
    Command("stop", SERVER, "operations:stop", "[OPTIONS]", "Stop the server, also once its transfers are done."),
    Command(
        "user",
        SERVER,
        "",
        "COMMAND",
        "Make and manage accounts.",
        (
            _part("add", "admin:user_add", "[OPTIONS] NAME", "Make an account."),
            _part("list", "users:user_list", "[OPTIONS]", "List the accounts, and what each holds of what it may."),
            _part("passwd", "admin:user_passwd", "[OPTIONS] NAME", "Set a new password; ends all sessions."),
            _part(
                "set",
                "users:user_set",
                "[OPTIONS] NAME",
                "Change what an account may hold, how fast it is, until when it is good.",
            ),
            _part("approve", "users:user_approve", "[OPTIONS] NAME", "Let an account that registered itself sign in."),
            _part(
                "reject", "users:user_reject", "[OPTIONS] NAME", "Remove an account that registered itself and waits."
            ),
            _part("reset", "users:user_reset", "[OPTIONS] NAME", "Print a link by which somebody sets a new password."),
            _part("disable", "admin:user_disable", "[OPTIONS] NAME", "Lock an account; ends all its sessions."),
            _part("enable", "admin:user_enable", "[OPTIONS] NAME", "Unlock an account."),
            _part(
                "role", "admin:user_role", "[OPTIONS] NAME admin|user", "Make an administrator, or not; ends sessions."
            ),
            _part(
                "reset-totp", "admin:user_reset_totp", "[OPTIONS] NAME", "Take the second factor away from an account."
            ),
            _part("delete", "admin:user_delete", "[OPTIONS] NAME", "Delete an account with all its files."),
        ),
    ),
    Command(
        "group",
        SERVER,
        "",
        "COMMAND",
        "Make and manage groups of accounts.",
        (
            _part("add", "groups:group_add", "[OPTIONS] GROUP", "Make a group."),
            _part("list", "groups:group_list", "[OPTIONS]", "List the groups and who is in them."),
            _part("rename", "groups:group_rename", "[OPTIONS] GROUP NAME", "Give a group another name."),
            _part("delete", "groups:group_delete", "[OPTIONS] GROUP", "Delete a group; what was granted to it ends."),
            _part("join", "groups:group_join", "[OPTIONS] GROUP USER...", "Put accounts into a group."),
            _part("leave", "groups:group_leave", "[OPTIONS] GROUP USER...", "Take accounts out of a group."),
        ),
    ),
    Command(
        "mount-folder",
        SERVER,
        "mounts:mount_folder",
        "[OPTIONS] NAME PATH",
        "Show a folder of this computer's disk as a drive.",
    ),
    Command("mounts", SERVER, "mounts:mounts", "[OPTIONS]", "List the folders that are mounted, and for whom."),
    Command("unmount-folder", SERVER, "mounts:unmount_folder", "[OPTIONS] NAME", "Show a folder no more."),
    Command(
        "guard",
        SERVER,
        "",
        "COMMAND",
        "See who has to wait after wrong guesses.",
        (
            _part("list", "sessions:guard_list", "[OPTIONS]", "List who has to wait."),
            _part("unblock", "sessions:guard_unblock", "[OPTIONS] [WHO...]", "Let somebody guess again at once."),
        ),
    ),
    Command("clients", SERVER, "clients:clients", "[OPTIONS]", "List who is connected, and what they do."),
    Command("kick", SERVER, "clients:kick", "[OPTIONS] ID|USER", "Disconnect somebody; what they transfer stops."),
    Command("warn", SERVER, "clients:warn", "[OPTIONS] ID|USER TEXT", "Warn somebody until they acknowledge it."),
    Command("pause", SERVER, "clients:pause", "[OPTIONS] ID|USER", "Hold what somebody transfers."),
    Command("resume", SERVER, "clients:resume", "[OPTIONS] ID|USER", "Let somebody's transfers go on."),
    Command(
        "warnings",
        SIGN_IN,
        "",
        "COMMAND",
        "See and acknowledge warnings of the operators.",
        (
            _part("list", "clients:warnings_list", "[OPTIONS]", "List the warnings that stand."),
            _part("ack", "clients:warnings_ack", "[OPTIONS] [ID...]", "Say that you have read a warning."),
        ),
    ),
    Command(
        "key",
        SERVER,
        "",
        "COMMAND",
        "Manage the master key.",
        (_part("rotate", "admin:key_rotate", "[OPTIONS]", "Put a new master key in place of the old one."),),
    ),
    Command(
        "cert",
        SIGN_IN,
        "",
        "COMMAND",
        "Sign in by certificates; make certificates.",
        (
            _part("enroll", "devices:cert_enroll", "[OPTIONS] [URL]", "Let this computer sign in by a certificate."),
            _part("list", "devices:cert_list", "[OPTIONS] [USER]", "List the devices that sign in by certificates."),
            _part("revoke", "devices:cert_revoke", "[OPTIONS] NUMBER", "End a device at once."),
            _part("renew", "devices:cert_renew", "[OPTIONS]", "Renew this computer's certificate now."),
            _part("code", "devices:cert_code", "[OPTIONS] [USER]", "Make a one-time code that enrols a device."),
            _part(
                "init",
                "admin:cert_init",
                "--host HOST [OPTIONS]",
                "Make a certificate authority and a server certificate.",
            ),
        ),
    ),
    Command(
        "ca",
        SERVER,
        "",
        "COMMAND",
        "Manage the server's certificate authority.",
        (
            _part("show", "authority:ca_show", "[OPTIONS]", "Show the authority and the server certificate in use."),
            _part("export-csr", "authority:ca_export_csr", "[OPTIONS]", "Write a request for your organisation."),
            _part("import", "authority:ca_import", "[OPTIONS] FILE", "Take in a certificate of your organisation."),
        ),
    ),
    Command("logs", SERVER, "logs:logs", "[OPTIONS]", "See what happened; follow it; export it."),
    Command("sweep", SERVER, "admin:sweep", "[OPTIONS]", "Give back the space of removed files now."),
    Command(
        "shell", SHELL, "shell.command:shell", "[OPTIONS] [PATH]", "Work with the files on the server as in a shell."
    ),
    Command("completion", SHELL, "completion:completion", "bash|zsh|fish", "Print a completion script for your shell."),
)
