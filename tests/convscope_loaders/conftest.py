"""What tests of loaders begin with."""

import pytest


@pytest.fixture
def path(tmp_path):
    """A file to write a log into."""
    return tmp_path / "log.h5"
