"""The HTTPS door: the JSON API, file contents, and two small pages for people. docs/protocol.md is its contract."""
