"""An objective as a list of terms."""

import torch

from rainmer_lib.training.objective import Term, evaluate, switched_on


def term(name, weight, factor=1.0):
    return Term(name, weight, lambda a, b: factor * (a - b).square().sum())


def test_values_are_before_weights_and_the_total_is_weighted():
    a, b = torch.tensor([1.0, 3.0], requires_grad=True), torch.tensor([0.0, 1.0])
    values, total = evaluate([term("one", 2.0), term("two", 0.5, factor=10.0)], a, b)
    assert {name: value.item() for name, value in values.items()} == {"one": 5.0, "two": 50.0}
    assert list(values) == ["one", "two"] and total.item() == 2 * 5 + 0.5 * 50
    total.backward()
    torch.testing.assert_close(a.grad, (2 + 0.5 * 10) * 2 * (a - b).detach())


def test_each_term_is_computed_once():
    calls = []
    counted = Term("counted", 3.0, lambda x: (calls.append(x), torch.ones(()))[1])
    assert evaluate([counted], "images")[1].item() == 3 and calls == ["images"]


def test_terms_without_a_weight_are_left_out_and_the_others_keep_their_order():
    kept = switched_on([term("a", 1.0), term("b", 0.0), term("c", -0.5), term("d", 0), term("e", 2)])
    assert [t.name for t in kept] == ["a", "c", "e"]
