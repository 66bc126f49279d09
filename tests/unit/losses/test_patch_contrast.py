"""The contrastive loss against a loop written from Eq. (2)."""

import math

import pytest
import torch
import torch.nn.functional as F

from rainmer_lib.losses.patch_contrast import patch_contrast


def slow(query, keys, external, temperature, negatives, batch_negatives=False):
    """Eq. (2), patch by patch: -log exp(q.k+/t) / (exp(q.k+/t) + sum over negatives exp(q.v/t)).

    `batch_negatives`: the keys of the other images of the batch are internal negatives as well.
    """
    losses = []
    for image in range(query.shape[0]):
        for s in range(query.shape[1]):
            q = query[image, s]

            def similarity(v, q=q):
                return math.exp(float(q @ v) / (float(q.norm()) * float(v.norm())) / temperature)

            positive = similarity(keys[image, s])
            others = 0.0
            if negatives in ("internal", "both"):
                for other in range(len(keys)) if batch_negatives else [image]:
                    others += sum(similarity(keys[other, t]) for t in range(keys.shape[1]) if (other, t) != (image, s))
            if negatives in ("external", "both"):
                others += sum(similarity(v) for v in external[image])
            losses.append(-math.log(positive / (positive + others)))
    return sum(losses) / len(losses)


def embeddings(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64), dim=2)


@pytest.mark.parametrize("negatives", ["internal", "external", "both"])
@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize(("batch", "patches", "others"), [(1, 2, 2), (2, 5, 5), (1, 7, 4)])
def test_equals_the_loop(negatives, temperature, batch, patches, others):
    q, k, e = embeddings(batch, patches, 6), embeddings(batch, patches, 6, seed=1), embeddings(batch, others, 6, seed=2)
    fast = patch_contrast(q, k, e, temperature, negatives).item()
    assert fast == pytest.approx(slow(q, k, e, temperature, negatives), rel=1e-10)


@pytest.mark.parametrize("negatives", ["internal", "both"])
@pytest.mark.parametrize(("batch", "patches", "others"), [(1, 5, 5), (2, 5, 5), (3, 4, 7)])
def test_with_the_whole_batch_equals_the_loop(negatives, batch, patches, others):
    """And without it at batch 1 alone: then there is no other image."""
    q, k, e = embeddings(batch, patches, 6), embeddings(batch, patches, 6, seed=1), embeddings(batch, others, 6, seed=2)
    fast = patch_contrast(q, k, e, 0.5, negatives, batch_negatives=True).item()
    assert fast == pytest.approx(slow(q, k, e, 0.5, negatives, batch_negatives=True), rel=1e-10)
    apart = patch_contrast(q, k, e, 0.5, negatives).item()
    assert fast == apart if batch == 1 else fast > apart + 0.1


def test_the_whole_batch_is_the_matrix_of_all_patches():
    """The authors' code: row s of (b n, b n) similarities, of which the diagonal is positive; internal negatives alone."""
    q, k = embeddings(3, 4, 6), embeddings(3, 4, 6, seed=1)
    logits = q.flatten(0, 1) @ k.flatten(0, 1).T / 0.07
    expected = F.cross_entropy(logits, torch.arange(12))
    torch.testing.assert_close(patch_contrast(q, k, None, 0.07, "internal", batch_negatives=True), expected)


@pytest.mark.parametrize(("negatives", "candidates"), [("internal", 256), ("external", 257), ("both", 512)])
def test_equal_embeddings_cost_the_log_of_the_number_of_candidates(negatives, candidates):
    same = F.normalize(torch.ones(1, 256, 4, dtype=torch.float64), dim=2)
    assert patch_contrast(same, same, same, 0.07, negatives).item() == pytest.approx(math.log(candidates), rel=1e-12)


def test_only_the_query_learns():
    q, k, e = (embeddings(1, 4, 3, seed=i).requires_grad_() for i in range(3))
    patch_contrast(q, k, e).backward()
    assert q.grad is not None and k.grad is None and e.grad is None


def test_gradient_in_float64():
    k, e = embeddings(1, 4, 3, seed=1), embeddings(1, 5, 3, seed=2)
    query = embeddings(1, 4, 3).requires_grad_()
    for negatives in ("internal", "external", "both"):
        assert torch.autograd.gradcheck(lambda q, n=negatives: patch_contrast(q, k, e, 0.5, n), query)


@pytest.mark.parametrize("negatives", ["internal", "both"])
def test_gradient_with_the_whole_batch(negatives):
    """In float64 of the queries; keys and negatives of all images are detached."""
    k, e = (embeddings(3, n, 3, seed=i).requires_grad_() for i, n in ((1, 4), (2, 5)))
    query = embeddings(3, 4, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda q: patch_contrast(q, k.detach(), e.detach(), 0.5, negatives, True), query)
    patch_contrast(query, k, e, 0.5, negatives, True).backward()
    assert query.grad.abs().max() > 0 and k.grad is None and e.grad is None


def test_images_of_a_batch_do_not_mix():
    q, k, e = (embeddings(2, 4, 3, seed=i) for i in range(3))
    apart = [patch_contrast(q[i : i + 1], k[i : i + 1], e[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(patch_contrast(q, k, e), torch.stack(apart).mean())


def test_messages():
    q = embeddings(1, 2, 3)
    with pytest.raises(ValueError, match="internal, external or both"):
        patch_contrast(q, q, q, negatives="extern")
    with pytest.raises(ValueError, match="`external` is None"):
        patch_contrast(q, q, None, negatives="both")
