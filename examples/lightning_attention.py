"""CARE in a LightningModule, and a callback that logs the attention inside the boxes after each validation."""

import lightning
import torch

from carekit import Care
from carekit.objectives.watch import EpochAttention


class Classifier(lightning.LightningModule):
    """Any network. Batches are images, labels and the boxes of each image."""

    def __init__(self, net: torch.nn.Module, alpha: float = 0.5):
        super().__init__()
        self.net = net
        self.care = Care(alpha=alpha).watch(net)

    def training_step(self, batch, _):
        images, labels, boxes = batch
        loss = self.care(self.net(images), labels, boxes)
        self.log("loss", loss.total)
        return loss.total

    def validation_step(self, batch, _):
        images, labels, boxes = batch
        self.care(self.net(images), labels, boxes)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-4)


class LogAttention(lightning.Callback):
    """Logs `attention_inside`, and beside it what a map without any preference scores."""

    def on_validation_epoch_start(self, trainer, module):
        self.attention = EpochAttention()

    def on_validation_batch_end(self, trainer, module, *_):
        self.attention.update(module.care.last)

    def on_validation_epoch_end(self, trainer, module):
        module.log_dict({name: float(value) for name, value in self.attention.compute().items()})
