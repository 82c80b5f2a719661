"""The protocol fronts. A door parses, authenticates, calls services and maps errors; it holds no policy."""
