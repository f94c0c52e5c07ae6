"""Homework 2: VGG and the receptive field. K. Simonyan, A. Zisserman, arXiv:1409.1556, 2.3."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..catalogue import t
from .trial import Draw, Either, Trial, Wrong, run, share


def stack_weights(answer: Any) -> str:
    """`stack_weights(kernel, depth, channels)` → weights of a stack of convolutions."""
    draw = Draw()
    for kernel, depth in zip(draw.sample([3, 5, 7, 9], 4), (2, 6, 1, 4), strict=True):
        channels = draw.randint(10, 99)
        trial = Trial(answer, kernel=kernel, depth=depth, channels=channels)
        one = kernel**2 * channels**2
        trial.expect(
            depth * one,
            {
                t("Only one layer was counted."): one,
                t("A kernel has kernel × kernel positions."): depth * kernel * channels**2,
                t("Each of the outputs reads all channels: channels × channels."): Either(
                    (depth * kernel**2 * channels, depth * kernel**2)
                ),
                t("Biases were counted; here there are none."): depth * (one + channels),
                t("The layers stand one behind the other: their weights are added."): one**depth,
                t("More layers do not make the kernel larger: count each layer by itself."): (
                    depth * depth * one
                ),
                t("The first layer, too, has `channels` channels before it."): Either(
                    (depth - 1) * one + kernel**2 * channels * colors for colors in (1, 3)
                ),
            },
            hint=t("How many weights has one kernel, how many kernels one layer?"),
        )
    return t("The weights of any stack are right.")


Layers = Sequence[tuple[int, int, int]]
Pair = tuple[int, int]


def _field(
    layers: Layers,
    *,
    after: bool = False,
    dilated: bool = True,
    gap: int = 1,
    start: int = 1,
    grow: Callable[[int, int], int] = operator.mul,
) -> Pair:
    """(size, jump) of (kernel, stride, dilation); the rest: usual mistakes."""
    size, jump = start, 1
    for kernel, stride, dilation in layers:
        jump = grow(jump, stride) if after else jump
        size += (kernel - gap) * (dilation if dilated else 1) * jump
        jump = jump if after else grow(jump, stride)
    return size, jump


def _field_faults(layers: Layers) -> dict[str, Any]:
    """What usual mistakes give, by their hints."""
    (size, jump), ones = _field(layers), [(k, 1, d) for k, _, d in layers]
    strides, dilations = [s for _, s, _ in layers], [d for _, _, d in layers]
    jumps: list[Callable[[int, int], int]] = [
        lambda jump, stride: jump + stride,
        lambda jump, stride: jump + stride - 1,
        lambda jump, stride: stride,
        lambda jump, stride: max(jump, stride),
    ]
    faults: dict[str, Any] = {
        t("A layer's own stride acts behind it, not on its own kernel."): _field(
            layers, after=True
        ),
        t("The strides are missing in the size: a kernel steps over larger pixels."): (
            _field(ones)[0],
            jump,
        ),
        t("The strides are missing."): _field(ones),
        t("One stride is not enough: what lies before the kernel is the product of all."): Either(
            (1 + sum((k - 1) * d * s for (k, _, d), s in zip(layers, some, strict=True)), jump)
            for some in (strides, [1, *strides[:-1]])
        ),
        t("Begin at the input: these are the layers from the last to the first."): _field(
            layers[::-1]
        ),
        t("The jump is the product of the strides."): Either(
            [(size, sum(strides)), (size, strides[-1]), (size, 1)]
            + [_field(layers, grow=grow) for grow in jumps]
        ),
        t("Only the first layer was counted: does `return` stand in the loop?"): _field(layers[:1]),
        t("Each kernel adds kernel - 1, not kernel."): Either(
            [
                (sum(k for k, _, _ in layers), jump),
                _field(layers, gap=0),
                _field(layers, gap=0, start=0),
            ]
        ),
        t("Begin with 1: without any layer a pixel sees itself."): (size - 1, jump),
        t("First the size, then the jump."): (jump, size),
    }
    if max(dilations) > 1:
        grown = [(k * d - d + 1, s, d) for k, s, d in layers]
        holes = [(k * d, s, 1) for k, s, d in layers]
        faults |= {
            t("The dilation is missing: a kernel with holes reaches further."): _field(
                layers, dilated=False
            ),
            t("The dilation widens gaps, and a kernel has one gap less than positions."): _field(
                holes
            ),
            t("The dilation was counted twice."): _field(grown),
            t("The order is (kernel, stride, dilation)."): _field(
                [(k, d, s) for k, s, d in layers]
            ),
            t("The dilation does not move the outputs apart: the jump is without it."): Either(
                [
                    (size, jump * math.prod(dilations)),
                    _field([(k, s * d, d) for k, s, d in layers]),
                    (_field([(k, s * d, d) for k, s, d in layers])[0], jump),
                ]
            ),
        }
    return faults


def _differ(want: Any, faults: Mapping[str, Any]) -> bool:
    """Whether no mistake gives what is wanted, nor what another mistake gives."""
    values = [want]
    for value in faults.values():
        values += set(value) if isinstance(value, Either) else [value]
    return len(set(values)) == len(values)


def receptive_field(answer: Any) -> str:
    """`receptive_field(layers)` → (size, jump) for any stack of (kernel, stride, dilation)."""
    draw = Draw()
    for dilated in (False, False, True, True):
        while True:
            layers = [
                (draw.choice([2, 3, 5, 7]), draw.randint(1, 3), dilated * draw.randint(0, 2) + 1)
                for _ in range(draw.randint(3, 5))
            ]
            faults, want = _field_faults(layers), _field(layers)
            if _differ(want, faults) and (max(d for _, _, d in layers) > 1) == dilated:
                break
        faults[t("Two values are asked for, size and jump.")] = want[0]
        trial = Trial(answer, layers=layers)
        trial.expect(
            want,
            faults,
            hint=t("From the input on: by how many input pixels does the kernel reach further?"),
        )
    # Two of three pixels are read; and what is stepped over belongs to the field, too.
    Trial(answer, layers=[(2, 3, 1), (2, 1, 1)]).expect(
        (5, 3),
        {t("Pixels in between count, too, although no layer reads them."): (4, 3)},
        hint=t("From the input on: by how many input pixels does the kernel reach further?"),
    )
    for layers in ([(draw.choice([2, 3, 5, 7]), draw.randint(2, 4), 1)], []):
        Trial(answer, layers=layers).expect(
            _field(layers), hint=t("A stack may have one layer, or none: then both are 1.")
        )
    return t("Size and jump are right for any kernels, strides and dilations.")


def _interval(
    position: int,
    layers: Layers,
    *,
    scaled: bool = True,
    strided: bool = True,
    padded: bool = True,
    gap: int = 1,
) -> Pair:
    """(first, last) of (kernel, stride, padding); the rest: usual mistakes."""
    size, jump, start = 1, 1, 0
    for kernel, stride, padding in layers:
        size += (kernel - gap) * (jump if strided else 1)
        start -= padding * (jump if scaled else 1) * padded
        jump *= stride
    return position * jump + start, position * jump + start + size - 1


def _interval_faults(position: int, layers: Layers) -> dict[str, Any]:
    """What usual mistakes give, by their hints."""
    (first, last), bare = _interval(position, layers), _interval(position, layers, padded=False)
    faults: dict[str, Any] = {
        t("The padding is missing: it moves the field to the left."): bare,
        t("Padding of a later layer counts in larger steps: times the jump before it."): (
            _interval(position, layers, scaled=False)
        ),
        t("`last` is the last pixel itself, not the one after it."): (first, last + 1),
        t("From the first to the last of `kernel` positions there are kernel - 1 steps."): (
            _interval(position, layers, gap=0)
        ),
        t("The padding was added: it moves the field to the left."): (
            2 * bare[0] - first,
            2 * bare[1] - last,
        ),
        t("A layer's padding is the third number, not kernel // 2."): Either(
            _interval(position, centered)
            for centered in (
                [(k, s, k // 2) for k, s, _ in layers],
                [(2 * (k // 2) + 1, s, k // 2) for k, s, _ in layers],
            )
        ),
        t("Steps of a later kernel are wider: `last`, too, goes back through all layers."): (
            _interval(position, layers, strided=False)
        ),
        t("Positions are counted from 0."): _interval(position - 1, layers),
        t("The second value is the last position, not the size."): (first, last - first + 1),
    }
    if first < 0:
        faults[t("The field is cut off at the border: here it may reach into the padding.")] = (
            0,
            last,
        )
    if position:
        away = _interval(0, layers)
        faults |= {
            t("Two neighbors are apart by the jump: position · jump."): (
                away[0] + position,
                away[1] + position,
            ),
            t("Begin at the last layer: `position` is counted in its outputs."): _interval(
                position, layers[::-1]
            ),
            t("The first layer is missing: go back to the image."): _interval(position, layers[1:]),
            t("The order is (kernel, stride, padding)."): _interval(
                position, [(k, p, s) for k, s, p in layers]
            ),
            t("First the stride, then the padding: p · stride - padding."): _interval(
                position, [(k, s, p * s) for k, s, p in layers]
            ),
            t("The strides are missing."): _interval(position, [(k, 1, p) for k, _, p in layers]),
            t("First the first position, then the last."): (last, first),
        }
    return faults


def field_of(answer: Any) -> str:
    """`field_of(position, layers)` → (first, last) input position, layers with padding."""
    draw = Draw()
    for border in (False, True, False, True):
        while True:  # padding is not always kernel // 2; at the border the field leaves the image
            layers = [
                (draw.choice([2, 3, 5]), draw.randint(1, 3), draw.randint(0, 2)) for _ in range(3)
            ]
            position = 0 if border else draw.randint(3, 9)
            want, faults = _interval(position, layers), _interval_faults(position, layers)
            if _differ(want, faults) and (want[0] < 0 or not border):
                break
        trial = Trial(answer, position=position, layers=layers)
        trial.expect(
            want,
            faults,
            hint=t(
                "Go back layer by layer: output p reads from p · stride - padding, kernel wide."
            ),
        )
    position = draw.randint(2, 9)
    Trial(answer, position=position, layers=[]).expect(
        (position, position), hint=t("Without any layer the output is the pixel itself.")
    )
    return t("First and last pixel are right, in the padding as well.")


class _Branches(nn.Module):
    """Two ways side by side, whose outputs are added."""

    def __init__(self, left: nn.Module, right: nn.Module):
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.left(x) + self.right(x)
        return out


def _padded(channels: int, height: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(channels, 4, (height, width), padding=(height // 2, width // 2))


def _networks(draw: Draw) -> list[tuple[nn.Module, int, Pair]]:
    """Three networks, the channels of their input, and the (height, width) that they see."""
    channels = draw.randint(2, 3), draw.randint(1, 3), draw.randint(2, 3)
    (h, w), (v, u) = draw.choice([((3, 5), (3, 7)), ((5, 3), (7, 3)), ((5, 3), (5, 2))])
    mean = nn.Sequential(
        nn.Conv2d(channels[0], 4, (h, w), padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 3, (v, u), stride=draw.choice([1, 2]), padding=2),
    )
    gap = draw.choice([5, 6])  # wider than a 3×3 kernel: rows and columns between are not read
    holes = nn.Sequential(
        nn.Conv2d(channels[1], 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 2, (v, u), dilation=gap, padding=gap),
    )
    tall, wide = draw.choice([(5, 9), (7, 11), (9, 5), (11, 7)])
    branches = _Branches(
        nn.Sequential(_padded(channels[2], tall - 2, 3), nn.ReLU(), _padded(4, 3, 1)),
        nn.Sequential(_padded(channels[2], 3, wide), nn.ReLU()),
    )
    for model in (mean, holes, branches):
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.uniform_(layer.weight, 0.1, 1)
                if layer.in_channels < 4:  # reads the image: the gradients above and below are
                    for edge in (0, -1):  # negative, or hardly anything
                        layer.weight.data[:, :, edge] *= 1e-6 if model is holes else -1
                nn.init.uniform_(cast(Tensor, layer.bias), 100, 101)  # every ReLU lets through
    reads, _, gives = cast(nn.Sequential, branches.left)
    cast(Tensor, reads.weight).data[:, :-1] = 0  # only the last channel of the image, and only
    cast(Tensor, gives.weight).data[:-1] = 0  # for the last one of the output
    sizes = [
        _field([(first, 1, 1), (2, 2, 1), (last, 1, 1)])[0] for first, last in ((h, v), (w, u))
    ]
    between = [_field([(3, 1, 1), (last, 1, gap)])[0] for last in (v, u)]
    return [
        (mean, channels[0], (sizes[0], sizes[1])),
        (holes, channels[1], (between[0], between[1])),
        (branches, channels[2], (tall, wide)),
    ]


def _extent(seen: Tensor) -> Pair:
    """(height, width) of the region in which a map (H, W) is true."""
    rows, columns = seen.any(1).nonzero(), seen.any(0).nonzero()
    if not len(rows):
        return 0, 0
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


def _footprint_faults(model: nn.Module, x: Tensor, want: Pair) -> dict[str, Any]:
    """What usual mistakes give, by their hints."""
    y = model(x)

    def gradient(output: Tensor) -> Tensor:
        return torch.autograd.grad(output.sum(), x, retain_graph=True)[0][0]

    middle = gradient(y[0, :, y.shape[2] // 2, y.shape[3] // 2])
    seen, corner = (middle != 0).any(0), (gradient(y[0, :, 0, 0]) != 0).any(0)
    counted = int(seen.any(1).sum()), int(seen.any(0).sum())
    row, column = x.shape[2] // 2, x.shape[3] // 2
    through = int(seen[:, column].sum()), int(seen[row].sum())
    return {
        t("Height and width are exchanged: (H, W)."): want[::-1],
        t("The gradient of all outputs was taken: choose one position."): _extent(
            (gradient(y) != 0).any(0)
        ),
        t("Only the size is asked for, not how many pixels lie in it."): int(seen.sum()),
        t("Rows and columns without gradient lie in between: from the first to the last."): Either(
            (counted, through)
        ),
        t("However small it is: every gradient counts that is not 0."): Either(
            _extent((middle.abs() > least).any(0))
            for least in (
                *(middle.abs().max().item() * share for share in (0.0455, 0.1, 0.01)),
                *(0.1, 1e-2, 1e-3, 1e-4),
            )
        ),
        t("Every channel of the image counts, and every channel of the output."): Either(
            [
                _extent(middle[0] != 0),
                _extent((middle != 0).all(0)),
                _extent((gradient(y[0, 0, y.shape[2] // 2, y.shape[3] // 2]) != 0).any(0)),
            ]
        ),
        t("A negative gradient is one as well: where is it not 0?"): Either(
            [_extent((middle > 0).any(0)), _extent(middle.sum(0) > 0)]
        ),
        t("The output at the corner sees less: take one in the middle."): Either(
            [_extent(corner), (int(corner.any(1).sum()), int(corner.any(0).sum()))]
        ),
        t("The last row and column belong to it: last - first + 1."): (want[0] - 1, want[1] - 1),
        t("The pixels of all channels were counted."): int((middle != 0).sum()),
        t("Not all layers of a network stand in a row: ask the gradient, not the layers."): (
            _in_a_row(model)
        ),
    }


def _in_a_row(model: nn.Module) -> Pair:
    """(height, width) if its convolutions were one stack."""
    kernels = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    sides = [[(k.kernel_size[axis], 1, k.dilation[axis]) for k in kernels] for axis in (0, 1)]
    return _field(sides[0])[0], _field(sides[1])[0]


def footprint(answer: Any) -> str:
    """`footprint(model, shape)` → (height, width) that one output in the middle reads."""
    draw = Draw()
    for model, channels, want in _networks(draw):
        shape = (channels, 2 * draw.randint(25, 27), 2 * draw.randint(70, 74))
        x = torch.rand(1, *shape, requires_grad=True)
        trial = Trial(
            answer,
            hint=t("One image that requires a gradient; one number, from the middle, to derive."),
            model=model,
            shape=shape,
        )
        trial.expect(
            want,
            partial(_footprint_faults, model, x, want),
            hint=t("Where is the gradient of one output, by the input, not zero?"),
        )
    return t("The gradient shows the receptive field, for kernels that are not square as well.")


def _features(configuration: Sequence[Any], in_channels: int) -> nn.Sequential:
    """VGG's features, as torchvision numbers them."""
    layers: list[nn.Module] = []
    for item in configuration:
        if item == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(in_channels, item, 3, padding=1), nn.ReLU()]
            in_channels = item
    return nn.Sequential(*layers)


def vgg_features(answer: Any) -> str:
    """`vgg_features(configuration, in_channels)` → nn.Sequential, keys as torchvision's."""
    draw = Draw()
    for _ in range(3):
        a, b, c = draw.sample(range(6, 13), 3)
        configuration = [a, "M", b, c, "M", b, b, "M"] if draw.random() < 0.5 else [a, b, "M", c]
        channels = draw.choice([1, 2, 4, 5])  # not 3, which many write into their code
        arguments: dict[str, Any] = {"configuration": configuration, "in_channels": channels}
        made = Trial(
            answer, hint=t("nn.Sequential(*layers) takes modules; nn.ReLU() is one."), **arguments
        )
        if not isinstance(made.out, nn.Sequential):
            raise made.wrong(
                t("It must return an nn.Sequential."), t("Came out: {a}", a=type(made.out).__name__)
            )
        reference = _features(configuration, channels)
        try:
            model = share(made, reference, draw)
        except Wrong as wrong:  # the last line is its hint: we can say more
            fault = _misbuilt(made.out, channels)
            raise Wrong(*wrong.lines[:-1], t("Hint: {a}", a=fault)) if fault else wrong from None
        x = 20 * draw.tensor(2, channels, 45, 39)
        trial = run(model, x, arguments)
        trial.expect(
            reference(x).detach(),
            partial(_feature_faults, reference, x),
            hint=t("Each number: a 3×3 convolution with padding 1 and a ReLU; each M: a pooling."),
        )
    return t("Names and outputs are those of VGG's features, for any configuration.")


def _misbuilt(model: nn.Sequential, channels: int) -> str:
    """Why the names or shapes of `model` are not VGG's, if it is a usual mistake."""
    layers = list(model.modules())
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    if any(isinstance(layer, nn.BatchNorm2d) for layer in layers):
        return t("VGG is older than BN: there is none in it.")
    if any(isinstance(layer, nn.Sequential) for layer in layers[1:]):
        return t("One Sequential in another: each layer must be an entry of its own.")
    if not convolutions:
        return ""
    if not any(isinstance(layer, nn.ReLU) for layer in layers):
        return t("Each ReLU is an entry of its own, and takes a number.")
    if isinstance(model[0], nn.ReLU):
        return t("The ReLU comes behind its convolution, not before it.")
    if convolutions[0].bias is None:
        return t("The convolutions have biases here.")
    if any(layer.kernel_size != (3, 3) for layer in convolutions):
        return t("Every kernel is 3×3.")
    if convolutions[0].in_channels != channels:
        return t("The first convolution reads `in_channels` channels, however many they are.")
    before = [channels, *(layer.out_channels for layer in convolutions)]
    if [layer.in_channels for layer in convolutions] != before[:-1]:
        return t("A convolution reads the channels that the one before it gives.")
    return ""


@torch.no_grad()
def _feature_faults(model: nn.Sequential, x: Tensor) -> dict[str, Any]:
    """What usual mistakes give, with the reference's weights."""

    def after(
        padding: int = 1,
        relu: bool = True,
        pool: Callable[[Tensor], Tensor] = lambda y: F.max_pool2d(y, 2),
        last: bool = True,
    ) -> Tensor:
        y, end = x, max(i for i, layer in enumerate(model) if isinstance(layer, nn.ReLU))
        for index, layer in enumerate(model):
            if isinstance(layer, nn.Conv2d):
                y = F.conv2d(y, layer.weight, layer.bias, padding=padding)
            elif isinstance(layer, nn.ReLU):
                y = F.relu(y) if relu and (last or index != end) else y
            else:
                y = pool(y)
        return y

    return {
        t("The padding is missing: the map gets smaller with every convolution."): after(padding=0),
        t("The ReLUs are missing."): after(relu=False),
        t("There is no ReLU after the last convolution."): after(last=False),
        t("The pooling takes the mean; VGG's takes the maximum."): after(
            pool=lambda y: F.avg_pool2d(y, 2)
        ),
        t("The pooling has stride 1: the map must be halved."): after(
            pool=lambda y: F.max_pool2d(y, 2, 1)
        ),
        t("The pooling rounds an odd size up; VGG's rounds it down."): after(
            pool=lambda y: F.max_pool2d(y, 2, ceil_mode=True)
        ),
        t("The pooling is 3×3; VGG's is 2×2 with stride 2."): Either(
            after(pool=nn.MaxPool2d(3, 2, padding)) for padding in (0, 1)
        ),
    }


def path_counts(answer: Any) -> str:
    """`path_counts(kernel, depth)`: paths from each input position to one output, along a line."""
    draw = Draw()
    for kernel, depth in ((3, 2), (4, 3), (draw.choice([2, 5]), draw.randint(3, 4)), (3, 40)):
        counts = _convolved(kernel, depth)
        trial = Trial(answer, kernel=kernel, depth=depth)
        total = kernel**depth
        trial.expect(
            counts,
            {
                t("These are shares; wanted are the numbers of paths."): [
                    count / total for count in counts
                ],
                t("One layer too few."): _convolved(kernel, depth - 1),
                t("One layer too many."): _convolved(kernel, depth + 1),
                t("The kernel is always 3 here: it is an argument."): _convolved(3, depth),
                t("-kernel // 2 to kernel // 2 is one place too many if kernel is even."): (
                    _convolved(kernel + 1 - kernel % 2, depth)
                ),
                t("The ends are missing: the outermost pixels have one path each."): counts[1:-1],
                t("These are binomial coefficients, as of a kernel of 2."): _convolved(
                    2, len(counts) - 1
                ),
                t("All positions were taken to be alike."): Either(
                    [[1] * len(counts), [kernel] * len(counts)]
                ),
                t("Floats hold large numbers only roughly: numbers of paths are ints."): [
                    float(count) for count in counts
                ],
                t("One number for each input position is asked for, not their sum."): total,
            },
            hint=t("Each position of a layer is read from `kernel` positions before it. Add up."),
        )
    none = t("Without any layer there is one position, and one path: [1].")
    Trial(answer, hint=none, kernel=3, depth=0).expect([1], hint=none)
    return t("The numbers of paths are right, for 40 layers as well.")


def _convolved(kernel: int, depth: int) -> list[int]:
    counts = [1]
    for _ in range(depth):
        wide = len(counts) + kernel - 1
        counts = [
            sum(counts[i - j] for j in range(kernel) if 0 <= i - j < len(counts))
            for i in range(wide)
        ]
    return counts


CHECKS: dict[str, Callable[[Any], str]] = {
    "stack_weights": stack_weights,
    "receptive_field": receptive_field,
    "field_of": field_of,
    "footprint": footprint,
    "vgg_features": vgg_features,
    "path_counts": path_counts,
}
