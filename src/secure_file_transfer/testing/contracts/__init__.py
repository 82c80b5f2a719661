"""One contract suite for each port; an implementation runs it by naming a fixture."""

import pkgutil

import pytest

# So that a failing assertion of a suite shows its values, as one in a test file does.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))
