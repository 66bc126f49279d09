"""Photos are read when they are asked for, kept within the memory, and batches that are made in advance are the same."""

import threading

import numpy as np
import pytest

from rainmer_lib.data.photo_files import Ahead, PhotoFiles

SOURCES = {"a": 1, "b": 2, "c": 3}


def counted(memory):
    asked = []

    def read(value):
        asked.append(value)
        return np.full((2, 5, 3), value, np.uint8)

    return PhotoFiles(SOURCES, read, memory), asked


def test_what_fits_is_read_once_and_the_rest_each_time():
    photos, asked = counted(memory=60)  # two photos of 30 bytes
    for _ in range(2):
        assert [int(photo[0, 0, 0]) for photo in photos] == [1, 2, 3]
    assert asked == [1, 2, 3, 3] and not photos.in_memory and photos.names == ("a", "b", "c")
    assert photos[-1][0, 0, 0] == 3 and counted(90)[0].in_memory is False
    with pytest.raises(IndexError):
        photos[3]


def test_a_part_reads_nothing_again_and_knows_its_names():
    photos, asked = counted(memory=90)
    list(photos)
    part = photos.part([2, 0])
    assert photos.in_memory and part.in_memory and part.names == ("c", "a")
    assert [int(photo[0, 0, 0]) for photo in part] == [3, 1] and asked == [1, 2, 3]
    assert {name: int(photo[0, 0, 0]) for name, photo in part.by_name.items()} == {"c": 3, "a": 1}


def test_batches_of_the_next_steps_are_begun_and_are_those_that_are_asked_for():
    made, threads = [], set()

    def make(step, size):
        made.append((step, size))
        threads.add(threading.current_thread().name)
        return step * 10 + size

    ahead = Ahead(workers=2)
    assert [ahead.take(make, step, 1) for step in range(3)] == [1, 11, 21]
    assert ahead.take(make, 3, 5) == 35, "another size than expected"
    assert ahead.take(make, 0, 5) == 5, "and a step back"
    first = Ahead(workers=2)
    made.clear()
    assert first.take(make, 0, 9) == 9
    first._pool.shutdown()
    assert sorted(made)[-2:] == [(1, 9), (2, 9)], "made in advance"
    assert all(name.startswith("photos") for name in threads)


def test_an_error_of_a_batch_is_that_of_its_step():
    def make(step):
        if step == 1:
            raise ValueError("step 1")
        return step

    ahead = Ahead(workers=2)
    assert ahead.take(make, 0) == 0
    with pytest.raises(ValueError, match="step 1"):
        ahead.take(make, 1)
    assert ahead.take(make, 2) == 2
