"""`group`: groups of accounts, on the spot. A running server sees the changes at once."""

from .failures import UsageError
from .options import Config, DataDir, Json, Quiet
from .settings import load_settings
from .terminal import note, out, safe, table
from .values import print_json, time_value


def group_add(group: str, /, *, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False) -> int:
    """Make a group.

        sft group add scanners

    Args:
        group: Its name; sharing calls it @NAME.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        made = local.groups.create(group)
    note(
        f"The group {safe(made.name)} has no members yet. Add some: sft group join {safe(made.name)} USER", quiet=quiet
    )
    return 0


def group_list(*, data_dir: DataDir = None, config: Config = None, json: Json = False, quiet: Quiet = False) -> int:
    """List the groups and who is in them.

    sft group list
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        found = local.groups.all()
    if json:
        print_json(
            [
                {"name": each.group.name, "members": list(each.members), "created": time_value(each.group.created_us)}
                for each in found
            ]
        )
        return 0
    for line in table([["@" + safe(each.group.name), ", ".join(map(safe, each.members))] for each in found]):
        out(line)
    if not found:
        note("There are no groups yet. Make one with 'sft group add NAME'.", quiet=quiet)
    return 0


def group_rename(group: str, name: str, /, *, data_dir: DataDir = None, config: Config = None) -> int:
    """Give a group another name.

    Its members stay, and what was granted to it.

        sft group rename scanners devices

    Args:
        group: The group.
        name: Its new name.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.groups.rename(group, name)
    return 0


def group_delete(group: str, /, *, data_dir: DataDir = None, config: Config = None) -> int:
    """Delete a group; what was granted to it ends.

    No account and no file is touched.

        sft group delete scanners

    Args:
        group: The group.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.groups.delete(group)
    return 0


def group_join(group: str, /, *users: str, data_dir: DataDir = None, config: Config = None) -> int:
    """Put accounts into a group.

        sft group join scanners sara ali

    Args:
        group: The group.
        users: Accounts.
    """
    return _change(group, users, data_dir, config, joins=True)


def group_leave(group: str, /, *users: str, data_dir: DataDir = None, config: Config = None) -> int:
    """Take accounts out of a group.

    What they had by it ends at once.

        sft group leave scanners ali

    Args:
        group: The group.
        users: Accounts.
    """
    return _change(group, users, data_dir, config, joins=False)


def _change(group: str, users: tuple[str, ...], data_dir: DataDir, config: Config, *, joins: bool) -> int:
    if not users:
        raise UsageError("Nobody is named", hint="Name one or more accounts after the group.")
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        for user in users:
            (local.groups.add if joins else local.groups.remove)(group, user)
    return 0
