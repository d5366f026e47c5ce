"""A residual network small enough to be trained on a laptop in a minute."""

from torch import Tensor, nn

from carekit.networks.backbone import Parts, PooledLinear


def small(n_classes: int, imagenet: bool) -> Parts:
    """Three residual blocks of 16, 32 and 64 channels: 8 x 8 maps from 64 px. Raises ValueError for `imagenet`."""
    if imagenet:
        raise ValueError("the small backbone has no ImageNet weights: choose imagenet=False")
    stem = (nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
    trunk = nn.Sequential(*stem, ResidualBlock(16, 16, 1), ResidualBlock(16, 32, 2), ResidualBlock(32, 64, 2))
    return Parts(trunk, PooledLinear(64, n_classes))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut (He et al. 2016)."""

    def __init__(self, n_in: int, n_out: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        # Built in any case, so that the random numbers of what follows are the same.
        projection = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
        self.shortcut: nn.Module = projection
        if stride == 1 and n_in == n_out:
            self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return (self.body(x) + self.shortcut(x)).relu()
