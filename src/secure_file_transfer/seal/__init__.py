"""Encryption at rest: the form of a sealed block and the keys behind it. Pure: no files, no network, no clock."""
