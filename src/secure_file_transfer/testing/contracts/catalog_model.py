"""A catalog's tree against a model made of a dictionary: hypothesis looks for a history that tells them apart."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from secure_file_transfer.errors import ConflictError, ExistsError
from secure_file_transfer.model import Kind, Node, NodeId, SortKey, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx

from .catalog_kit import NOW, CatalogBase, block, keep, listing, new_drive, publish
from .catalog_trees import in_order

NAMES = st.sampled_from(["a", "A", "b", "ß", "ss", "ä", "Ä", "ی", "😀", "z' --", "10", "9"])
PICK = st.integers(0, 30)
MODEST = settings(max_examples=25, stateful_step_count=30, deadline=None)


class TreeMachine(RuleBasedStateMachine):
    """`tree` is what should be there: each node as `nodes.get` should give it."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self.catalog = catalog
        self.drive = new_drive(catalog)
        root = catalog.read(lambda tx: tx.nodes.get(self.drive.root_id))
        assert root
        self.tree: dict[NodeId, Node] = {root.id: root}
        self.detached = 0

    def pick(self, at: int, kind: Kind | None = None) -> Node:
        found = [node for node in self.tree.values() if kind is None or node.kind is kind]
        return found[at % len(found)]

    def below(self, node_id: NodeId) -> set[NodeId]:
        found = {node_id}
        while more := {n.id for n in self.tree.values() if n.parent_id in found} - found:
            found |= more
        return found

    def taken(self, parent_id: NodeId, name: str) -> Node | None:
        return next((n for n in self.tree.values() if (n.parent_id, n.name) == (parent_id, name)), None)

    @rule(at=PICK, name=NAMES, kind=st.sampled_from(Kind))
    def create(self, at: int, name: str, kind: Kind) -> None:
        parent = self.pick(at, Kind.FOLDER)
        taken = self.taken(parent.id, name)
        try:
            node = self.catalog.write(lambda tx: tx.nodes.create(self.drive.id, parent.id, name, kind, NOW))
        except ExistsError:
            assert taken
        else:
            assert not taken
            assert node.id > max(self.tree)
            self.tree[node.id] = node

    @rule(at=PICK, size=st.integers(0, 3), modified=st.integers(0, 3))
    def change(self, at: int, size: int, modified: int) -> None:
        node = self.pick(at)
        when = TimeUs(NOW + modified)
        if node.kind is Kind.FOLDER:
            self.catalog.write(lambda tx: tx.nodes.touch(node.id, when))
            self.tree[node.id] = replace(node, modified_us=when)
            return
        refs = [block(seed, 1) for seed in range(size)]

        def work(tx: CatalogTx) -> Node:
            keep(tx, self.drive, refs)
            version = publish(tx, node, refs, when)
            return replace(node, size=size, modified_us=when, version_id=version.id, sha256=version.sha256)

        self.tree[node.id] = self.catalog.write(work)

    @rule(at=PICK, to=PICK, name=NAMES)
    def relocate(self, at: int, to: int, name: str) -> None:
        node, parent = self.pick(at), self.pick(to, Kind.FOLDER)
        inside = parent.id in self.below(node.id)
        assert self.catalog.read(lambda tx: tx.nodes.is_within(parent.id, node.id)) == inside
        if inside:
            return  # the services' to refuse
        taken = self.taken(parent.id, name)
        try:
            self.catalog.write(lambda tx: tx.nodes.relocate(node.id, parent.id, name))
        except ExistsError:
            assert taken
            assert taken.id != node.id
        else:
            assert taken is None or taken.id == node.id
            self.tree[node.id] = replace(node, parent_id=parent.id, name=name)

    @rule(at=PICK)
    def detach(self, at: int) -> None:
        node = self.pick(at)
        if node.parent_id is None:
            with pytest.raises(ConflictError):
                self.catalog.write(lambda tx: tx.nodes.detach(node.id))
            return
        self.catalog.write(lambda tx: tx.nodes.detach(node.id))
        for gone in self.below(node.id):
            del self.tree[gone]
            self.detached += 1

    @rule(limit=st.integers(1, 5))
    def purge(self, limit: int) -> None:
        done = self.catalog.write(lambda tx: tx.nodes.purge_batch(limit))
        assert done == min(limit, self.detached)
        self.detached -= done

    @rule(
        at=PICK,
        sort=st.sampled_from(SortKey),
        descending=st.booleans(),
        limit=st.integers(1, 4),
    )
    def list(self, at: int, sort: SortKey, *, descending: bool, limit: int) -> None:
        folder = self.pick(at, Kind.FOLDER)
        children = [node for node in self.tree.values() if node.parent_id == folder.id]
        assert listing(self.catalog, folder.id, sort, descending=descending, limit=limit) == in_order(
            children, sort, descending=descending
        )

    @invariant()
    def every_node_is_as_it_should_be(self) -> None:
        def work(tx: CatalogTx) -> None:
            for node in self.tree.values():
                assert tx.nodes.get(node.id) == node
                if node.parent_id:
                    assert tx.nodes.child(node.parent_id, node.name) == node
                expected = any(n.parent_id == node.id for n in self.tree.values())
                assert tx.nodes.has_children(node.id) == expected

        self.catalog.read(work)

    def teardown(self) -> None:
        """What remains after everything was removed and purged: an empty drive, and no block in use."""

        def work(tx: CatalogTx) -> None:
            for node in self.tree.values():
                if node.parent_id == self.drive.root_id:
                    tx.nodes.detach(node.id)
            while tx.nodes.purge_batch(7):
                pass
            drive = tx.drives.get(self.drive.id)
            assert drive
            assert (drive.bytes, drive.files) == (0, 0)
            tx.drives.delete(drive.id)
            assert tx.blocks.delete_unreferenced([block(seed).id for seed in range(3)]) is not None
            assert tx.blocks.missing([block(seed).id for seed in range(3)]) == {block(seed).id for seed in range(3)}

        self.catalog.write(work)


class TreeModelContract(CatalogBase):
    def test_any_history_of_a_tree_agrees_with_the_model(self, catalog: Catalog) -> None:
        class Machine(TreeMachine):
            def __init__(self) -> None:
                super().__init__(catalog)

        run_state_machine_as_test(Machine, settings=MODEST)
