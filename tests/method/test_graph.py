import torch

from carekit.method.graph import nodes, why_no_way


def test_nodes_come_nearest_first_and_a_leaf_has_none():
    leaf = torch.ones(2, requires_grad=True)
    names = [node.name() for node in nodes((leaf * 2).sum().grad_fn)]
    assert names == ["SumBackward0", "MulBackward0", "torch::autograd::AccumulateGrad"]
    assert list(nodes(leaf.grad_fn)) == []


def test_logits_that_are_a_leaf_get_a_sentence():
    logits = torch.rand(2, 3, requires_grad=True)
    features = torch.rand(2, 4, 2, 2, requires_grad=True)
    assert "in another forward pass" in why_no_way(logits, features, None)
    assert "frozen" in why_no_way(logits, features.detach(), None)
