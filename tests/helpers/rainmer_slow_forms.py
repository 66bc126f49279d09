"""The blocks once more, as plain loops over numbers: slow, and written from the definitions."""

import math

import numpy as np


def check(found, expected):
    """A block's output (a tensor) is that of its slow form."""
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-6, atol=1e-7)


def check_images(form, block, *inputs):
    """The block on a batch is its slow form image by image."""
    for found, *images in zip(block(*inputs), *inputs, strict=True):
        check(found, form(block, *(image.numpy() for image in images)))


def conv(x, layer):
    """A convolution of one image (c, h, w), stride 1, borders of zeros, one multiplication at a time over kernel places."""
    weight = layer.weight.detach().double().numpy()
    out, per_group, k, _ = weight.shape
    dilation, pad = layer.dilation[0], layer.padding[0]
    c, h, w = x.shape
    padded = np.zeros((c, h + 2 * pad, w + 2 * pad))
    padded[:, pad : pad + h, pad : pad + w] = x
    y = np.zeros((out, h, w))
    for o in range(out):
        first = o // (out // (c // per_group)) * per_group
        for i in range(per_group):
            for row in range(k):
                for col in range(k):
                    at = padded[first + i, row * dilation : row * dilation + h, col * dilation : col * dilation + w]
                    y[o] += weight[o, i, row, col] * at
    if layer.bias is not None:
        y += layer.bias.detach().double().numpy()[:, None, None]
    return y


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def means(x):
    """(c, h, w) -> (c, 1, 1)."""
    return np.array([[[plane.mean()]] for plane in x])


def topk_softmax(row, count):
    """Softmax of the `count` largest entries, zero elsewhere."""
    kept = sorted(range(len(row)), key=lambda i: -row[i])[:count]
    total = sum(math.exp(row[i]) for i in kept)
    return np.array([math.exp(row[i]) / total if i in kept else 0.0 for i in range(len(row))])


def mixed_row(row, counts, shares, chained):
    """sum_r a_r softmax(mask_r): every mask from the scores, or each from the softmax before."""
    total = np.zeros(len(row))
    for count, share in zip(counts, shares, strict=True):
        weights = topk_softmax(row, count)
        total += share * weights
        row = weights if chained else row
    return total


def attention(module, x):
    """Sparse channel attention of one image, independent masks, head by head, channel by channel."""
    width = len(x)
    qkv = conv(conv(x, module.to_qkv[0]), module.to_qkv[1])
    q, k, v = (qkv[i * width : (i + 1) * width] for i in range(3))
    size, shares = width // module.heads, module.shares.detach().double().numpy()
    out = np.zeros_like(v)
    for head in range(module.heads):
        channels = range(head * size, (head + 1) * size)
        for i in channels:
            row = np.array([(q[i] * k[j]).sum() / np.linalg.norm(q[i]) / np.linalg.norm(k[j]) for j in channels])
            row *= module.temperature[head].item()
            for weight, j in zip(mixed_row(row, module.counts, shares, chained=False), channels, strict=True):
                out[i] += weight * v[j]
    return conv(out, module.project)


def feed_forward(module, x):
    y = conv(x, module.enter)
    hidden = len(y) // 2
    three, five = (relu(conv(y, layer)) for layer in module.depthwise)
    first = relu(conv(np.concatenate([three[:hidden], five[:hidden]]), module.grouped[0]))
    second = relu(conv(np.concatenate([three[hidden:], five[hidden:]]), module.grouped[1]))
    return conv(np.concatenate([first, second]), module.leave)


def norm(module, x):
    y = np.zeros_like(x)
    for row in range(x.shape[1]):
        for col in range(x.shape[2]):
            pixel = x[:, row, col]
            y[:, row, col] = (pixel - pixel.mean()) / math.sqrt(pixel.var() + 1e-5)
    scale, shift = (p.detach().double().numpy()[:, None, None] for p in (module.weight, module.bias))
    return y * scale + shift


def mean_pool(x):
    """3x3 means of the pixels that exist."""
    c, h, w = x.shape
    y = np.zeros_like(x)
    for i in range(h):
        for j in range(w):
            y[:, i, j] = x[:, max(0, i - 1) : i + 2, max(0, j - 1) : j + 2].mean(axis=(1, 2))
    return y


def mefc(module, x):
    logits = conv(relu(conv(means(x), module.weigh[0])), module.weigh[2]).reshape(4, 8)
    s = relu(conv(x, module.enter))
    for step in range(4):
        weights, answers = softmax(logits[step]), []
        for o, expert in enumerate(module.experts[step]):
            if o == 7:
                y = mean_pool(s)
            elif o < 4:
                y = conv(conv(relu(conv(conv(s, expert[0]), expert[1])), expert[3]), expert[4])
            else:
                y = conv(conv(s, expert[0]), expert[1])
            answers.append(weights[o] * y)
        s = relu(relu(conv(np.concatenate(answers), module.merge[step])) + s)
    return s


def prompt(module, features, vector):
    """SiLU( W (g z) + b ), the product of map and vector written out."""
    gate = sigmoid(conv(gelu(conv(features, module.gate[0])), module.gate[2]))
    y = conv(gate * vector, module.translate)
    return y * sigmoid(y)


def interaction(module, location, features):
    spatial = conv(leaky(conv(location, module.spatial[0])), module.spatial[2]).mean(axis=0)
    channel = conv(leaky(conv(means(features), module.channel[0])), module.channel[2])
    return sigmoid(spatial * features) * location + sigmoid(channel * location) * features


def channel_gate(module, x):
    return x * sigmoid(conv(relu(conv(means(x), module.gate[0])), module.gate[2]))


def view_head(module, x):
    y = leaky(conv(x, module.enter))
    z = leaky(channel_gate(module.residual[1], conv(y, module.residual[0])))
    return leaky(y + channel_gate(module.residual[4], conv(z, module.residual[3])))
