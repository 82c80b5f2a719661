"""How long a peer may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds."""

    handshake_seconds: float = 10.0
    """From the TCP connection to the end of the TLS handshake."""
    head_seconds: float = 20.0
    """From a connection, or the first byte of a request, to the end of its headers."""
    idle_seconds: float = 60.0
    """Silence in the middle of a body, or in taking an answer; and how long a connection waits for its next request."""

    @property
    def tick(self) -> float:
        """How often each connection is looked at."""
        return min(5.0, self.head_seconds / 4, self.idle_seconds / 4)
