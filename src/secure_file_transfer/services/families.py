"""What kind of file a name promises, for those who look for pictures or songs. It decides nothing else."""

FAMILIES = {
    "archive": "7z bz2 gz rar tar tgz xz zip zst",
    "audio": "aac flac m4a mp3 oga ogg opus wav",
    "code": "c cpp cs css go h html java js json kt php py rb rs sh sql svelte toml ts xml yaml yml",
    "image": "avif bmp gif heic jpeg jpg png svg tif tiff webp",
    "sheet": "csv ods tsv xls xlsx",
    "text": "doc docx log md odt pdf rst rtf txt",
    "video": "avi m4v mkv mov mp4 mpeg mpg ogv webm",
}
"""Endings of each; the web app has the same ones for its icons, and a test holds them equal."""

_OF = {ending: name for name, endings in FAMILIES.items() for ending in endings.split()}


def family(name: str) -> str | None:
    """The family of a file with this name; None for what has no known ending."""
    stem, dot, ending = name.rpartition(".")
    return _OF.get(ending.lower()) if dot and stem else None
