"""What every `ports.Catalog` promises. A new implementation names itself in three fixtures:

class TestMyCatalog(CatalogContract):
    @pytest.fixture
    def catalog(self, tmp_path: Path, clock: FakeClock) -> Iterator[Catalog]:
        catalog = MyCatalog(tmp_path, clock)
        yield catalog
        catalog.close()

    @pytest.fixture
    def commits(self, catalog: MyCatalog) -> Callable[[], int]:
        return lambda: catalog.how_many_commits

    @pytest.fixture
    def break_commits(self, catalog: MyCatalog) -> Callable[[type[SecureFileTransferError] | None], None]:
        return catalog.fail_commits_as
"""

from .catalog_chats import ChatsContract
from .catalog_claims import ClaimsContract
from .catalog_content import BlocksContract, PurgeContract, VersionsContract
from .catalog_control import ControlContract
from .catalog_devices import DevicesContract
from .catalog_jobs import JobsContract
from .catalog_limits import LimitsContract
from .catalog_links import LinksContract
from .catalog_log import LogContract
from .catalog_model import TreeModelContract
from .catalog_mounts import MountsContract
from .catalog_people import AccountsContract, FactorsContract, FactsContract, SessionsContract, SettingsContract
from .catalog_sharing import SharingContract
from .catalog_tokens import TokensContract
from .catalog_transactions import TransactionsContract
from .catalog_trash import KeptContract, TrashContract
from .catalog_trees import DrivesContract, ListingContract, NodesContract
from .catalog_uploads import UploadsContract


class CatalogContract(
    DrivesContract,
    NodesContract,
    ListingContract,
    VersionsContract,
    BlocksContract,
    UploadsContract,
    PurgeContract,
    TrashContract,
    KeptContract,
    ClaimsContract,
    AccountsContract,
    SessionsContract,
    FactorsContract,
    DevicesContract,
    TokensContract,
    ControlContract,
    ChatsContract,
    JobsContract,
    FactsContract,
    SettingsContract,
    LimitsContract,
    SharingContract,
    LinksContract,
    LogContract,
    MountsContract,
    TransactionsContract,
    TreeModelContract,
):
    """Every promise of `ports.Catalog`, tried."""
