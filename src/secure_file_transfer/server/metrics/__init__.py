"""What Prometheus may read of a running server, on a port of its own. Nothing here runs unless the operator asks.

Counted where it costs least: the ports are wrapped (`ports`), the doors and services call small hooks, and whatever is
known anyway is read when somebody scrapes. Labels have few values, all of them ours: never a path,
a name or an address.
"""

from .observer import Observer

__all__ = ["Observer"]
