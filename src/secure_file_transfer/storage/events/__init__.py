"""How events get from those who cause them to those who watch."""

from .local import LocalEventBus

__all__ = ["LocalEventBus"]
