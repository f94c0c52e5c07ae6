"""ResNet, and the plain networks it is compared with.

K. He, X. Zhang, S. Ren, J. Sun: Deep residual learning for image recognition.
arXiv:1512.03385, 2015 (CVPR 2016). Equations (1) and (2), sections 3.3, 3.4 and 4.2, table 1.

A block computes y = F(x, {W_i}) + W_s x, followed by a ReLU. F is the residual branch: two 3×3
convolutions (basic) or 1×1, 3×3, 1×1 (bottleneck). W_s is the shortcut.

With pre-activation the ReLU after the addition goes: K. He, X. Zhang, S. Ren, J. Sun: Identity
mappings in deep residual networks. arXiv:1603.05027, 2016 (ECCV 2016). Figure 4 (e), appendix.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import checks
from ..initialization import initialize

SHORTCUTS = ("A", "B", "C")


class PadShortcut(nn.Module):
    """Option A (3.3): every second position, and zero channels where F has more. No weights.

    Half of the zeros come before and half after, as in the published CIFAR ResNets.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.stride, self.extra = stride, out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        before = self.extra // 2
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, before, self.extra - before))


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Options B and C (3.3): a 1×1 convolution, with BN like every convolution (3.4)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def shortcut_for(
    option: str | None, in_channels: int, out_channels: int, stride: int
) -> nn.Module | None:
    """W_s of one block: None is the identity (or, for a plain network, no shortcut at all)."""
    changes = stride != 1 or in_channels != out_channels
    if option == "C" or (option == "B" and changes):
        return projection(in_channels, out_channels, stride)
    if option == "A" and changes:
        return PadShortcut(in_channels, out_channels, stride)
    return None


class BasicBlock(nn.Module):
    """Two 3×3 convolutions (figure 5, left); `option=None` leaves the shortcut out: plain."""

    expansion = 1

    def __init__(
        self, in_channels: int, width: int, stride: int, option: str | None, stride_in: str = "3x3"
    ):
        super().__init__()
        self.residual = option is not None
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut_for(option, in_channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))  # F(x)
        if self.residual:
            y = y + (x if self.downsample is None else self.downsample(x))  # F(x) + W_s x
        return F.relu(y)


class Bottleneck(nn.Module):
    """1×1 down to `width`, 3×3, 1×1 up to 4·`width` (figure 5, right)."""

    expansion = 4

    def __init__(
        self, in_channels: int, width: int, stride: int, option: str | None, stride_in: str = "3x3"
    ):
        super().__init__()
        # The paper halves the map in the first 1×1, torchvision ("v1.5") in the 3×3.
        s1, s2 = (stride, 1) if stride_in == "1x1" else (1, stride)
        out = self.expansion * width
        self.residual = option is not None
        self.conv1 = nn.Conv2d(in_channels, width, 1, stride=s1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=s2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = shortcut_for(option, in_channels, out, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))  # F(x)
        if self.residual:
            y = y + (x if self.downsample is None else self.downsample(x))  # F(x) + W_s x
        return F.relu(y)


class PreActBlock(nn.Module):
    """BN and ReLU before each convolution, none after the addition (He et al. 2016, figure 4 (e)).

    So y = F(x) + x to the end: what one block adds, every later one gets.
    """

    expansion = 1

    def __init__(
        self, in_channels: int, width: int, stride: int, option: str | None, stride_in: str = "3x3"
    ):
        super().__init__()
        self.residual = option is not None
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.downsample = shortcut_for(option, in_channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.bn1(x)))
        y = self.conv2(F.relu(self.bn2(y)))  # F(x)
        if self.residual:
            y = y + (x if self.downsample is None else self.downsample(x))
        return y


Block = type[BasicBlock] | type[Bottleneck] | type[PreActBlock]

# Table 1: the block, and how many of them in conv2_x, conv3_x, conv4_x, conv5_x.
TABLE_1: dict[int, tuple[Block, tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


def stage(
    block: Block,
    in_channels: int,
    width: int,
    blocks: int,
    stride: int,
    option: str | None,
    stride_in: str = "3x3",
) -> nn.Sequential:
    """Blocks at one resolution; only the first has the stride."""
    first = block(in_channels, width, stride, option, stride_in)
    rest = (block(block.expansion * width, width, 1, option, stride_in) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)


class ResNet(nn.Module):
    """The ImageNet networks of table 1; plain without shortcuts (`option=None`, figure 3)."""

    def __init__(
        self, depth: int, num_classes: int, in_channels: int, option: str | None, stride_in: str
    ):
        super().__init__()
        block, counts = TABLE_1[depth]
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        e = block.expansion
        self.layer1 = stage(block, 64, 64, counts[0], 1, option, stride_in)
        self.layer2 = stage(block, 64 * e, 128, counts[1], 2, option, stride_in)
        self.layer3 = stage(block, 128 * e, 256, counts[2], 2, option, stride_in)
        self.layer4 = stage(block, 256 * e, 512, counts[3], 2, option, stride_in)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * e, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # Below 17 pixels the last stage would stride over a single position.
        checks.images(x, self.in_channels, 17, "an ImageNet ResNet or plain network")
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class CifarResNet(nn.Module):
    """Section 4.2: 6n+2 layers in three stages of `width`, 2·`width`, 4·`width` channels."""

    def __init__(
        self,
        depth: int,
        num_classes: int,
        in_channels: int,
        width: int,
        option: str | None,
        preactivation: bool = False,
    ):
        super().__init__()
        n = (depth - 2) // 6
        block = PreActBlock if preactivation else BasicBlock
        self.in_channels = in_channels
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.layer1 = stage(block, width, width, n, 1, option)  # 32×32
        self.layer2 = stage(block, width, 2 * width, n, 2, option)  # 16×16
        self.layer3 = stage(block, 2 * width, 4 * width, n, 2, option)  # 8×8
        self.preactivation = preactivation
        if preactivation:  # He et al. 2016, appendix: of the first block and of the last
            self.layer1[0].bn1 = nn.Identity()  # its BN and ReLU are those of conv1
            self.bn2 = nn.BatchNorm2d(4 * width)  # the last sum gets a BN and a ReLU of its own
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(4 * width, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        # Below 3 pixels the last stage would stride over a single position.
        checks.images(x, self.in_channels, 3, "a CIFAR ResNet or plain network")
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        if self.preactivation:
            x = self.relu(self.bn2(x))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def _imagenet(
    depth: int, num_classes: int, in_channels: int, option: str | None, stride_in: str = "3x3"
) -> nn.Module:
    checks.positive(num_classes=num_classes, in_channels=in_channels)
    checks.one_of("stride_in", stride_in, ("3x3", "1x1"))
    return initialize(ResNet(depth, num_classes, in_channels, option, stride_in), "he")


def _resnet(
    depth: int, num_classes: int, in_channels: int, shortcut: str, stride_in: str = "3x3"
) -> nn.Module:
    checks.one_of("shortcut", shortcut, SHORTCUTS)  # None would be a plain network
    return _imagenet(depth, num_classes, in_channels, shortcut, stride_in)


def _cifar(
    depth: int,
    num_classes: int,
    in_channels: int,
    width: int,
    option: str | None,
    preactivation: bool = False,
) -> nn.Module:
    checks.positive(num_classes=num_classes, in_channels=in_channels, width=width)
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 8 or (depth - 2) % 6:
        raise ValueError(
            f"depth is {depth!r}; it must be 6n+2 with n of at least 1: 8, 14, 20, 26, 32, 38, "
            "44, 50, 56, … (He et al. 2015, section 4.2)"
        )
    model = CifarResNet(depth, num_classes, in_channels, width, option, preactivation)
    return initialize(model, "he")


def resnet18(num_classes: int = 1000, in_channels: int = 3, shortcut: str = "B") -> nn.Module:
    """ResNet-18 (table 1): (N, in_channels, H, W) → logits (N, num_classes).

    H, W ≥ 17; the paper's are 224. `shortcut` is 3.3's option "A" (zero padding), "B"
    (projection where the shape changes) or "C" (projections everywhere). With "B" it loads
    torchvision's weights. ValueError on wrong arguments.
    """
    return _resnet(18, num_classes, in_channels, shortcut)


def resnet34(num_classes: int = 1000, in_channels: int = 3, shortcut: str = "B") -> nn.Module:
    """ResNet-34 (table 1, figure 3); arguments, shapes and errors as in `resnet18`."""
    return _resnet(34, num_classes, in_channels, shortcut)


def resnet50(
    num_classes: int = 1000, in_channels: int = 3, stride_in: str = "3x3", shortcut: str = "B"
) -> nn.Module:
    """ResNet-50 (table 1), of bottlenecks; otherwise as `resnet18`.

    `stride_in` says which convolution of a stage's first block has stride 2: "3x3"
    (torchvision's) or "1x1" (the paper's). ValueError on wrong arguments.
    """
    return _resnet(50, num_classes, in_channels, shortcut, stride_in)


def resnet101(
    num_classes: int = 1000, in_channels: int = 3, stride_in: str = "3x3", shortcut: str = "B"
) -> nn.Module:
    """ResNet-101 (table 1); arguments, shapes and errors as in `resnet50`."""
    return _resnet(101, num_classes, in_channels, shortcut, stride_in)


def resnet152(
    num_classes: int = 1000, in_channels: int = 3, stride_in: str = "3x3", shortcut: str = "B"
) -> nn.Module:
    """ResNet-152 (table 1); arguments, shapes and errors as in `resnet50`."""
    return _resnet(152, num_classes, in_channels, shortcut, stride_in)


def plain18(num_classes: int = 1000, in_channels: int = 3) -> nn.Module:
    """ResNet-18 without its shortcuts (section 4.1); shapes and errors as in `resnet18`."""
    return _imagenet(18, num_classes, in_channels, None)


def plain34(num_classes: int = 1000, in_channels: int = 3) -> nn.Module:
    """ResNet-34 without its shortcuts (figure 3, middle); otherwise as `resnet18`."""
    return _imagenet(34, num_classes, in_channels, None)


def resnet_cifar(
    depth: int,
    shortcut: str = "A",
    num_classes: int = 10,
    in_channels: int = 3,
    width: int = 16,
    preactivation: bool = False,
) -> nn.Module:
    """CIFAR ResNet of section 4.2: (N, in_channels, H, W) → logits (N, num_classes).

    `depth` is 6n+2 (20, 32, 44, 56, 110 in the paper), H, W ≥ 3 (32 in the paper), `width` the
    channels of the first stage (16 in the paper). `shortcut` is "A" (the paper's), "B" or "C".
    `preactivation` puts BN and ReLU before each convolution (He et al. 2016), with shortcut "A".
    ValueError on wrong arguments.
    """
    checks.one_of("shortcut", shortcut, SHORTCUTS)
    if preactivation and shortcut != "A":
        raise ValueError(
            f"shortcut is {shortcut!r} with preactivation; it must be 'A', as in the paper's "
            "networks of basic blocks: nothing may stand on the shortcut"
        )
    return _cifar(depth, num_classes, in_channels, width, shortcut, preactivation)


def preact_resnet_cifar(
    depth: int, num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> nn.Module:
    """`resnet_cifar` with pre-activation (He et al. 2016): as many layers and parameters."""
    return resnet_cifar(depth, "A", num_classes, in_channels, width, preactivation=True)


def plain_cifar(
    depth: int, num_classes: int = 10, in_channels: int = 3, width: int = 16
) -> nn.Module:
    """The plain counterpart of `resnet_cifar`: the same layers without shortcuts."""
    return _cifar(depth, num_classes, in_channels, width, None)
