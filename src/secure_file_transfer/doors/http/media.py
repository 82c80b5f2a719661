"""The media types of files that a page may show: images, sound and film, by the ending of the name.

Contents are given as plain bytes. Only where the query says `media` does a file get the type that its name promises,
and only one from this list: nothing in it can run when a browser plays it, however the content lies. What else every
content carries stays: it is an attachment, in a sandbox, and its type is never guessed (attacks 36 and 37).
"""

from .query import read_pairs

PLAIN = b"application/octet-stream"
_TYPES = {
    "aac": b"audio/aac",
    "avif": b"image/avif",
    "bmp": b"image/bmp",
    "flac": b"audio/flac",
    "gif": b"image/gif",
    "jpeg": b"image/jpeg",
    "jpg": b"image/jpeg",
    "m4a": b"audio/mp4",
    "m4v": b"video/mp4",
    "mov": b"video/mp4",
    "mp3": b"audio/mpeg",
    "mp4": b"video/mp4",
    "oga": b"audio/ogg",
    "ogg": b"audio/ogg",
    "ogv": b"video/ogg",
    "opus": b"audio/ogg",
    "png": b"image/png",
    "svg": b"image/svg+xml",  # a page shows it as an image, which runs no script; opened by itself it is stored
    "wav": b"audio/wav",
    "webm": b"video/webm",
    "webp": b"image/webp",
}


def type_of(name: str, query: bytes) -> bytes:
    """The content type of a file called `name`.

    Raises:
        InvalidRequestError: the query cannot be read.
    """
    if not query or "media" not in dict(read_pairs(query)):
        return PLAIN
    return _TYPES.get(name.rpartition(".")[2].lower(), PLAIN)
