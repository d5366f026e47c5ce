"""The examples run: three lines of CARE inside of other people's loops."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from carekit import Care, box_masks
from carekit.networks.vision import models  # noqa: F401  before others import torchvision

EXAMPLES = Path(__file__).parents[1] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def net():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
            self.fc = nn.Linear(8, 3)

        def forward(self, x):
            return self.fc(self.trunk(x).mean((2, 3)))

    torch.manual_seed(0)
    return Net()


@pytest.fixture
def samples():
    torch.manual_seed(0)
    boxes = [[(4, 4, 20, 20)], [], [(10, 2, 30, 18)], [(8, 8, 28, 30)]] * 2
    return list(zip(torch.rand(8, 3, 32, 32), [0, 1, 2, 0, 1, 2, 0, 1], boxes, strict=True))


@pytest.mark.filterwarnings("ignore")  # Lightning's advice about workers and loggers
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_lightning(net, samples, precision, tmp_path):
    lightning = pytest.importorskip("lightning", reason="Lightning comes with the interop extra")
    example = load("lightning_attention")

    def collate(batch):
        images, labels, boxes = zip(*batch, strict=True)
        return torch.stack(images), torch.tensor(labels), list(boxes)

    loader = torch.utils.data.DataLoader(samples, batch_size=4, collate_fn=collate)
    module = example.Classifier(net)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=2,
        precision=precision,
        callbacks=[example.LogAttention()],
        enable_model_summary=False,
        default_root_dir=tmp_path,
        **quiet,
    )
    trainer.fit(module, loader, loader)
    assert module.care.layer == "trunk"
    metrics = trainer.callback_metrics
    assert metrics["boxed"] == 6
    assert 0 < metrics["attention_inside"] < 1
    assert metrics["attention_uniform"] == pytest.approx(np.mean([256, 320, 440]) / 1024, abs=1e-4)
    assert metrics["loss"].isfinite()


@pytest.mark.filterwarnings("ignore")
def test_hugging_face(samples, tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers comes with the interop extra")
    pytest.importorskip("accelerate", reason="accelerate comes with the interop extra")
    example = load("hugging_face_trainer")
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_labels=3)
    model = transformers.ResNetForImageClassification(config)
    masks, _ = box_masks([boxes for _, _, boxes in samples], (32, 32))
    data = [
        {"pixel_values": image, "labels": label, "masks": mask}
        for (image, label, _), mask in zip(samples, masks, strict=True)
    ]
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path),
        max_steps=3,
        per_device_train_batch_size=4,
        remove_unused_columns=False,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = example.CareTrainer(model, arguments, train_dataset=data, eval_dataset=data, care=Care(alpha=0.5))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    assert np.isfinite(trainer.train().training_loss)
    assert trainer.care.layer == "resnet.encoder"
    assert any(not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    assert np.isfinite(trainer.evaluate()["eval_loss"])


def test_each_example_is_short():
    for path in EXAMPLES.glob("*.py"):
        assert len([line for line in path.read_text().splitlines() if line.strip()]) <= 45, path.name
