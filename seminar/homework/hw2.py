"""Homework 2: VGG and the receptive field. K. Simonyan, A. Zisserman, arXiv:1409.1556, 2.3."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..catalogue import t
from .trial import Draw, Either, Trial, run, share


def stack_weights(answer: Any) -> str:
    """`stack_weights(kernel, depth, channels)` → weights of a stack of convolutions."""
    draw = Draw()
    for _ in range(4):
        kernel, depth, channels = (
            draw.choice([3, 5, 7]),
            2 * draw.randint(1, 3),
            draw.randint(10, 99),
        )
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
            },
            hint=t("How many weights has one kernel, how many kernels one layer?"),
        )
    return t("The weights of any stack are right.")


Layers = Sequence[tuple[int, int, int]]


def _field(layers: Layers, *, after: bool = False, dilated: bool = True) -> tuple[int, int]:
    """(size, jump) of (kernel, stride, dilation); `after`: a layer's stride acts on its kernel."""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump = jump * stride if after else jump
        size += (kernel - 1) * (dilation if dilated else 1) * jump
        jump = jump if after else jump * stride
    return size, jump


def receptive_field(answer: Any) -> str:
    """`receptive_field(layers)` → (size, jump) for any stack of (kernel, stride, dilation)."""
    draw = Draw()
    for dilated in (False, False, True, True):
        sizes: list[int] = []
        while len(set(sizes)) < len(sizes) or not sizes:  # each mistake has a result of its own
            layers = [
                (draw.choice([2, 3, 5, 7]), draw.randint(1, 3), dilated * draw.randint(0, 2) + 1)
                for _ in range(draw.randint(3, 5))
            ]
            layers[0] = (5, 2, layers[0][2])
            layers[1] = (3, 3, 2 if dilated else 1)
            size, jump = _field(layers)
            ones = [(k, 1, d) for k, _, d in layers]
            sizes = [size, size - 1, _field(ones)[0], _field(layers, after=True)[0]]
            sizes += [_grown(layers), _grown(layers) + 1, sum(k for k, _, _ in layers)]
            sizes += [_field(layers, dilated=False)[0]] if dilated else []
        trial = Trial(answer, layers=layers)
        trial.expect(
            (size, jump),
            {
                t("A layer's own stride acts behind it, not on its own kernel."): _field(
                    layers, after=True
                ),
                t("The strides are missing in the size: a kernel steps over larger pixels."): (
                    _field(ones)[0],
                    jump,
                ),
                t("The strides are missing."): _field(ones),
                t("The dilation is missing: a kernel with holes reaches further."): _field(
                    layers, dilated=False
                ),
                t("The jump is the product of the strides."): Either(
                    [(size, sum(s for _, s, _ in layers)), (size, layers[-1][1])]
                ),
                t("Each kernel adds kernel - 1, not kernel."): Either(
                    [
                        (sum(k for k, _, _ in layers), jump),
                        (1 + _grown(layers), jump),
                        (_grown(layers), jump),
                    ]
                ),
                t("Begin with 1: without any layer a pixel sees itself."): (size - 1, jump),
                t("Two values are asked for, size and jump."): size,
            },
            hint=t("From the input on: by how many input pixels does the kernel reach further?"),
        )
    return t("Size and jump are right for any kernels, strides and dilations.")


def _grown(layers: Layers) -> int:
    size, jump = 0, 1
    for kernel, stride, dilation in layers:
        size += kernel * dilation * jump
        jump *= stride
    return size


def field_of(answer: Any) -> str:
    """`field_of(position, layers)` → (first, last) input position, layers with padding."""
    draw = Draw()
    for _ in range(4):
        layers = [(draw.choice([3, 5]), draw.randint(1, 3), draw.randint(1, 2)) for _ in range(3)]
        layers[0] = (layers[0][0], 2, 1)
        layers[2] = (3, layers[2][1], 2)
        position = draw.randint(3, 9)

        def interval(
            scaled: bool = True, padded: bool = True, layers: Any = layers, at: int = position
        ) -> tuple[int, int]:
            size, jump, start = 1, 1, 0
            for kernel, stride, padding in layers:
                size += (kernel - 1) * jump
                start -= padding * (jump if scaled else 1) * padded
                jump *= stride
            return at * jump + start, at * jump + start + size - 1

        first, last = interval()
        trial = Trial(answer, position=position, layers=layers)
        trial.expect(
            (first, last),
            {
                t("The padding is missing: it moves the field to the left."): interval(
                    padded=False
                ),
                t("Padding of a later layer counts in larger steps: times the jump before it."): (
                    interval(scaled=False)
                ),
                t("`last` is the last pixel itself, not the one after it."): (first, last + 1),
                t("The padding was added: it moves the field to the left."): (
                    2 * interval(padded=False)[0] - first,
                    2 * interval(padded=False)[1] - last,
                ),
                t("Positions are counted from 0."): interval(at=position - 1),
                t("The field is cut off at the border: here it may reach into the padding."): (
                    max(first, 0),
                    last,
                ),
                t("Two neighbors are apart by the jump: position · jump."): (
                    first - position * (interval(at=1)[0] - interval(at=0)[0]) + position,
                    last - position * (interval(at=1)[0] - interval(at=0)[0]) + position,
                ),
            },
            hint=t(
                "Go back layer by layer: output p reads from p · stride - padding, kernel wide."
            ),
        )
    return t("First and last pixel are right, in the padding as well.")


def _network(draw: Draw) -> tuple[nn.Sequential, tuple[int, int, int], tuple[int, int]]:
    """Convolutions of positive weights and a mean pooling; an input shape; (height, width) seen."""
    channels = draw.randint(1, 3)
    tall, wide = draw.choice([((3, 5), (3, 7)), ((5, 3), (7, 3)), ((3, 1), (5, 3))])
    model = nn.Sequential(
        nn.Conv2d(channels, 4, tall, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 3, wide, stride=draw.choice([1, 2]), padding=2),
    )
    for parameter in model.parameters():
        nn.init.uniform_(parameter, 0.1, 1)
    sides = []
    for axis in (0, 1):
        layers = [(tall[axis], 1, 1), (2, 2, 1), (wide[axis], 1, 1)]
        sides.append(_field(layers)[0])
    return model, (channels, 50, 58), (sides[0], sides[1])


def footprint(answer: Any) -> str:
    """`footprint(model, shape)` → (height, width) that one output in the middle reads."""
    draw = Draw()
    for _ in range(3):
        model, shape, want = _network(draw)
        x = torch.rand(1, *shape, requires_grad=True)
        y = model(x)
        trial = Trial(answer, model=model, shape=shape)
        corner = torch.autograd.grad(y[0, :, 0, 0].sum(), x)[0].abs().sum((0, 1)) > 0
        cut = int(corner.any(1).sum()), int(corner.any(0).sum())
        trial.expect(
            want,
            {
                t("Height and width are exchanged: (H, W)."): want[::-1],
                t("The gradient of all outputs was taken: choose one position."): shape[1:],
                t("Only the size is asked for, not how many pixels lie in it."): want[0] * want[1],
                t("The output at the corner sees less: take one in the middle."): cut,
                t("The last row and column belong to it: last - first + 1."): (
                    want[0] - 1,
                    want[1] - 1,
                ),
                t("The pixels of all channels were counted."): want[0] * want[1] * shape[0],
            },
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
        a, b, c = (draw.randint(6, 12) for _ in range(3))
        configuration = [a, "M", b, c, "M", b, b, "M"] if draw.random() < 0.5 else [a, b, "M", c]
        channels = draw.randint(1, 4)
        arguments: dict[str, Any] = {"configuration": configuration, "in_channels": channels}
        made = Trial(answer, **arguments)
        if not isinstance(made.out, nn.Sequential):
            raise made.wrong(
                t("It must return an nn.Sequential."), t("Came out: {a}", a=type(made.out).__name__)
            )
        reference = _features(configuration, channels)
        model = share(made, reference, draw)
        x = draw.tensor(2, channels, 44, 38)
        trial = run(model, x, arguments)
        trial.expect(
            reference(x).detach(),
            partial(_feature_faults, reference, x),
            hint=t("Each number: a 3×3 convolution with padding 1 and a ReLU; each M: a pooling."),
        )
    return t("Names and outputs are those of VGG's features, for any configuration.")


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
        t("The pooling is 3×3; VGG's is 2×2 with stride 2."): Either(
            after(pool=nn.MaxPool2d(3, 2, padding)) for padding in (0, 1)
        ),
    }


def path_counts(answer: Any) -> str:
    """`path_counts(kernel, depth)`: paths from each input position to one output, along a line."""
    draw = Draw()
    for kernel, depth in ((3, 2), (draw.choice([2, 5]), draw.randint(3, 4)), (3, 40)):
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
                t("The ends are missing: the outermost pixels have one path each."): counts[1:-1],
                t("These are binomial coefficients, as of a kernel of 2."): _convolved(
                    2, len(counts) - 1
                ),
                t("All positions were taken to be alike."): Either(
                    [[1] * len(counts), [kernel] * len(counts)]
                ),
                t("They are ints: numbers of paths."): [float(count) for count in counts],
            },
            hint=t("Each position of a layer is read from `kernel` positions before it. Add up."),
        )
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
