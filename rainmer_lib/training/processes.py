"""Several processes that train one run together, as `torchrun` starts them; without it there is one, and nothing here acts."""

import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch import distributed as group
from torch.distributed.rendezvous import rendezvous

from rainmer_lib.data.batches import AnyBatch

LOST = "another process of this run has ended, so this one ends too. The same command goes on from the last checkpoint"
TERMINATED = 128 + signal.SIGTERM


def count() -> int:
    """Return the number of processes of the run."""
    return group.get_world_size() if group.is_initialized() else 1


def rank() -> int:
    """Return the number of this process, from 0; process 0 alone writes files and prints."""
    return group.get_rank() if group.is_initialized() else 0


def join() -> int:
    """Join the processes that `torchrun` has started, if it has, each with a graphics card of its own; return their number.

    They talk through NCCL on graphics cards, and through gloo else.  Process 0 alone prints from now on.  When torchrun stops
    this process because another one has ended, it says so and ends at once, whatever it waits for.
    Raises ValueError if this machine has fewer graphics cards than processes.
    """
    if group.is_initialized() or int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return count()
    cards, place = torch.cuda.device_count(), int(os.environ.get("LOCAL_RANK", "0"))
    if cards:
        if place >= cards:
            raise ValueError(f"process {place} has no graphics card of its own: give torchrun --nproc-per-node {cards}")
        torch.cuda.set_device(place)
    _end_when_told()
    store, number, total = next(rendezvous("env://"))
    if os.environ.get("LOCAL_WORLD_SIZE") == str(total):  # one machine: started again, none may read another's old address
        store = group.PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    group.init_process_group("cpu:gloo,cuda:nccl" if cards else "gloo", store=store, rank=number, world_size=total)
    if rank():
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    return count()


def _end_when_told() -> None:
    """Let a thread wait for SIGTERM: the main one may be in a collective operation, where no handler of Python's would run."""
    told, tell = socket.socketpair()
    tell.setblocking(False)
    signal.signal(signal.SIGTERM, lambda *_: None)  # so that its number is written to the socket
    signal.set_wakeup_fd(tell.fileno())

    def wait() -> None:
        while told.recv(1)[0] != signal.SIGTERM:
            pass  # others, such as that of Ctrl-C, have their own handlers
        tell.close()
        print(f"rainmer: process {os.environ.get('RANK')}: {LOST}", file=sys.stderr, flush=True)
        os._exit(TERMINATED)

    threading.Thread(target=wait, daemon=True).start()


def share(batch: AnyBatch) -> AnyBatch:
    """Return this process's images of a batch: of n processes, number r takes the images r, r + n, r + 2 n, ...

    So each part of a batch whose size n divides, such as the crops of a rehearsal, is shared evenly.
    """
    return type(batch)(*(images[rank() :: count()] for images in batch)) if count() > 1 else batch


@torch.no_grad()
def average(tensors: Iterable[Tensor]) -> None:
    """Set each tensor to its mean over the processes, in one operation for all of a type."""
    if count() == 1:
        return
    kinds: dict[tuple, list[Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    for found in kinds.values():
        flat = torch.cat([tensor.reshape(-1) for tensor in found])
        with _or_lost():
            group.all_reduce(flat)
        parts = (flat / count()).split([tensor.numel() for tensor in found])
        for tensor, part in zip(found, parts, strict=True):
            tensor.copy_(part.view(tensor.shape))


def agreed(value: Any) -> Any:
    """Return process 0's value on every process."""
    values = [value]
    if count() > 1:
        with _or_lost():
            group.broadcast_object_list(values)
    return values[0]


def gathered(state: dict) -> list[dict]:
    """Return the tensors and plain values of every process on process 0, in their order and on its CPU; nothing elsewhere."""
    if count() == 1:
        return [state]
    content, found = io.BytesIO(), [None] * count() if rank() == 0 else None
    torch.save(state, content)
    with _or_lost():
        group.gather_object(content.getvalue(), found)
    return [torch.load(io.BytesIO(part), "cpu", weights_only=True) for part in found or ()]


def wait() -> None:
    """Wait until every process is here."""
    agreed(None)


@contextmanager
def _or_lost() -> Iterator[None]:
    """Raise ConnectionError, which says what to do, where an operation fails because another process has ended."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ConnectionError(f"process {rank()}: {LOST} ({str(error).splitlines()[0]})") from error
