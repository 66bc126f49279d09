"""One session on a GPU, in one command: what runs there, how fast, and a training run of DCD-GAN in full.

Stages, each of which may be left out: `imports` of every module of the library; `methods`, one training step of every method
on the device beside the same step on the CPU; `gradients` of every fast path against the plain one; `throughput` of DCD-GAN's
step at profile `gpu` without and with each option, and its share of the peak, which is that of a large matrix product measured
here; `train`, the run at profile `gpu` with the fastest options whose gradients hold, for the given minutes or for what the
limit leaves.  A failure of a part is a row of the table with its message, and ends no other part.

    python benchmarks/gpu_session.py --minutes 7 --limit 580 --out results/gpu/session
    python benchmarks/gpu_session.py --device cpu --tiny --out session       the same on a CPU, in small

The folder --out gets table.csv and table.json, session.json (versions, device), and of the run: log.jsonl, held_out.jsonl,
config.json and the averaged weights in half precision in parts under 16 MB (derain-1-of-2.safetensors), renewed while it lasts.
"""

import argparse
import importlib
import json
import os
import pkgutil
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save
from torch.utils.flop_counter import FlopCounterMode

import rainmer_lib
from rainmer_lib import atomic
from rainmer_lib.data.batches import Batch, to_device
from rainmer_lib.data.on_device import DeviceRain
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.experiments.held_out import HELD_OUT
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.runs import train_run
from rainmer_lib.inference.device import VARIABLE, device
from rainmer_lib.methods import METHODS
from rainmer_lib.training.loop import halved

STAGES = ("imports", "methods", "gradients", "throughput", "train")
METHOD = METHODS["dcdgan"]
PLAIN = {"precision": "float32", "channels_last": False, "compile": False, "graphs": False}
ADVERSARIAL = {"contrastive_weight": 0.0, "colour_weight": 0.0, "frequency_weight": 0.0}
OPTIONS = {  # measured beside the plain step; compiling takes a minute or so each time, so only what is likely to be best
    "plain": {},
    "bfloat16": {"precision": "bfloat16"},
    "channels last": {"channels_last": True},
    "bfloat16, channels last": {"precision": "bfloat16", "channels_last": True},
    "bfloat16, channels last, compiled": {"precision": "bfloat16", "channels_last": True, "compile": True},
    "bfloat16, channels last, graphs": {"precision": "bfloat16", "channels_last": True, "compile": True, "graphs": True},
}
LEAST = {"float32": 0.999, "bfloat16": 0.9}  # cosine of each group's gradient with the plain one's, by precision
SMALL = {  # networks for the gradients
    "width": 16, "blocks": 2, "discriminator_width": 16, "taps": ("down1", "down2", "block1", "block2"), "embedding": 32,
    "patches": 64, "crop": 64,
}  # fmt: skip
TINY = SMALL | {"width": 4, "discriminator_width": 4, "embedding": 8, "patches": 16, "crop": 32, "batch": 2}
PART = 15 * 10**6  # bytes of a file of weights
KEPT = 120  # seconds between two copies of the run's files


class Session:
    """The table of a session: a row for each part, written as it grows."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.rows, self.began = options, [], time.monotonic()
        self.sync: Callable[[], None] = torch.cuda.synchronize if options.device.startswith("cuda") else lambda: None
        options.out.mkdir(parents=True, exist_ok=True)

    @property
    def left(self) -> float:
        """Seconds until the limit."""
        return self.options.limit - (time.monotonic() - self.began)

    def part(self, stage: str, name: str, work: Callable[[], dict], warned: bool = True) -> dict:
        """Do a part and add its row: `ok`, or the message of its failure or of its warnings.

        Where a training run is to follow, parts are left out once less than half of its minutes remains.
        """
        began, row = time.monotonic(), {"stage": stage, "part": name}
        if stage != "train" and "train" in self.options.stages and self.left < 30 * self.options.minutes:
            self.rows.append(row | {"ok": False, "message": "left out for want of time"})
            return self.rows[-1]
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always" if warned else "ignore")
            try:
                row |= {"ok": True} | work()
            except Exception as error:  # the report of a failure is what this script is for
                row |= {"ok": False, "message": f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"[:300]}
        ours = dict.fromkeys(str(w.message).splitlines()[0][:200] for w in said if "compiled" in str(w.message))
        if ours and "message" not in row:
            row["message"] = "; ".join(ours)
        self.rows.append(row | {"seconds": round(time.monotonic() - began, 2)})
        print({key: value for key, value in self.rows[-1].items() if value not in (None, "")}, flush=True)
        self.write()
        return self.rows[-1]

    def write(self) -> None:
        """Write the table as CSV and JSON."""
        table = pd.DataFrame(self.rows)
        atomic.write(self.options.out / "table.csv", lambda part: table.to_csv(part, index=False))
        atomic.write_json(self.options.out / "table.json", json.loads(table.to_json(orient="records")))


def imports(session: Session) -> None:
    names = [m.name for m in pkgutil.walk_packages(rainmer_lib.__path__, "rainmer_lib.") if not m.name.endswith("__main__")]

    def load() -> dict:
        failed = {}
        for name in names:
            try:
                importlib.import_module(name)
            except ImportError as error:
                failed[name] = str(error)
        return {"ok": True, "message": f"{len(names) - len(failed)} of {len(names)} modules"
                + "".join(f"; {name}: {why}" for name, why in failed.items())}  # fmt: skip

    session.part("imports", "rainmer_lib", load)


def methods(session: Session) -> None:
    """One step of every method at `quick`, from the same weights on both devices; `difference`: the largest of a term."""
    source, where = unpaired("embedded"), session.options.device

    for name, method in METHODS.items():
        def step(method=method) -> dict:
            config = method.at("quick")
            data = method.data(source, "quick")
            terms = []
            for place in ("cpu", where):
                trainer = method.start(config, place)
                batch = data.batch(trainer.step, trainer.crops, config.crop, config.seed)
                terms.append({name: float(value) for name, value in trainer.train_step(to_device(batch, place)).items()})
            here, there = (np.array(list(found.values())) for found in terms)
            network = method.network(config).to(where).eval()
            with torch.no_grad():
                side = -(-max(48, network.smallest) // network.multiple) * network.multiple
                finite = bool(torch.isfinite(network(torch.rand(1, 3, side, side, device=where))).all())
            return {"ok": finite and bool(np.isfinite(there).all()), "difference": float(np.abs(here - there).max())}

        session.part("methods", name, step)


def gradients(session: Session) -> None:
    """The direction of each group's gradient under each option, at batch 1 and 2, against the plain step without TF32.

    Under bfloat16 that of the adversarial term: in networks so small the other terms' depend on the last bits of weights and
    features (tests/unit/dcdgan/test_step.py).  Compiled networks at batch 2 alone.
    """
    where = session.options.device
    size = TINY if session.options.tiny else SMALL
    for batch in (1, 2):
        config = METHOD.at("gpu", **PLAIN | size | {"batch": batch})
        generator = torch.Generator().manual_seed(0)
        images = [torch.rand(batch, 3, config.crop, config.crop, generator=generator).to(where) for _ in range(2)]
        for name, options in _options(session).items():
            def compare(options=options, config=config, images=images) -> dict:
                precision = options.get("precision", "float32")
                config = replace(config, **ADVERSARIAL) if precision == "bfloat16" else config
                plain, found = (_gradients(given, images, where) for given in (config, replace(config, **options)))
                cosines = {group: float(torch.cosine_similarity(plain[group], found[group], dim=0)) for group in plain}
                return {"ok": min(cosines.values()) >= LEAST[precision], **cosines}

            if options and not (batch == 1 and options.get("compile")):
                session.part("gradients", f"{name}, batch {batch}", compare)


def _gradients(config, images: list, where: str) -> dict[str, torch.Tensor]:
    """The gradient of each group of parameters in one step, as one vector; no weight changes."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        trainer, found = Trainer.start(config, where), {}

        def keep(groups=None) -> None:
            nonlocal found
            for group in groups:
                values = [p.grad.flatten().double() for p in trainer.optimisation._parameters(group) if p.grad is not None]
                found |= {group: torch.cat(values)} if values else {}

        trainer.optimisation.apply = keep
        trainer.train_step(Batch(*images))
        return found
    finally:
        torch.backends.cudnn.allow_tf32 = before


def throughput(session: Session) -> dict[str, float]:
    """Images a second of the step under each option, and its share of the peak; returns them by option."""
    where, tiny = session.options.device, session.options.tiny
    peaks, found = {}, {}
    for name, kind in {"float32": torch.float32, "bfloat16": torch.bfloat16}.items():
        row = session.part("peak", f"matrix product, {name}", lambda kind=kind: {"tflops": _matrix_product(session, kind)})
        peaks[name] = row.get("tflops")
    config = METHOD.at("gpu", **PLAIN | (TINY if tiny else {}))
    source = unpaired("embedded")
    data = DeviceRain(source, where)
    session.part("throughput", "batches", lambda: {"images a second": _rate(
        session, lambda step: data.batch(step, config.batch, config.crop, 0), config.batch)})  # fmt: skip
    counted = session.part("throughput", "operations of a step", lambda: {"gflop": _operations(config, data, where) / 1e9})
    for name, options in _options(session).items():
        def measure(options=options) -> dict:
            changed = replace(config, **options)
            trainer = Trainer.start(changed, where)

            def step(number: int) -> dict:
                return trainer.train_step(data.batch(number, changed.batch, changed.crop, 0))

            rate = _rate(session, step, changed.batch)
            share, precision = {}, options.get("precision", "float32")
            if counted.get("gflop") and peaks[precision]:
                share = {"share of the peak": counted["gflop"] * rate / changed.batch / 1e3 / peaks[precision]}
            memory = {"GiB": torch.cuda.max_memory_allocated() / 2**30} if where.startswith("cuda") else {}
            return {"images a second": rate} | share | memory

        row = session.part("throughput", name, measure)
        if row["ok"] and "not compiled" not in row.get("message", ""):
            found[name] = row["images a second"]
        torch.compiler.reset()
    return found


def _options(session: Session) -> dict[str, dict]:
    """The options that are measured here: on a CPU, compiling takes minutes, and there are no graphs."""
    left_out = () if session.options.device.startswith("cuda") else ("compile", "graphs")
    return {name: options for name, options in OPTIONS.items() if not any(options.get(key) for key in left_out)}


def _rate(session: Session, step: Callable[[int], object], images: int) -> float:
    """Images a second, after some steps that are not counted."""
    for number in range(2 if session.options.tiny else 10):
        step(number)
    session.sync()
    began, done = time.monotonic(), 0
    while done < 2 or time.monotonic() - began < session.options.seconds:
        step(done)
        done += 1
        if done % 10 == 0:
            session.sync()  # the clock must not run ahead of the device
    session.sync()
    return done * images / (time.monotonic() - began)


def _matrix_product(session: Session, kind: torch.dtype) -> float:
    """Tera floating-point operations a second of a square matrix product; float32 by TF32, as convolutions compute it."""
    torch.set_float32_matmul_precision("high")
    try:
        return _product_rate(session, kind)
    finally:
        torch.set_float32_matmul_precision("highest")


def _product_rate(session: Session, kind: torch.dtype) -> float:
    side = 256 if session.options.tiny else 8192
    a, b = (torch.randn(side, side, device=session.options.device, dtype=kind) for _ in range(2))
    return _rate(session, lambda step: a @ b, 2 * side**3) / 1e12


def _operations(config, data: DeviceRain, where: str) -> float:
    """Floating-point operations of a step, forwards and backwards, as torch counts those of convolutions and products."""
    trainer = Trainer.start(config, where)
    with FlopCounterMode(display=False) as counter:
        trainer.train_step(data.batch(0, config.batch, config.crop, 0))
    return counter.get_total_flops()


class Keep:
    """Copies the files of a run into the folder of the session every two minutes and at its end, with the averaged weights."""

    def __init__(self, folder, out: Path) -> None:
        self.folder, self.out, self.due = folder, out, time.monotonic() + KEPT

    def __call__(self, trainer, entry) -> None:
        if time.monotonic() >= self.due:
            self.keep({name: average.weights() for name, average in trainer.averages.items()})
            self.due = time.monotonic() + KEPT

    def keep(self, networks: dict) -> None:
        for file in ("config.json", "log.jsonl", HELD_OUT, "finished.json"):
            if (source := self.folder.path / file).is_file():
                atomic.write(self.out / file, lambda part, source=source: shutil.copyfile(source, part))
        for name, weights in networks.items():
            parts = in_parts(halved(weights))
            for number, part in enumerate(parts, start=1):
                target = self.out / f"{name}-{number}-of-{len(parts)}.safetensors"
                atomic.write(target, lambda place, part=part: place.write_bytes(save(part)))


def in_parts(weights: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    """Divide weights into parts of at most `PART` bytes, in their order; one larger tensor is a part of its own."""
    parts, size = [{}], 0
    for name, value in weights.items():
        if parts[-1] and size + value.nbytes > PART:
            parts.append({})
            size = 0
        parts[-1][name] = value
        size += value.nbytes
    return parts


def training(session: Session, options: dict) -> None:
    """DCD-GAN at profile `gpu` with these options, for the minutes that are given or left."""
    given, size = session.options, profile("gpu")
    try:
        source = unpaired(size.data)
    except FileNotFoundError as error:
        print(f"trained on the embedded photos: {error}", flush=True)
        source = unpaired("embedded")
    reserve = 0 if given.tiny else 25  # seconds for the last checkpoint and the files
    minutes = max(0.05, min(given.minutes, (session.left - reserve) / 60))
    config = METHOD.at("gpu", **PLAIN | options | (TINY if given.tiny else {}), minutes=round(minutes, 2))
    keeper: list[Keep] = []

    def watch(folder):
        keeper.append(Keep(folder, given.out))
        return keeper[0]

    def run() -> dict:
        finished = train_run("DCD-GAN", METHOD, config, source, size, watch=watch)
        state = finished.folder.load_checkpoint("cpu")
        keeper[0].keep(state["optimisation"]["averages"])
        scores = [json.loads(line) for line in (finished.folder.path / HELD_OUT).read_text().splitlines()]
        return {"steps": state["step"], "minutes": config.minutes, "psnr": scores[-1]["psnr"], "ssim": scores[-1]["ssim"]}

    session.part("train", f"dcdgan, {', '.join(f'{k}={v}' for k, v in options.items()) or 'plain'}, on {source.name}", run)


def chosen(session: Session, rates: dict[str, float]) -> dict:
    """The fastest options none of whose gradients was wrong; those of the profile where nothing was measured."""
    if session.options.options:
        return OPTIONS[session.options.options]
    wrong = {row["part"].rsplit(", batch", 1)[0] for row in session.rows if row["stage"] == "gradients" and not row["ok"]}
    fit = {name: rate for name, rate in rates.items() if name not in wrong}
    if not fit:
        gpu = METHOD.at("gpu")
        return {name: getattr(gpu, name) for name in PLAIN} if session.options.device.startswith("cuda") else {}
    return OPTIONS[max(fit, key=fit.get)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--minutes", type=float, default=7.0, help="of the training run, at most")
    parser.add_argument("--limit", type=float, default=580.0, help="seconds of the whole session")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement of speed")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--options", choices=OPTIONS, help="of the training run, in place of the fastest")
    parser.add_argument("--runs", type=Path, help="folder of the run's checkpoints; default: a temporary one")
    parser.add_argument("--tiny", action="store_true", help="small networks, short measurements: does everything run?")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    options = parser.parse_args()
    options.device = os.environ[VARIABLE] = device(options.device)
    os.environ["RAINMER_RUNS"] = str(options.runs or tempfile.mkdtemp(prefix="rainmer-session-"))
    if options.tiny:
        options.minutes, options.seconds = min(options.minutes, 0.1), 0.2
    session = Session(options)
    name = torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device
    atomic.write_json(options.out / "session.json", {
        "torch": torch.__version__, "device": name, "rainmer": rainmer_lib.__version__, "stages": options.stages,
        "tiny": options.tiny,
    })  # fmt: skip
    rates: dict[str, float] = {}
    for stage in options.stages:
        if stage == "throughput":
            rates = throughput(session)
        elif stage == "train":
            training(session, chosen(session, rates))
        else:
            {"imports": imports, "methods": methods, "gradients": gradients}[stage](session)
    session.write()
    print(pd.DataFrame(session.rows).to_string(index=False, na_rep="", float_format=lambda value: f"{value:.4g}"))


if __name__ == "__main__":
    main()
