"""What holds for all tests."""

import os

# Servers under test open no fixed ports beside the one they are asked for; tests of FTPS say which they want.
os.environ.setdefault("SFT_FTPS_ENABLED", "false")
