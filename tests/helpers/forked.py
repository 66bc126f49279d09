"""Processes forked from one that has imported what trainings and notebooks import, which takes a new one two to five seconds.

`CONTEXT.Process` starts one.  Nothing is computed in the process that they are forked from.
"""

import multiprocessing

from rainmer_lib import paths

ROOMS = ("analysis", "claims", "data", "dcdgan", "downstream", "experiments", "plots", "rainmer", "teaching")
FILES = [path for room in ROOMS for path in sorted((paths.REPOSITORY / "rainmer_lib" / room).glob("[!_]*.py"))]
OURS = [f"rainmer_lib.{path.parent.name}.{path.stem}" for path in FILES]
CONTEXT = multiprocessing.get_context("forkserver")
# torch._dynamo: an optimiser imports it at its first step
CONTEXT.set_forkserver_preload(
    ["torch", "torch._dynamo", "ipykernel.kernelapp", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "seaborn",
     "skimage.io", "skimage.metrics", "scipy.stats", "rainmer_lib.methods", "rainmer_lib.workflow.parameters", *OURS]
)  # fmt: skip
