"""PRN, PReNet_r and PRN_r: what PReNet's parts add (Ren et al., CVPR 2019, Sec. 3 and Table 2).

PRN has no LSTM.  The reduced networks, `_r`, use one residual block five times in place of five blocks.  Network, training
and data are PReNet's, so that a comparison differs in the part alone.
"""

from dataclasses import dataclass, replace

from rainmer_lib.baselines.prenet import METHOD as PRENET
from rainmer_lib.baselines.prenet import PReNetConfig, loader
from rainmer_lib.training.method import Method, Size

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run


@dataclass(frozen=True)
class PRNConfig(PReNetConfig):
    """PRN: five residual blocks, no LSTM.  95,107 parameters."""

    recurrent: bool = False


@dataclass(frozen=True)
class ReducedPReNetConfig(PReNetConfig):
    """PReNet_r: one residual block, used five times.  94,979 parameters."""

    blocks: int = 1
    repeats: int = 5


@dataclass(frozen=True)
class ReducedPRNConfig(ReducedPReNetConfig):
    """PRN_r: one residual block, used five times, no LSTM.  21,123 parameters."""

    recurrent: bool = False


def _member(config: type[PReNetConfig], name: str, title: str, folder: str, family: str, laptop: dict) -> Method:
    """Return PReNet's method for a configuration class; `folder`: of published weights."""
    reduced = config().blocks == 1
    sizes = {
        "quick": Size(
            {"stages": 2, "channels": 8, "steps": 60, "batch": 2, "crop": 48} | ({"repeats": 2} if reduced else {"blocks": 1}),
            duration="seconds a training run on one core", log_every=20, save_every=1000,
        ),
        "laptop": Size(laptop, duration="two to four minutes a training run on one core"),
        "gpu": PRENET.sizes["gpu"],
        "paper": PRENET.sizes["paper"],
    }  # fmt: skip
    return replace(
        PRENET, name=name, title=title, version=METHOD_VERSION, config=config, family=family, sizes=sizes,
        describe=lambda c: f"{c.stages} stages{'' if c.recurrent else ' without LSTM'} of {_blocks(c)}",
        differs=PRENET.differs,
        load_published=loader(config(), folder, title),
    )  # fmt: skip


def _blocks(config: PReNetConfig) -> str:
    return f"{config.blocks} residual blocks" if config.repeats == 1 else f"one residual block, used {config.repeats} times"


_LAPTOP = {"stages": 4, "channels": 16, "steps": 1400, "batch": 4, "crop": 48}
_ONE = _LAPTOP | {"repeats": 3}

PRN = _member(PRNConfig, "prn", "PRN", "PRN6", "residual CNN, progressive", _LAPTOP | {"blocks": 3})
PRENET_R = _member(ReducedPReNetConfig, "prenet_r", "PReNet_r", "PReNet6_r", "recurrent CNN, one block", _ONE)
PRN_R = _member(ReducedPRNConfig, "prn_r", "PRN_r", "PRN6_r", "residual CNN, progressive, one block", _ONE)
