"""Folders of runs in the test's own directory."""

import pytest

from rainmer_lib.training.run import RunFolder, RunIdentity


@pytest.fixture
def folder(tmp_path):
    def make(config, data="noise", version=1, root=tmp_path):
        return RunFolder(root, RunIdentity("test", config, data, version))

    return make
