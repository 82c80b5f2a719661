"""One contract suite for each port; an implementation runs it by naming a fixture."""
