"""`Transfer-Name`: how a client says which file its requests belong to, so that people see one transfer.

    Transfer-Name: <1 to 32 hexadecimal digits>; size=<bytes>; done=<bytes>; path="<percent-encoded path>"

Advice, nothing more: no right, quota or limit depends on it, and what cannot be understood is ignored. The path is
shown to operators and to the client itself, so it passes the one authority for paths first.
"""

import re

from ...errors import SecureFileTransferError
from ...paths import RemotePath
from ...services.traffic import About

FIELD_MAX = 8192
_FIELD = re.compile(rb'([0-9a-f]{1,32}); ?size=([0-9]{1,15}); ?done=([0-9]{1,15}); ?path="(/[!#-~]*)"')


def named(field: bytes, known: About | None) -> About | None:
    """What a transfer is about; what is `known` of it here counts more than what the client says."""
    found = _FIELD.fullmatch(field) if len(field) <= FIELD_MAX else None
    if found is None:
        return known
    try:
        path = str(RemotePath.from_url(found[4]))
    except SecureFileTransferError:
        return known
    size = int(found[2])
    if known is not None:
        path, size = known.path or path, size if known.size is None else known.size
    return About(path, size, min(int(found[3]), size), found[1].decode(), patient=True)
