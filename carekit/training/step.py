"""One optimizer step of a stage."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from carekit.data.batches import Batch, to_unit
from carekit.networks import Backbone
from carekit.objectives import Loss, Objective, Step
from carekit.strategies import ClassLoss, of_both_labels
from carekit.training.schedule import Schedule


def train_step(
    model: Backbone,
    batch: Batch,
    objective: Objective,
    classification: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
) -> Loss:
    """One optimizer step: forward, objective (which makes the maps it needs), backward.

    Args:
        batch: images in 0..255 or [0, 1], labels, masks, and which images have a box.
        classification: L_c of logits and labels.
        model, objective, schedule: see `finetune`.

    Raises:
        ValueError, FloatingPointError: as `epochs`; no weight has changed then.
    """
    device = torch.device(schedule.device)
    images = early = None
    if batch.early is not None:
        early = batch.early.to(device, non_blocking=True)
    else:
        images = to_unit(batch.pixels.to(device, non_blocking=True)).contiguous(memory_format=torch.channels_last)
        images.requires_grad_(objective.needs_image_gradient)
    labels = batch.labels.to(device, non_blocking=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=schedule.bf16):
        logits, features = model(images, early=early)
    if isinstance(classification, ClassLoss):
        classification = classification.of_pass(model, features)
    if batch.mixed_with is not None:
        classification = of_both_labels(classification, batch.mixed_with.to(device), batch.share)
    # Outside the mixed precision: masks and maps are summed in 32 bits.
    step = Step(
        model=model,
        images=images,
        labels=labels,
        m_in=batch.m_in,
        has_box=batch.has_box,
        logits=logits.float(),
        features=features,
        classification=classification,
    )
    loss = objective.loss_of(step)
    optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    # The weights from the optimizer: to walk through the modules, frozen ones too, takes a tenth of a small step.
    trained = [weight for group in optimizer.param_groups for weight in group["params"]]
    norm = nn.utils.get_total_norm([weight.grad for weight in trained if weight.grad is not None])
    if not torch.isfinite(loss.total + norm):
        raise FloatingPointError(
            "the loss or its gradient is not finite, and the weights were left as they are: lower the learning rate"
        )
    optimizer.step()
    return loss
