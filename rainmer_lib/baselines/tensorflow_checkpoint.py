"""TensorFlow checkpoints (the "V2" pair of .index and .data files) read without TensorFlow.

The index is a table of sorted keys in the format of LevelDB: blocks of entries whose keys share prefixes, each followed by
its kind of compression and a checksum, an index block of their places, and a footer.  The empty key holds a header, every
other key is the name of a tensor, its value the protocol buffer BundleEntryProto: type, shape, place in the data file,
checksum.  Sources: LevelDB, doc/table_format.md; TensorFlow, core/protobuf/tensor_bundle.proto.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER = 48  # bytes: two places, padded, and the magic number
DATA = ".data-00000-of-00001"
TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}  # of DataType, those that weights and counters have
POLYNOMIAL = 0x82F63B78  # CRC-32C, reflected
_TABLE: list[int] = []


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a checkpoint by name; `path` is its .index file, its data file, or what both names begin with.

    Reads tensors alone and executes nothing.  Raises FileNotFoundError if a file is missing, ValueError if one is damaged
    (all checksums are compared), is compressed or in several parts, or holds tensors of other types than numbers.
    """
    prefix = str(path).removesuffix(".index").removesuffix(DATA)
    index, data = Path(f"{prefix}.index"), Path(f"{prefix}{DATA}")
    for file in (index, data):
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such file; a checkpoint is the pair {index.name} and {data.name}")
    try:
        entries = dict(_entries(index.read_bytes()))
        header = _fields(entries.pop(b""))
        if header.get(1, [0])[-1] != 1 or header.get(2, [0])[-1] != 0:
            raise ValueError("its data are in several files, or big-endian")
        content = data.read_bytes()
        return {name.decode(): _tensor(_fields(entry), content) for name, entry in entries.items()}
    except (ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        raise ValueError(f"{prefix}: damaged, or not a checkpoint of TensorFlow ({error})") from error


def _entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Iterate over the keys and values of a table."""
    footer = table[-FOOTER:]
    if len(table) < FOOTER or footer[-len(MAGIC) :] != MAGIC:
        raise ValueError("the index does not end as a table does")
    offset, size, at = _place(footer, 0)  # of the block with facts about the table
    list(_block(table, offset, size))  # nothing is taken from it, but a damaged one is damage
    for _, value in _block(table, *_place(footer, at)[:2]):
        yield from _block(table, *_place(value, 0)[:2])


def _place(buffer: bytes, at: int) -> tuple[int, int, int]:
    """Return offset and size of a block, and where its description ends."""
    offset, at = _varint(buffer, at)
    size, at = _varint(buffer, at)
    return offset, size, at


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Iterate over the entries of a block: lengths of the key's shared and own part and of the value, own part, value."""
    block, kind = table[offset : offset + size], table[offset + size]
    _require(table[offset : offset + size + 1], table[offset + size + 1 : offset + size + 5])
    if kind:
        raise ValueError(f"a block is compressed (kind {kind})")
    restarts = struct.unpack("<I", block[-4:])[0]
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _tensor(entry: dict[int, list], content: bytes) -> np.ndarray:
    if 7 in entry:
        raise ValueError("a tensor is in slices")
    kind = entry[1][-1]
    if kind not in TYPES:
        raise ValueError(f"a tensor is of type {kind}, which is none of numbers")
    sizes = [_fields(size).get(1, [0])[-1] for size in _fields(entry.get(2, [b""])[-1]).get(2, [])]
    offset, length = entry.get(4, [0])[-1], entry.get(5, [0])[-1]
    raw = content[offset : offset + length]
    _require(raw, entry[6][-1])
    return np.frombuffer(raw, TYPES[kind]).reshape(sizes).copy()


def _fields(message: bytes) -> dict[int, list]:
    """Return the fields of a protocol buffer by number: integers, bytes of nested messages, four bytes of fixed numbers."""
    found: dict[int, list] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 0:
            value, at = _varint(message, at)
        elif tag & 7 in (2, 5):
            length, at = _varint(message, at) if tag & 7 == 2 else (4, at)
            value, at = message[at : at + length], at + length
        else:
            raise ValueError(f"a field of kind {tag & 7}")
        found.setdefault(tag >> 3, []).append(value)
    return found


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, seven bits a byte, lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = buffer[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def _require(content: bytes, stored: bytes) -> None:
    if struct.unpack("<I", stored)[0] != masked(crc32c(content)):
        raise ValueError("a checksum is wrong")


def masked(crc: int) -> int:
    """Return a checksum as tables store it: rotated by 15 bits, and a constant added."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of bytes."""
    if not _TABLE:
        for value in range(256):
            for _ in range(8):
                value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
            _TABLE.append(value)
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
