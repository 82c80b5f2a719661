"""What the catalog keeps of people: accounts, and all that signs in, shares or is shared with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..model import (
    Account,
    AccountId,
    ApiToken,
    Device,
    DeviceId,
    DriveId,
    Group,
    GroupId,
    Kind,
    Link,
    LinkId,
    Mount,
    NodeId,
    PlacedGrant,
    Received,
    Rights,
    Role,
    Scope,
    Session,
    SessionId,
    ShareGrant,
    TimeUs,
    TokenId,
)


class Accounts(Protocol):
    """Accounts and their password hashes (Argon2id, in PHC string form)."""

    def create(self, name: str, role: Role, home_id: DriveId, password_hash: str, now: TimeUs) -> Account:
        """Raises ExistsError when the name (compared case-folded) is taken."""

    def get(self, account_id: AccountId) -> Account | None: ...
    def by_name(self, name: str) -> Account | None:
        """Compared case-folded."""

    def password_hash(self, account_id: AccountId) -> str: ...
    def set_password_hash(self, account_id: AccountId, password_hash: str) -> None: ...
    def set_disabled(self, account_id: AccountId, *, disabled: bool) -> None: ...
    def set_role(self, account_id: AccountId, role: Role) -> None: ...
    def set_rates(self, account_id: AccountId, up: int, down: int) -> None:
        """Bytes a second for all its transfers together; 0 is no limit."""

    def all(self) -> Sequence[Account]: ...
    def delete(self, account_id: AccountId) -> None:
        """Remove it and its sessions; its drive loses its owner."""

    def set_details(self, account: Account) -> None:
        """Its quota, e-mail address, note and expiry shall be those of `account`."""

    def set_pending(self, account_id: AccountId, *, pending: bool) -> None: ...
    def count_pending(self) -> int: ...
    def set_reset(self, account_id: AccountId, sha256: bytes, expires: TimeUs) -> None:
        """The hash of the code that gives it a new password, in place of any other."""

    def by_reset(self, sha256: bytes, now: TimeUs) -> Account | None:
        """Whose code it is, while it is good."""

    def forget_reset(self, account_id: AccountId) -> None: ...
    def knows(self, account_id: AccountId, source: str) -> bool:
        """Whether the account has signed in from that source, and not forgotten it since."""

    def remember(self, account_id: AccountId, source: str, now: TimeUs, most: int) -> None:
        """It has just signed in from there; of all its sources the `most` latest are kept."""

    def forget_sources(self, account_id: AccountId) -> None: ...
    def seen(self, account_ids: Sequence[AccountId]) -> Mapping[AccountId, TimeUs]:
        """When each of them was here last, as far as sign-ins and sessions of its own tell. One question for all."""


class Sessions(Protocol):
    """Sessions, found by the SHA-256 of their token."""

    def create(
        self,
        account_id: AccountId,
        token_hash: bytes,
        door: str,
        address: str,
        agent: str,
        now: TimeUs,
        ends: TimeUs,
        *,
        device_id: DeviceId | None = None,
        link_id: LinkId | None = None,
        guest: str = "",
    ) -> Session:
        """With a `link_id` it is a visitor's, called `guest`; the account is the link's owner. It ends with it."""

    def by_token(self, token_hash: bytes) -> tuple[Session, Account] | None: ...
    def touch(self, session_id: SessionId, now: TimeUs) -> None: ...
    def set_token(self, session_id: SessionId, token_hash: bytes) -> None: ...
    def of(self, account_id: AccountId) -> Sequence[Session]:
        """The account's own, without those of visitors."""

    def of_link(self, link_id: LinkId) -> Sequence[Session]:
        """The visitors of a link, the oldest first, whether or not they have expired."""

    def guests(self, link_id: LinkId) -> Sequence[str]:
        """What the visitors of a link are called."""

    def get(self, session_id: SessionId) -> tuple[Session, Account] | None: ...
    def all(self, limit: int) -> Sequence[tuple[Session, Account]]:
        """Those used last, at most `limit`."""

    def ended(self, session_ids: Sequence[SessionId], now: TimeUs, idle_since: TimeUs) -> Sequence[SessionId]:
        """Those that are gone, past their time, not used after `idle_since`, or of a link that gives nothing any more.

        One question for thousands of them.
        """

    def count(self, now: TimeUs) -> Mapping[str, int]:
        """How many have not expired, by door."""

    def expired(self, now: TimeUs, limit: int) -> Sequence[tuple[Session, Account]]:
        """Those whose time is up, at most `limit`."""

    def delete(self, session_id: SessionId) -> None: ...
    def delete_of(self, account_id: AccountId, *, but: SessionId | None = None) -> int:
        """End the account's own; returns how many."""

    def delete_expired(self, now: TimeUs) -> int: ...


class Groups(Protocol):
    """Groups of accounts. Names are compared case-folded."""

    def create(self, name: str, now: TimeUs) -> Group:
        """Raises ExistsError when the name is taken."""

    def by_name(self, name: str) -> Group | None: ...
    def all(self) -> Sequence[Group]: ...
    def rename(self, group_id: GroupId, name: str) -> None:
        """Raises ExistsError when the name is taken."""

    def delete(self, group_id: GroupId) -> None:
        """Remove it with its memberships, and what was granted to it."""

    def add(self, group_id: GroupId, account_id: AccountId) -> None:
        """Make the account a member; one that is already is fine."""

    def remove(self, group_id: GroupId, account_id: AccountId) -> bool:
        """Whether it was a member."""

    def members(self, group_id: GroupId) -> Sequence[Account]: ...


class Grants(Protocol):
    """Who else may do what with a node. A grant goes with its node, account or group."""

    def put(self, node_id: NodeId, to: AccountId | None, to_group: GroupId | None, rights: Rights, now: TimeUs) -> None:
        """Grant to the account or the group, in place of what it was granted there before."""

    def delete(self, node_id: NodeId, to: AccountId | None, to_group: GroupId | None) -> int:
        """Take back what the account or the group was granted there; both None: everything. Returns how many."""

    def of_drive(self, drive_id: DriveId) -> Sequence[ShareGrant]:
        """All grants on nodes of a drive, the oldest node first; those on removed nodes too."""

    def received(self, account_id: AccountId) -> Sequence[Received]:
        """What others granted to the account, itself or by its groups, by owner and then the oldest node first.

        Not what was removed, and not what has no owner any more.
        """

    def rights(self, account_id: AccountId, node_id: NodeId) -> Rights:
        """What the account was granted on the node and on all above it; nothing once the node was removed."""

    def page(self, drive_id: DriveId | None, after: int, limit: int) -> Sequence[PlacedGrant]:
        """Those of a drive, or of everybody, whose numbers follow `after`; at most `limit`."""

    def get(self, number: int) -> PlacedGrant | None: ...


@dataclass(frozen=True, slots=True)
class Factor:
    """An account's second factor. `last_step` is the step of time whose code was used last, 0 for none."""

    account_id: AccountId
    salt: bytes
    confirmed: bool
    last_step: int


class Factors(Protocol):
    """Second factors, and recovery codes by their hashes. They go with their account."""

    def get(self, account_id: AccountId) -> Factor | None: ...
    def begin(self, account_id: AccountId, salt: bytes) -> None:
        """A new one in place of any other, not confirmed yet."""

    def use_step(self, account_id: AccountId, step: int) -> bool:
        """A code of that step was right: the factor is confirmed. False if one as late was used before."""

    def set_codes(self, account_id: AccountId, hashes: Sequence[bytes]) -> None:
        """Put these recovery codes in place of all others."""

    def use_code(self, account_id: AccountId, code_hash: bytes) -> bool:
        """Use a recovery code up. False if there is none such."""

    def codes_left(self, account_id: AccountId) -> int: ...
    def confirmed(self, account_ids: Sequence[AccountId]) -> set[AccountId]:
        """Which of these accounts have one that counts."""

    def delete(self, account_id: AccountId) -> None:
        """No second factor any more, and no recovery codes."""


class Devices(Protocol):
    """Devices, their certificates by fingerprint, and the hashes of the codes that enrol new ones."""

    def create(self, account_id: AccountId, name: str, address: str, now: TimeUs) -> DeviceId:
        """A new device without a certificate, to get one in the same transaction."""

    def add_certificate(
        self, device_id: DeviceId, fingerprint: bytes, serial: int, now: TimeUs, expires: TimeUs
    ) -> None: ...
    def get(self, device_id: DeviceId) -> Device | None: ...
    def of(self, account_id: AccountId | None) -> Sequence[Device]:
        """Those of an account, or of everybody, the oldest first."""

    def by_fingerprint(self, fingerprint: bytes) -> tuple[Device, Account] | None:
        """Whose certificate it is; revoked and expired ones are found too."""

    def touch(self, device_id: DeviceId, address: str, now: TimeUs) -> None: ...
    def revoke(self, device_id: DeviceId, now: TimeUs) -> None:
        """From now on, and end the sessions that were begun with it."""

    def revoked(self, now: TimeUs) -> Sequence[tuple[int, TimeUs]]:
        """Serial numbers of certificates that would still be good, and since when they are not.

        Those of deleted accounts are among them.
        """

    def delete_expired(self, now: TimeUs) -> int:
        """Forget certificates and codes that have ended, and devices that are left without one; returns how many."""

    def add_code(self, account_id: AccountId, sha256: bytes, expires: TimeUs) -> None: ...
    def count_codes(self, account_id: AccountId, now: TimeUs) -> int: ...
    def count_certificates(self, device_id: DeviceId, now: TimeUs) -> int:
        """How many of its certificates have not ended."""

    def by_code(self, sha256: bytes, now: TimeUs) -> AccountId | None:
        """Whose code it is, while it is good."""

    def take_code(self, sha256: bytes, now: TimeUs) -> AccountId | None:
        """Whose code it is; it is used up."""


class Links(Protocol):
    """Links, found by the SHA-256 of their secret. A link goes with its node and its account.

    One of a removed node or a disabled account is kept, and found by nobody but its owner.
    """

    def create(
        self,
        node_id: NodeId,
        account_id: AccountId,
        secret: tuple[bytes, bytes],
        rights: Rights,
        now: TimeUs,
        *,
        name: str = "",
        password_hash: str | None = None,
        expires_us: TimeUs | None = None,
        downloads_max: int | None = None,
    ) -> Link:
        """`secret` is what its secret is made from, and the secret's hash."""

    def get(self, link_id: LinkId) -> Link | None:
        """The link while it gives anything, whether or not its time is up."""

    def by_secret(self, secret_hash: bytes) -> Link | None:
        """The same by the hash of its secret."""

    def of(self, account_id: AccountId) -> Sequence[Link]:
        """All that an account made, the oldest first."""

    def page(self, account_id: AccountId | None, after: int, limit: int) -> Sequence[Link]:
        """Those of an account, or of everybody, whose numbers follow `after`; at most `limit`."""

    def salt(self, link_id: LinkId) -> bytes:
        """What its secret is made from; empty when it is not there."""

    def password_hash(self, link_id: LinkId) -> str | None: ...
    def use(self, link_id: LinkId, now: TimeUs) -> None:
        """Somebody opened it."""

    def count(self, link_id: LinkId, session_id: SessionId, now: TimeUs) -> bool:
        """A visitor fetches something: count the download, once for each session. False if none is left."""

    def trim(self, link_id: LinkId, most: int) -> None:
        """Of its sessions keep the `most` latest, those first that have fetched something."""

    def delete(self, link_id: LinkId) -> None:
        """End it, with the sessions of all its visitors."""


class Mounts(Protocol):
    """Folder drives. A mount goes with its drive, and grants and links to it go with the drive's root."""

    def create(self, drive_id: DriveId, name: str, path: str, target: str, kind: Kind, now: TimeUs) -> None:
        """Say what a new drive shows; its root is then called `target`. Raises ExistsError: the name is taken."""

    def get(self, drive_id: DriveId) -> Mount | None: ...
    def by_name(self, name: str) -> Mount | None:
        """Whatever the case."""

    def all(self) -> Sequence[Mount]:
        """By name."""

    def received(self, account_id: AccountId) -> Sequence[tuple[Mount, Rights]]:
        """What was granted to an account, itself or by its groups."""


class Tokens(Protocol):
    """API tokens, found by the SHA-256 of their text. They go with their account."""

    def create(
        self,
        account_id: AccountId,
        token_hash: bytes,
        name: str,
        scopes: Iterable[Scope],
        path: str,
        now: TimeUs,
        expires: TimeUs | None,
    ) -> TokenId: ...
    def get(self, token_id: TokenId) -> tuple[ApiToken, Account] | None:
        """The token and its account, whether or not it has expired."""

    def by_hash(self, token_hash: bytes) -> tuple[ApiToken, Account] | None: ...
    def of(self, account_id: AccountId | None, limit: int) -> Sequence[ApiToken]:
        """Those of an account, or of everybody, the oldest first; at most `limit`."""

    def touch(self, token_id: TokenId, address: str, now: TimeUs) -> None:
        """It was just used, from there. One that is gone stays gone."""

    def delete(self, token_id: TokenId) -> None: ...
    def delete_of(self, account_id: AccountId) -> int: ...
    def delete_expired(self, now: TimeUs) -> int: ...
