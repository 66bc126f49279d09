"""The session on a GPU needs no package that only notebooks, checks of data or figures need."""

import os
import subprocess
import sys

import pytest

from rainmer_lib import paths

HIDDEN = (  # psutil is asked for the memory of a CPU alone
    "papermill", "ipykernel", "IPython", "nbconvert", "nbformat", "imagehash", "pooch", "png", "yaml", "matplotlib",
    "seaborn",
)  # fmt: skip
SCRIPT = f"""
import importlib.util, sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HIDDEN!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hide())
spec = importlib.util.spec_from_file_location("gpu_session", sys.argv[1])
session = importlib.util.module_from_spec(spec)
spec.loader.exec_module(session)
sys.argv[1:] = ["--device", "cpu", "--tiny", "--stages", "train", "--out", sys.argv[2]]
session.main()
"""


@pytest.mark.slow
def test_it_trains_without_packages_that_training_does_not_need(tmp_path):
    script, out = paths.REPOSITORY / "benchmarks" / "gpu_session.py", tmp_path / "out"
    environment = os.environ | {"RAINMER_DATA": str(tmp_path), "PYTHONPATH": str(paths.REPOSITORY), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", SCRIPT, str(script), str(out)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    files = {path.name for path in out.iterdir()}
    assert {"table.csv", "table.json", "session.json", "log.jsonl", "held_out.jsonl", "derain-1-of-1.safetensors"} <= files
    assert "dcdgan, plain, on embedded" in done.stdout and "trained on the embedded photos" in done.stdout
