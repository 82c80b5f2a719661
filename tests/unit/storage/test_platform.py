"""What the system grants."""

import subprocess
import sys

import pytest

COUNT = """
import resource
from secure_file_transfer.storage.platform import allow_many_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
allow_many_files(256)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
allow_many_files(128)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_the_number_of_open_files_grows_and_never_shrinks() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["256", "256"]
