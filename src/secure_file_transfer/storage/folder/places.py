"""What of the server's disk may become a folder drive."""

import os
import stat
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path

from ...errors import ForbiddenError, InvalidRequestError, NotFoundError, StorageError
from ...model import Kind
from ...paths import check_name, display
from ...ports import Changed, Clock, MountedTree
from .single import SingleFile
from .tree import FolderTree
from .watching import Watcher


class Places:
    """See `ports.FolderPlaces`. What is `private`, all above it and all below it is never shown."""

    def __init__(self, clock: Clock, private: Sequence[Path]) -> None:
        self._clock = clock
        self._private = private
        self._watcher = Watcher()

    def resolve(self, path: str) -> tuple[str, Kind]:
        """The path without links in it, and what is there.

        Raises:
            NotFoundError: nothing is there.
            ForbiddenError: it is private, or the server may not look at it.
            InvalidRequestError: it is neither a folder nor a plain file, or its name is not one that we can show.
        """
        try:
            found = Path(path).resolve(strict=True)
            mode = found.stat().st_mode
            readable = os.access(found, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0))
        except PermissionError as error:
            raise ForbiddenError(
                f"The server's own account may not open {display(path)}", hint="Mend its permissions."
            ) from error
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
            raise NotFoundError(f"{display(path)} is not there", hint="Name a folder of the server's disk.") from error
        if not readable:
            raise ForbiddenError(f"The server's own account may not open {display(path)}", hint="Mend its permissions.")
        self._refuse_private(found)
        try:
            str(found).encode()
        except UnicodeEncodeError:
            raise InvalidRequestError(f"{display(path)} is not a name in UTF-8", hint="Rename it.") from None
        if stat.S_ISDIR(mode):
            return str(found), Kind.FOLDER
        if not stat.S_ISREG(mode):
            raise InvalidRequestError(f"{display(path)} is no folder and no plain file", hint="Name one.")
        check_name(found.name)
        return str(found), Kind.FILE

    def tree(self, path: str, kind: Kind, changed: Changed) -> MountedTree:
        """What a drive shows that was mounted there.

        Raises:
            StorageError: it is not there now.
            ForbiddenError: it has become private.
        """
        place = Path(path)
        folder = place if kind is Kind.FOLDER else place.parent
        if not folder.is_dir():
            raise StorageError(
                "The folder of this drive is not there", hint="The operator should check that its disk is mounted."
            )
        self._refuse_private(place)
        return FolderTree(place, self._clock, changed) if kind is Kind.FOLDER else SingleFile(place, self._clock)

    def watch(self, folders: Mapping[Hashable, tuple[str, str]], changed: Callable[[Hashable], None]) -> None:
        """See `ports.FolderPlaces`."""
        self._watcher.watch({key: (Path(root), place) for key, (root, place) in folders.items()}, changed)

    def _refuse_private(self, place: Path) -> None:
        """Compares what directories are and not how they are named: one can be mounted at several places."""
        for private in self._private:
            up_from_here, up_from_there = _up(place), _up(private.resolve())
            if (up_from_there and up_from_there[0] in up_from_here) or (
                up_from_here and up_from_here[0] in up_from_there
            ):
                raise ForbiddenError(
                    f"{display(str(place))} holds the server's own data, or belongs to it",
                    hint="Its accounts and keys lie there. Mount another folder.",
                )


def _up(place: Path) -> list[tuple[int, int]]:
    """What a path and all the folders above it are, by device and inode, as far as they are there."""
    found = []
    for each in (place, *place.parents):
        try:
            status = each.stat()
        except OSError:
            continue
        found.append((status.st_dev, status.st_ino))
    return found
