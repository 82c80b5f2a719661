"""How a transfer is called on the wire, so that people at the server see one where many requests are."""

import secrets

from ..paths import RemotePath

_FIELD_MAX = 8000


class Named:
    """One file, or one batch, on its way: what its requests say of it. Used in one event loop."""

    def __init__(self, path: RemotePath, size: int) -> None:
        self._id, self._path, self._size = secrets.token_hex(8), path.to_url(), size
        self.done = 0
        """Bytes that need not move any more."""

    @property
    def headers(self) -> dict[str, str]:
        """The field `Transfer-Name`; nothing where the path is too long for one."""
        done = max(0, min(self.done, self._size))
        field = f'{self._id}; size={self._size}; done={done}; path="{self._path}"'
        return {"Transfer-Name": field} if len(field) <= _FIELD_MAX else {}


def together(paths: list[RemotePath]) -> RemotePath:
    """The folder that holds all of them."""
    common = paths[0].parent
    while not all(path.is_within(common) for path in paths):
        common = common.parent
    return common
