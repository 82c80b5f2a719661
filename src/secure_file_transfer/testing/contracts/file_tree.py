"""What every `ports.FileTree` promises. A new implementation runs it like this:

    class TestMyTree(FileTreeContract):
        block_size = 1 * MIB  # the size of its blocks, or of whatever pieces it works in

        @pytest.fixture
        def tree(self, tmp_path: Path, clock: FakeClock) -> FileTree:
            return MyTree(tmp_path, clock)

Everything is said through the port alone: nothing here knows how a tree keeps its bytes.
"""

from secure_file_transfer.testing.contracts.tree_reading import Listing, Looking, Reading
from secure_file_transfer.testing.contracts.tree_shaping import Folders, Moving, Times
from secure_file_transfer.testing.contracts.tree_writing import Conflicts, Writing


class FileTreeContract(Looking, Listing, Reading, Writing, Conflicts, Folders, Moving, Times):
    """Subclass it, name the tree in a fixture `tree`, and every promise of `ports.FileTree` is tried."""
