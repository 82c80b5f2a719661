"""Where sealed blocks lie: one module per kind of store."""

from .local import LocalBlobStore

__all__ = ["LocalBlobStore"]
