"""What one of two processes does with a watched model in DistributedDataParallel: python one_rank.py RANK FOLDER."""

import sys
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed, nn

from carekit import Care

IMAGES = 8
EVEN = [[(5, 8, 30, 33)], [], [(20, 10, 44, 30)], [], [(2, 30, 25, 60)], [(30, 30, 60, 50)], [], []]
CARE = Care()
NONE_IN_THE_SECOND = EVEN[:4] + [[]] * 4
WAYS = {
    "wrapped, then watched": {"boxes": EVEN},
    "watched, then wrapped": {"boxes": EVEN, "watch_first": True},
    "a rank without boxes": {"boxes": NONE_IN_THE_SECOND},
    "unused parameters are looked for": {"boxes": EVEN, "find_unused_parameters": True},
    "the same, in parts": {"boxes": EVEN, "find_unused_parameters": True, "parts": 2},
    "a mean over the batch": {"boxes": NONE_IN_THE_SECOND, "care": Care(average="batch")},
    "the graph never changes": {"boxes": EVEN, "static_graph": True},
}


def network() -> nn.Module:
    """Without a batch normalisation, whose statistics would be those of half the batch."""
    torch.manual_seed(0)
    trunk = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.GroupNorm(2, 8), nn.ReLU(inplace=True))
    return nn.Sequential(trunk, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(IMAGES, 3, 64, 64), torch.randint(0, 5, (IMAGES,))


def half(rank: int) -> slice:
    return slice(rank * IMAGES // 2, (rank + 1) * IMAGES // 2)


def train(rank: int, boxes: list, care: Care = CARE, parts: int = 1, watch_first: bool = False, **options) -> dict:
    """Two steps on this rank's half, then a validation pass: the losses, the weights and the attention at the end."""
    images, labels = (each[half(rank)] for each in batch())
    model = network()
    watched = care.watch(model) if watch_first else None
    wrapped = nn.parallel.DistributedDataParallel(model, **options)
    watched = watched or care.watch(wrapped)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(2):
        logits = torch.cat([wrapped(part) for part in images.chunk(parts)])
        loss = watched(logits, labels, boxes[half(rank)])
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        losses.append(loss.total.item())
    wrapped.eval()
    with torch.no_grad():
        attention = watched(wrapped(images), labels, boxes[half(rank)]).attention.item()
    return {"losses": losses, "weights": [each.detach() for each in model.parameters()], "attention": attention}


def main(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    meeting = (folder / "meeting").as_uri()
    distributed.init_process_group("gloo", meeting, timedelta(seconds=120), world_size=2, rank=rank)
    found = {name: train(rank, **way) for name, way in WAYS.items()}
    torch.save(found, folder / f"{rank}.pt")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
