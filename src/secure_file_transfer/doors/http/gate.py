"""Whether the server takes work, and how much of it is under way. Used on the event loop only."""


class Gate:
    """Shut until `open`; after `close` only what runs already goes on."""

    def __init__(self) -> None:
        self.is_open = False
        self.running = 0

    def open(self) -> None:
        """Take work."""
        self.is_open = True

    def close(self) -> None:
        """Take no more."""
        self.is_open = False
