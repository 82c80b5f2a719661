"""A directory of the server's disk, shown as a drive and left as it is."""

from .places import Places
from .single import SingleFile
from .tree import FolderTree

__all__ = ["FolderTree", "Places", "SingleFile"]
