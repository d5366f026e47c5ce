"""The CARE objective (paper, Eqs. 4 and 5)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor, nn
from torch.nn import functional

from carekit.ground.messages import one_of
from carekit.method.attention import inner_loss, outer_loss, reduce_mask
from carekit.method.batch_checks import check_batch
from carekit.method.boxes import OUTER, outer_mask
from carekit.method.cam import GRADIENTS, MAPS, class_activation_map
from carekit.objectives.objective import Loss, Objective, Step, must_move_something
from carekit.objectives.watch import Watched
from carekit.objectives.watch.scores import wide
from carekit.objectives.watch.targets import class_loss_of
from carekit.paper import DEFAULTS

RESOLUTIONS = ("image", "feature")
AVERAGES = ("boxed", "batch", "class", "sum")


@dataclass(frozen=True)
class Care(Objective):
    """The CARE objective L = (1 - α) L_c + α L_a with L_a = L_in + λ L_out (Eqs. 4 and 5).

    Args:
        alpha: weight of the attention loss, in [0, 1). 0 is the plain classifier and computes no map.
        tau: mean activation inside the box beyond which more earns nothing, in (0, 1].
        lam: λ, weight of the outer loss, at least 0.
        method, gradient_of, second_order: how the map is made, see `carekit.method.cam.class_activation_map`.
        resolution: "image" compares at the image's size, as printed; "feature" averages the mask down to the map's.
        outer: M_out "binary" or by "distance" to the box.
        average: L_a is the mean over the "boxed" images of the batch, the mean over the whole "batch", the mean over
            each "class" that has boxed images in it of their mean, so that the rarest counts as much as any, or the
            "sum".
        ramp: over this share of the epochs, in [0, 1], α grows from nearly 0, epoch by epoch. 0: it does not grow.

    Raises:
        ValueError: for a value out of range or an unknown name.

    Lesson 4, Eqs. 4 and 5.
    """

    alpha: float = DEFAULTS.alpha
    tau: float = DEFAULTS.tau
    lam: float = DEFAULTS.lam
    method: str = "grad_cam"
    gradient_of: str = "score"
    second_order: bool = False
    resolution: str = "image"
    outer: str = "binary"
    average: str = "boxed"
    ramp: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < 1:
            raise ValueError(f"alpha = {self.alpha} is out of range: choose 0 <= alpha < 1 (the paper has 0.5)")
        if not 0 < self.tau <= 1:
            raise ValueError(f"tau = {self.tau} is out of range: choose 0 < tau <= 1 (the paper has 0.7)")
        if not 0 <= self.lam < float("inf"):
            raise ValueError(f"lam = {self.lam} is out of range: choose lam >= 0 (the paper has 1 for skin)")
        if not 0 <= self.ramp <= 1:
            raise ValueError(f"ramp = {self.ramp} is out of range: choose 0 <= ramp <= 1, a share of the epochs")
        MAPS.named(self.method)
        one_of("gradient_of", self.gradient_of, GRADIENTS)
        one_of("resolution", self.resolution, RESOLUTIONS)
        one_of("outer", self.outer, OUTER)
        one_of("average", self.average, AVERAGES)

    @property
    def needs_boxes(self) -> bool:
        return self.alpha > 0

    def control(self) -> "Care":
        """The same second stage without attention, α = 0."""
        return replace(self, alpha=0.0)

    def at(self, epoch: int, epochs: int) -> "Care":
        """With the α of this epoch, where there is a ramp."""
        over = self.ramp * epochs
        return self if over <= epoch + 1 else replace(self, alpha=self.alpha * (epoch + 1) / over)

    def loss_of(self, step: Step) -> Loss:
        if self.alpha == 0:  # the plain classifier: a map may even be a single cell
            return self.without_maps(step.classification(step.logits, step.labels))
        loss = self(
            step.logits,
            step.features,
            step.labels,
            step.m_in,
            step.has_box,
            classifier=step.model.linear_head,
            classification=step.classification,
        )
        if loss.boxed:
            must_move_something(step, self.second_order)
        return loss

    def __call__(
        self,
        logits: Tensor,
        features: Tensor,
        labels: Tensor,
        m_in: Tensor,
        has_box: Tensor | None = None,
        *,
        classifier: nn.Linear | None = None,
        classification: Callable[[Tensor, Tensor], Tensor] = class_loss_of,
    ) -> Loss:
        """The loss of a batch; only images with a box get a map. Without any, L_a is 0. Maps are made in 32 bits.

        For those who have the features in hand; `watch` takes them from the model.

        Args:
            logits: scores (b, c).
            features: maps (b, k, u, v) of the same forward pass.
            labels: the true classes (b,); below 0 for an image without a label, which gets no map.
            m_in: (b, h, w), 1 inside the boxes and 0 elsewhere, or a share in [0, 1].
            has_box: which images have one; by default those whose mask is not empty.
            classifier: see `carekit.method.cam.class_activation_map`.
            classification: L_c of logits and labels (weighted by class, focal, ...); by default the cross-entropy, or
                with one logit that of a sigmoid.

        Raises:
            ValueError: for logits, features, labels and masks that do not belong together.
        """
        # Shapes, counts and ranges first: what follows would broadcast a mistake without a word.
        m_in, has_box = check_batch(logits, features, labels, m_in, has_box)
        labels = labels.long()
        with torch.autocast(logits.device.type, enabled=False):
            logits = wide(logits)
            l_c = classification(logits, labels)
            rows = has_box.nonzero()[:, 0]  # (b,) -> (n,): only images with a box get a map
            if self.alpha == 0 or len(rows) == 0:
                return self.without_maps(l_c)
            maps = class_activation_map(
                logits,
                features,
                labels.clamp(min=0),  # an image without a label is not among the rows
                rows=rows.to(features.device),
                classifier=classifier,
                method=self.method,
                gradient_of=self.gradient_of,
                second_order=self.second_order,
            )
            return self.with_maps(l_c, maps, m_in[rows.to(m_in.device)], labels[rows.to(labels.device)], len(labels))

    def without_maps(self, l_c: Float[Tensor, ""]) -> Loss:
        """The loss of a batch in which no map is compared with a box."""
        nothing = l_c.new_full((), float("nan"))
        return Loss((1 - self.alpha) * l_c, l_c, {"L_in": nothing, "L_out": nothing}, 0, l_c.new_zeros(()))

    def with_maps(
        self,
        l_c: Float[Tensor, ""],
        maps: Float[Tensor, "n u v"],
        m_in: Num[Tensor, "n h w"],
        classes: Int[Tensor, " n"],
        count: int,
    ) -> Loss:
        """The loss of a batch of `count` images, n of them with a map and a box; `classes` are those of the maps.

        Lesson 4, Eqs. 4 and 5.
        """
        inside, outside = self.parts(maps, m_in)  # Eqs. 6 and 7 of each image, (n,)
        losses = inside + self.lam * outside  # Eq. 5 of each image, (n,)
        if self.average == "class":
            shares = 1 / torch.bincount(classes)[classes]  # (n,), which sum to the number of classes
            l_a = (shares * losses).sum() / shares.sum()
        else:
            l_a = losses.sum() / {"boxed": len(losses), "batch": count, "sum": 1}[self.average]
        total = (1 - self.alpha) * l_c + self.alpha * l_a  # Eq. 4
        means = {"L_in": inside.detach().mean(), "L_out": outside.detach().mean()}
        return Loss(total, l_c, means, len(maps), l_a)

    def parts(
        self, maps: Float[Tensor, "n u v"], m_in: Num[Tensor, "n h w"]
    ) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """L_in and L_out of normalised maps against the masks of their boxes."""
        size = (maps.shape[1], maps.shape[2])
        # The mask is brought to the map's size, not the map to the image's: the same sums at a hundredth of the work.
        shrink = reduce_mask if self.resolution == "image" else functional.adaptive_avg_pool2d
        inside = shrink(m_in.to(maps.device, torch.float32), size)
        outside = shrink(outer_mask(m_in, self.outer).to(maps.device), size)
        return inner_loss(maps, inside, self.tau), outer_loss(maps, outside)

    def watch(self, model: nn.Module, layer: str | nn.Module | None = None, **options: Any) -> Watched:
        """This objective in any training loop: `care = Care().watch(model)`, then
        `loss = care(model(images), labels, boxes)`. Arguments are those of `carekit.objectives.watch.Watched`.
        """
        return Watched(self, model, layer, **options)
