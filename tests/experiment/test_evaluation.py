import numpy as np
import pytest
import torch

from carekit import evaluate
from carekit.experiment.evaluation import Predictions, measure, predict
from carekit.method.cam import class_activation_map, resize
from carekit.networks import build


def test_predict_agrees_with_a_plain_forward_pass_in_any_batch_size(tiny):
    model = build("small", 2).train()
    found = predict(model, tiny, batch_size=5)
    assert model.training  # as it was
    model.eval()
    images = torch.from_numpy(tiny.read(np.arange(len(tiny)))).permute(0, 3, 1, 2) / 255
    logits, features = model(images)
    maps = class_activation_map(logits, features, torch.tensor(tiny.labels))
    np.testing.assert_allclose(found.probabilities, logits.softmax(1).detach(), atol=1e-5)
    np.testing.assert_allclose(found.maps, maps.detach(), atol=1e-3)


def test_attention_is_measured_on_the_boxed_images_at_the_images_size(tiny):
    rare = np.flatnonzero(tiny.labels == 1)
    maps = np.zeros((len(tiny), 16, 16), np.float32)
    for i in rare:
        x0, y0, x1, y1 = tiny.boxes_of(i)[0].astype(int)
        maps[i, y0:y1, x0:x1] = 1
    probabilities = np.eye(2)[tiny.labels]

    def attention(maps, data=tiny):
        return measure(Predictions(probabilities, data.labels, maps), data)

    assert attention(maps)["attention_inside"] == pytest.approx(1)
    assert attention(maps)["pointing"] == 1
    assert attention(np.ones_like(maps))["attention_inside"] == pytest.approx(36 / 256)
    assert attention(np.ones_like(maps))["attention_uniform"] == pytest.approx(36 / 256)
    assert attention(np.zeros_like(maps))["attention_inside"] == 0
    without = type(tiny)(tiny.images, tiny.samples, tiny.boxes.iloc[:0], tiny.facts)
    assert np.isnan(attention(maps, without)["attention_inside"])
    assert resize(torch.ones(1, 2, 2), (16, 16)).shape == (1, 16, 16)


def test_evaluate_counts_what_the_model_says(tiny):
    model = build("small", 2)
    torch.nn.init.zeros_(model.head.classifier.weight)
    model.head.classifier.bias.data = torch.tensor([1.0, 0.0])  # always the common class
    scores = evaluate(model, tiny.split("test"))
    assert scores["accuracy"] == 0.75 and scores["mca"] == 0.5 and scores["auc"] == 0.5
    assert scores["rare_recall"] == 0 and scores["recall_common"] == 1
    assert scores["attention_inside"] == 0  # a constant map attends nowhere


def test_nothing_to_predict_is_refused_in_a_sentence(tiny):
    with pytest.raises(ValueError, match="there is no image to predict in Tiny: give a data set that has some"):
        evaluate(build("small", 2), tiny.take(np.zeros(len(tiny), bool)))
