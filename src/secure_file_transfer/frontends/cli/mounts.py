"""`mount-folder`, `mounts` and `unmount-folder`: folders of the server's disk as drives, on the spot.

Only on the spot: whoever could mount from afar could read every file that the server may. A running server sees the
changes at once.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...client.sharing import level_of, rights_of
from ...model import Kind, Rights
from .options import Config, DataDir, Json, Quiet
from .settings import load_settings
from .sharing import words
from .terminal import note, print_table, safe
from .values import print_json, time_value

_To = Annotated[tuple[str, ...], Parameter(name="--to", metavar="USER|@GROUP", negative=(), show_default=False)]
_Level = Annotated[str, Parameter(name="--rights", metavar="LEVEL")]


def mount_folder(
    name: str,
    path: Path,
    /,
    *,
    to: _To = (),
    rights: _Level = "viewer",
    data_dir: DataDir = None,
    config: Config = None,
    quiet: Quiet = False,
) -> int:
    """Show a folder of this computer's disk as a drive.

    Those it is for find it at /Drives/NAME. The files stay where they are, as they are, in plain; links in the folder
    that point elsewhere are not followed. A single file can be mounted as well, to be read. More may be granted later:
    sft grant /Drives/NAME USER LEVEL.

        sft mount-folder photos /srv/photos --to sara --to @family
        sft mount-folder scans /srv/scans --to @office --rights editor

    Args:
        name: What the drive is called.
        path: The folder, or a single file. Never the server's own data, nor anything above it.
        to: Who may use it: an account, or @ and a group. May be given again.
        rights: viewer, dropbox, contributor, editor, or a number: read 8, write 4, create 2 and delete 1, added up.
    """
    given = rights_of(rights)
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        made = local.mounts.mount(name, str(path.absolute()), to=to, rights=given)
    shown = f"{safe(made.path)} is /Drives/{safe(made.name)} now"
    if to:
        given = given if made.kind is Kind.FOLDER else given & Rights.READ
        note(f"{shown}, for {', '.join(map(safe, to))}: {words(given)}.", quiet=quiet)
    else:
        note(f"{shown}, for nobody yet. Next: sft grant /Drives/{safe(made.name)} USER LEVEL", quiet=quiet)
    return 0


def mounts(*, data_dir: DataDir = None, config: Config = None, json: Json = False, quiet: Quiet = False) -> int:
    """List the folders that are mounted, and for whom.

    sft mounts
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        found = local.mounts.list()
    if json:
        print_json(
            [
                {
                    "name": each.mount.name,
                    "path": each.mount.path,
                    "kind": "folder" if each.mount.kind is Kind.FOLDER else "file",
                    "mounted": time_value(each.mount.created_us),
                    "grants": [
                        {"to": grant.to, "rights": int(grant.rights), "level": level_of(grant.rights)}
                        for grant in each.grants
                    ],
                    "fault": each.fault or None,
                }
                for each in found
            ]
        )
        return 0
    rows = []
    for each in found:
        whom = ", ".join(f"{safe(grant.to)}: {words(grant.rights)}" for grant in each.grants) or "nobody"
        rows.append([safe(each.mount.name), safe(each.mount.path), whom])
    print_table(["NAME", "PATH", "FOR"], rows)
    for each in found:
        if each.fault:
            note(f"{safe(each.mount.name)}: {safe(each.fault)}", quiet=quiet)
    if not found:
        note("No folder is mounted. Mount one with: sft mount-folder NAME PATH --to USER", quiet=quiet)
    return 0


def unmount_folder(name: str, /, *, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False) -> int:
    """Show a folder no more.

    What was granted on the drive ends at once, and so do the links to it. The folder itself stays as it is.

        sft unmount-folder photos

    Args:
        name: The drive.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        gone = local.mounts.unmount(name)
    note(f"/Drives/{safe(gone.name)} is gone. {safe(gone.path)} stays as it is.", quiet=quiet)
    return 0
