"""The transfer engine's logic, without I/O."""
