"""A TensorFlow checkpoint written from the description of the format, to test the reader: blocks, prefixes, checksums."""

import struct
from functools import cache

import numpy as np

TYPES = {"<f4": 1, "<f8": 2, "<i4": 3, "<i8": 9}


def varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def number(field, value):
    return varint(field << 3) + varint(value)


def nested(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


@cache
def crc(content):
    """CRC-32C bit by bit, masked."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 * (value & 1)
    value ^= 0xFFFFFFFF
    return struct.pack("<I", ((value >> 15 | value << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF)


def block(entries, restart=3):
    """A block; the key of every entry but each `restart`-th is shortened by what it shares with the one before."""
    content, before, restarts = b"", b"", []
    for place, (key, value) in enumerate(entries):
        shared = 0
        if place % restart:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        else:
            restarts.append(len(content))
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return content + b"".join(struct.pack("<I", at) for at in [*restarts, len(restarts)])


def table(entries, size=4, kind=0):
    """A table with `size` entries a block; `kind` of compression as its blocks claim."""
    written, places = b"", []

    def add(content):
        nonlocal written
        place = varint(len(written)) + varint(len(content))
        written += content + bytes([kind]) + crc(content + bytes([kind]))
        return place

    for first in range(0, len(entries), size):
        part = entries[first : first + size]
        places.append((part[-1][0], add(block(part))))
    footer = add(block([])) + add(block(places))
    return written + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def write_checkpoint(prefix, tensors, kind=0, shards=1):
    """Write `tensors`, arrays by name, as PREFIX.index and PREFIX.data-00000-of-00001."""
    data, entries = b"", [(b"", number(1, shards) + nested(3, number(1, 1)))]
    for name in sorted(tensors):
        value = np.asarray(tensors[name], order="C")
        shape = b"".join(nested(2, number(1, side)) for side in value.shape)
        raw = value.tobytes()
        place = number(4, len(data)) * bool(data) + number(5, len(raw))  # a zero is left out
        sum_ = varint(6 << 3 | 5) + crc(raw)
        entries.append((name.encode(), number(1, TYPES[value.dtype.str]) + nested(2, shape) + place + sum_))
        data += raw
    prefix.with_name(f"{prefix.name}.index").write_bytes(table(entries, kind=kind))
    prefix.with_name(f"{prefix.name}.data-00000-of-00001").write_bytes(data)
    return prefix
