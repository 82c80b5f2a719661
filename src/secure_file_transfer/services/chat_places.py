"""What a path in a message means to whoever reads it: where they find the same file, if they may read it.

The path is meant as its sender sees it. Whoever reads it learns where that is in their own tree; if they may not read
it, or nothing is there, it stays text, and nobody can tell which.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from secure_file_transfer.errors import ForbiddenError, NotFoundError
from secure_file_transfer.model import Account, Kind, Link, Node, NodeId, Received, Rights, SessionId
from secure_file_transfer.paths import DEPTH_MAX, RemotePath
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.ports.chat import Chat, Message, Side

from .chat_text import paths_in
from .shared import SHARED, TOP, named, way_in

STEPS_MAX = 5000
"""Nodes that are looked at for one answer; paths after that stay text."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a message. With a `path` it is a link to what the reader finds there."""

    text: str
    path: str | None = None
    kind: Kind | None = None


@dataclass
class Views:
    """Turns paths in messages into links for one reader, within one transaction."""

    tx: CatalogTx
    account: Account | None
    link: Link | None
    """Of the reader, who is one of the two: an account, or a visitor of a link."""
    _steps: int = 0
    _granted: dict[NodeId, RemotePath] | None = None
    _named: dict[int, dict[tuple[str, str], Received]] = field(default_factory=dict)

    def segments(self, chat: Chat, message: Message) -> Sequence[Segment]:
        """The pieces of a message, which together are its text."""
        found, at = [], 0
        for begin, end, path in paths_in(message.text):
            place = self._found(chat, message, path)
            if place is None:
                continue
            if begin > at:
                found.append(Segment(message.text[at:begin]))
            found.append(Segment(message.text[begin:end], str(place[0]), place[1]))
            at = end
        if at < len(message.text):
            found.append(Segment(message.text[at:]))
        return found

    def _found(self, chat: Chat, message: Message, path: RemotePath) -> tuple[RemotePath, Kind] | None:
        try:
            node = self._meant(chat, message, path)
            place = None if node is None else self._place(node)
        except (NotFoundError, ForbiddenError):
            return None
        return None if node is None or place is None else (place, node.kind)

    # --- as the sender sees it ----------------------------------------------------------------------------------

    def _meant(self, chat: Chat, message: Message, path: RemotePath) -> Node | None:
        """What the sender means by a path, as of now."""
        if message.sender_id is None:
            link = self._link_of(chat.session_id) if message.side is Side.FIRST else None
            top = None if link is None else self.tx.nodes.get(link.node_id)
            if top is None or top.kind is Kind.FOLDER:
                return self._walk(top, path.parts)
            return top if path.parts == (top.name,) else None
        sender = self.tx.accounts.get(message.sender_id)
        if sender is None:
            return None
        if path.is_within(SHARED):
            return self._meant_in_shared(sender, path)
        drive = self.tx.drives.get(sender.home_id)
        return None if drive is None else self._walk(self.tx.nodes.get(drive.root_id), path.parts)

    def _meant_in_shared(self, sender: Account, path: RemotePath) -> Node | None:
        if len(path.parts) < TOP:
            return None
        if sender.id not in self._named:
            self._named[sender.id] = named(self.tx.grants.received(sender.id))
        self._step(len(path.parts))
        way = way_in(self.tx, sender.id, self._named[sender.id], path, path)
        return self._walk(self.tx.nodes.get(way.anchor.node_id), path.parts[len(way.anchor.path.parts) :])

    def _link_of(self, session_id: SessionId | None) -> Link | None:
        found = None if session_id is None else self.tx.sessions.get(session_id)
        return None if found is None or found[0].link_id is None else self.tx.links.get(found[0].link_id)

    def _walk(self, node: Node | None, names: Sequence[str]) -> Node | None:
        for name in names:
            if node is None or node.kind is not Kind.FOLDER:
                return None
            self._step()
            node = self.tx.nodes.child(node.id, name)
        return node

    # --- as the reader sees it ----------------------------------------------------------------------------------

    def _place(self, node: Node) -> RemotePath | None:
        """Where the reader finds a node that they may read."""
        if self.account is not None:
            drive = self.tx.drives.get(self.account.home_id)
            if drive is not None and node.drive_id == drive.id:
                return self._below(node, {drive.root_id: RemotePath()})
            if Rights.READ not in self.tx.grants.rights(self.account.id, node.id):
                return None
            return self._below(node, self._tops())
        if self.link is None or Rights.READ not in self.link.rights:
            return None
        top = self.tx.nodes.get(self.link.node_id)
        if top is None:
            return None
        return self._below(node, {top.id: RemotePath() if top.kind is Kind.FOLDER else RemotePath((top.name,))})

    def _tops(self) -> dict[NodeId, RemotePath]:
        """Where what others share with the reader begins."""
        if self._granted is None and self.account is not None:
            shares = named(self.tx.grants.received(self.account.id))
            self._granted = {each.node.id: SHARED / owner / name for (owner, name), each in shares.items()}
        return self._granted or {}

    def _below(self, node: Node, tops: dict[NodeId, RemotePath]) -> RemotePath | None:
        """Its path from the nearest of these on the way up; None where there is none."""
        names: list[str] = []
        for each in self._up(node):
            if each.id in tops:
                return RemotePath((*tops[each.id].parts, *reversed(names)))
            names.append(each.name)
        return None

    def _up(self, node: Node | None) -> Iterator[Node]:
        for _ in range(DEPTH_MAX + 1):
            if node is None:
                return
            yield node
            self._step()
            node = None if node.parent_id is None else self.tx.nodes.get(node.parent_id)

    def _step(self, count: int = 1) -> None:
        self._steps += count
        if self._steps > STEPS_MAX:
            raise NotFoundError("Too many paths for one answer")
