"""Requests by kind, for those who count them: few names, all of them ours, whatever a peer asks for."""

from collections.abc import Callable

Observe = Callable[[str, str, int, float], None]
_API = b"/api/v1/"
_CONTENT = {
    each.encode(): each
    for each in ("files", "blocks", "uploads", "batch", "commits", "manifests", "zip", "entries", "folders", "transfer")
}
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"})


def route_of(path: bytes) -> str:
    """What is asked for: one of the resources about contents, `json` for the rest of the API, or `page`."""
    if not path.startswith(_API):
        return "link" if path.startswith(b"/s/") else "page"
    return _CONTENT.get(path[len(_API) :].partition(b"/")[0], "json")


def method_of(method: str) -> str:
    """The method, or `other`: a peer may make one up."""
    return method if method in _METHODS else "other"
