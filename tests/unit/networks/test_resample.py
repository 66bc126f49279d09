"""Anti-aliased resampling against explicit filters."""

import pytest
import torch

from rainmer_lib.networks.resample import BlurDown, BlurUp

TAPS_DOWN = (1, 2, 1)


def mirrored(i, size):
    return -i if i < 0 else 2 * (size - 1) - i if i >= size else i


@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
def test_blur_down_is_121_then_every_second_pixel(size):
    x = torch.rand(1, 2, *size, dtype=torch.float64)
    y = BlurDown()(x)
    assert y.shape[2:] == ((size[0] + 1) // 2, (size[1] + 1) // 2)
    for c in range(2):
        for i in range(y.shape[2]):
            for j in range(y.shape[3]):
                expected = sum(
                    TAPS_DOWN[a + 1] * TAPS_DOWN[b + 1] * x[0, c, mirrored(2 * i + a, size[0]), mirrored(2 * j + b, size[1])]
                    for a in (-1, 0, 1) for b in (-1, 0, 1)
                ) / 16  # fmt: skip
                assert y[0, c, i, j] == pytest.approx(expected.item(), rel=1e-6)


def test_blur_up_is_1331_on_replicated_borders():
    """[1, 3, 3, 1] / 4 over inserted zeros: each output is 3/4 of the nearer and 1/4 of the farther neighbour."""
    x = torch.rand(1, 1, 3, 4, dtype=torch.float64)

    def double(row):
        inner = [row[0], *row, row[-1]]
        pairs = [(0.25 * inner[i - 1] + 0.75 * inner[i], 0.75 * inner[i] + 0.25 * inner[i + 1]) for i in range(1, len(row) + 1)]
        return [value for pair in pairs for value in pair]

    wide = [double(row) for row in x[0, 0].tolist()]
    expected = torch.tensor([double(list(column)) for column in zip(*wide, strict=True)], dtype=torch.float64).T
    torch.testing.assert_close(BlurUp()(x)[0, 0], expected)
