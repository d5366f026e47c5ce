import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from carekit import Care, class_activation_map, finetune
from carekit.data.batches import BoxedImages
from carekit.data.prepared import Prepared
from carekit.networks import Backbone, Parts, build
from carekit.strategies import Embedding
from carekit.strategies.embedding import class_centres, pairwise, siamese_loss, triplet_loss
from carekit.strategies.heads import embedding
from carekit.training import Schedule

SCHEDULE = Schedule(epochs=3, batch_size=8, lr=3e-3)


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.randn(7, 5), torch.tensor([0, 1, 2, 2, 1, 0, 0])


def test_the_triplet_loss_is_the_mean_over_all_triplets_that_are_not_solved(batch):
    embeddings, labels = batch
    single = nn.TripletMarginLoss(margin=0.6, eps=0)
    found = []
    for a in range(7):
        for p in range(7):
            for n in range(7):
                if a != p and labels[a] == labels[p] and labels[a] != labels[n]:
                    found.append(single(*(embeddings[[i]] for i in (a, p, n))).item())
    unsolved = [loss for loss in found if loss > 0]
    assert 0 < len(unsolved) < len(found)
    assert triplet_loss(embeddings, labels, 0.6).item() == pytest.approx(np.mean(unsolved), rel=1e-5)


def test_the_siamese_loss_is_hadsells_over_all_pairs(batch):
    embeddings, labels = batch
    found = []
    for i in range(7):
        for j in range(7):
            if i != j:
                d = (embeddings[i] - embeddings[j]).norm().item()
                found.append(d**2 if labels[i] == labels[j] else max(0, 4.0 - d) ** 2)
    assert siamese_loss(embeddings, labels, 4.0).item() == pytest.approx(np.mean(found), rel=1e-5)


@pytest.mark.parametrize("loss", [triplet_loss, siamese_loss])
@pytest.mark.parametrize("labels", [[1, 1, 1], [0, 1, 2], [1]])
def test_a_batch_without_both_kinds_of_pairs_has_a_finite_loss_and_gradient(loss, labels):
    embeddings = torch.zeros(len(labels), 4, requires_grad=True)  # all equal, where a distance has no slope
    found = loss(embeddings, torch.tensor(labels), 1.0)
    found.backward()
    assert found.isfinite() and embeddings.grad.isfinite().all()


def test_distances_are_torchs(batch):
    torch.testing.assert_close(pairwise(batch[0]), torch.cdist(batch[0], batch[0]), atol=1e-3, rtol=1e-4)


def bent(n_classes=2):
    """A backbone whose head is not linear."""
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.ReLU())
    head = nn.Sequential(nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, n_classes))
    return Backbone("bent", n_classes, Parts(trunk, head))


@pytest.mark.parametrize("make", [lambda: build("small", 2, seed=1), bent])
def test_the_embedding_is_what_the_last_layer_takes(make):
    model = make().eval()
    logits, features = model(torch.rand(3, 3, 16, 16))
    last = [module for module in model.head.modules() if isinstance(module, nn.Linear)][-1]
    torch.testing.assert_close(last(embedding(model, features)), logits)
    assert not last._forward_pre_hooks


@pytest.mark.parametrize("make", [lambda: build("small", 2, seed=1), bent])
@pytest.mark.parametrize("pairs", ["triplet", "siamese"])
def test_it_classifies_by_the_nearest_centre_of_the_training_images(make, pairs, tiny):
    model, train = make(), BoxedImages(tiny.split("train"))
    history = finetune(model, train, Care(), SCHEDULE, strategy=Embedding(pairs), validate=lambda m: {"v": 0.0})
    assert history.L_c.gt(0).any() and history.L_in.notna().all()

    def embedded(data):
        with torch.no_grad():
            return embedding(model, model.features(data.tensor(range(len(data)))))

    own, labels = embedded(train.data), train.labels
    centres = torch.stack([own[labels == c].mean(0) for c in range(2)])
    torch.testing.assert_close(class_centres(model, train), centres)
    test = tiny.split("test")
    nearest = (embedded(test)[:, None] - centres).norm(dim=2)
    logits = model(test.tensor(range(len(test)))).logits.detach()
    assert torch.equal(logits.argmax(1), nearest.argmin(1))
    torch.testing.assert_close(logits.softmax(1), (-nearest.square()).softmax(1), atol=1e-4, rtol=1e-3)


def test_it_pulls_classes_apart(tiny):
    gaps = []
    for epochs in (1, 12):
        model, train = build("small", 2, seed=1), BoxedImages(tiny)
        finetune(model, train, Care(alpha=0), dataclasses.replace(SCHEDULE, epochs=epochs), strategy=Embedding())
        centres = class_centres(model, train)
        gaps.append((centres[0] - centres[1]).norm().item())
    assert gaps[1] > 2 * gaps[0]


def test_its_map_is_that_of_the_centre(tiny):
    """Σ_k 2 μ_k A^k / Z, before normalising: high where the image is like the mean image of the class."""
    model, train = build("small", 2, seed=1), BoxedImages(tiny)
    finetune(model, train, Care(alpha=0), SCHEDULE, strategy=Embedding())
    logits, features = model(tiny.tensor([3, 7]))
    found = class_activation_map(logits, features, torch.tensor([1, 1]))
    raw = torch.einsum("k,nkuv->nuv", class_centres(model, train)[1], features)
    low, high = raw.amin((1, 2), keepdim=True), raw.amax((1, 2), keepdim=True)
    torch.testing.assert_close(found, (raw - low) / (high - low), atol=1e-5, rtol=1e-4)


def test_a_class_without_a_training_image_is_never_the_nearest(tiny):
    facts = tiny.facts | {"classes": ["common", "rare", "absent"], "class_names": ["Common", "Rare", "Absent"]}
    data = Prepared(images=tiny.images, samples=tiny.samples, boxes=tiny.boxes, facts=facts)
    model = build("small", 3, seed=1)
    finetune(model, BoxedImages(data), Care(alpha=0), SCHEDULE, strategy=Embedding())
    probabilities = model(data.tensor(range(8))).logits.softmax(1)
    assert probabilities.isfinite().all() and probabilities[:, 2].max() == 0


@pytest.mark.parametrize("counts", [[5, 0], [1, 1], [0, 9, 0]])
def test_classes_that_give_no_pairs_are_refused(counts):
    with pytest.raises(ValueError, match="needs two classes, and two images of one"):
        Embedding().class_loss(counts)


def test_unknown_pairs_and_a_margin_out_of_range_are_refused():
    with pytest.raises(ValueError, match="pairs = 'triplets' is unknown: did you mean 'triplet'"):
        Embedding("triplets")
    with pytest.raises(ValueError, match="margin = 0 is out of range"):
        Embedding(margin=0)


def test_the_loss_is_of_the_embeddings_and_not_of_the_logits():
    model = bent()
    logits, features = model(torch.rand(4, 3, 16, 16))
    labels = torch.tensor([0, 1, 0, 1])
    loss = Embedding(margin=5.0).class_loss([2, 2]).of_pass(model, features)
    torch.testing.assert_close(loss(logits, labels), loss(0 * logits, labels))
    torch.testing.assert_close(loss(logits, labels), triplet_loss(embedding(model, features), labels, 5.0))
    assert not torch.isclose(loss(logits, labels), functional.cross_entropy(logits, labels))
