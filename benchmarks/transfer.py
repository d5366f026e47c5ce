"""How much of real skin the synthetic one teaches: train on drawn images alone, test on a real data set as it is.

Chance is a mean class accuracy (MCA) of 14.3 %. No real image is trained on. Two things stand between this figure and
an independent test: the renderer's ranges of colour and size were set by statistics of HAM10000, and the defaults here
(few images, few epochs: a longer training learns what only drawn images have) were chosen on its training part. The
verdict is on the test part. The figure varies from run to run; compare several seeds.
"""

import argparse
import os

import torch

from carekit import Prepared, build, evaluate, pretrain, skin
from carekit.data.batches import Batch, BoxedImages
from carekit.material.drawing import SKIN
from carekit.training import Schedule

TARGET = 0.30


class Jittered(BoxedImages):
    """Flips as usual, and for each image a gain of each channel, a contrast, and a zoom by half at most."""

    def __getitems__(self, indices: list[int]) -> Batch:
        batch = super().__getitems__(indices)
        images = batch.images.float()
        n, size = len(images), images.shape[-1]
        gain = torch.exp(0.12 * torch.randn(n, 1, 1, 1) + 0.06 * torch.randn(n, 3, 1, 1))
        contrast = torch.exp(0.15 * torch.randn(n, 1, 1, 1))
        mean = images.mean((1, 2, 3), keepdim=True)
        images = ((images - mean) * contrast + mean) * gain
        turn, zoom = 6.3 * torch.rand(n), torch.exp(0.4 * torch.rand(n) - 0.3)
        rows = torch.stack([turn.cos(), -turn.sin(), 0 * turn, turn.sin(), turn.cos(), 0 * turn], 1).view(n, 2, 3)
        grid = torch.nn.functional.affine_grid(rows * zoom[:, None, None], (n, 3, size, size), align_corners=False)
        images = torch.nn.functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
        return batch._replace(images=images.clamp(0, 255).to(torch.uint8))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", required=True, help="folder of a prepared data set with the seven classes of skin")
    parser.add_argument("--images", type=int, default=2000, help="drawn images, as many of each class (default 2000)")
    parser.add_argument("--size", type=int, default=64, help="side in pixels (default 64)")
    parser.add_argument("--epochs", type=int, default=12, help="passes over them (default 12)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of torch (default: all cores)")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    real = Prepared.open(chosen.real).resized(chosen.size)
    if real.classes != list(SKIN.classes):
        raise SystemExit(f"{chosen.real} has the classes {', '.join(real.classes)}: give a set of HAM10000's seven")
    drawn = drawn_set(chosen.images, chosen.size, chosen.seed)
    model = build("small", len(drawn.classes), seed=chosen.seed)
    schedule = Schedule(epochs=chosen.epochs, batch_size=64, lr=3e-3, cosine=True, seed=chosen.seed)
    pretrain(model, Jittered(drawn.split("train"), {}, "flip"), schedule, progress=True)
    report(
        chosen,
        *(evaluate(model, data) for data in (drawn.split("test"), real.split("train"), real.split("test"))),
        real,
    )


def drawn_set(images: int, size: int, seed: int) -> Prepared:
    """As many images of each class, where no artefact goes with any of them."""
    each = dict.fromkeys(SKIN.classes, max(1, images // len(SKIN.classes)))
    rate = SKIN.artefacts[SKIN.shortcut]
    return skin(seed, size, each, dict.fromkeys(SKIN.classes, 50), shortcut=rate, elsewhere=rate)


def report(chosen: argparse.Namespace, drawn: dict, seen: dict, real: dict, data: Prepared) -> None:
    """A table of recalls and the verdict."""
    print(f"\nsmall at {chosen.size} px, {chosen.images} drawn images, {chosen.epochs} epochs, seed {chosen.seed}")
    print(f"{'recall':8}{'drawn':>8}{'real, training part':>21}{'real, test part':>17}{'images there':>14}")
    counts = data.split("test").counts()
    for name in data.classes:
        row = "".join(f"{part[f'recall_{name}']:>{w}.3f}" for part, w in ((drawn, 8), (seen, 21), (real, 17)))
        print(f"{name:8}{row}{counts[name]:>14}")
    for name in ("mca", "auc"):
        print(f"{name.upper():8}{drawn[name]:>8.3f}{seen[name]:>21.3f}{real[name]:>17.3f}")
    verdict = "reaches" if real["mca"] >= TARGET else "misses"
    print(f"-> MCA on real images: {real['mca']:.3f}, {verdict} the target of {TARGET:.2f} (chance: 0.143)")


if __name__ == "__main__":
    main()
