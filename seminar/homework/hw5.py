"""Homework 5: residual blocks. K. He, X. Zhang, S. Ren, J. Sun, arXiv:1512.03385, 3.2, 3.3, 4.2."""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import models
from ..catalogue import t
from ..models.resnet import BasicBlock, PadShortcut
from .trial import Draw, Either, Trial, loss_of, own_blocks, run, share, sizes_differ


def pad_shortcut(answer: Any) -> str:
    """`pad_shortcut(x, out_channels, stride)`: option A of section 3.3."""
    draw = Draw()
    for stride in (2, 3, 1):
        c, extra = draw.randint(2, 4), 2 * draw.randint(1, 3)
        h, w = draw.sample(range(5, 9), 2)
        x = draw.tensor(2, c, h, w)
        trial = Trial(answer, x=x, out_channels=c + extra, stride=stride)

        def padded(x: Tensor, before: int, extra: int = extra) -> Tensor:
            return F.pad(x, (0, 0, 0, 0, before, extra - before))

        few = x[:, :, ::stride, ::stride]
        trial.expect(
            padded(few, extra // 2),
            {
                t("All zero channels come after those of x: half of them belong before."): padded(
                    few, 0
                ),
                t("All zero channels come before those of x: half of them belong after."): padded(
                    few, extra
                ),
                t("The positions were averaged; option A takes every stride-th one."): padded(
                    F.avg_pool2d(x, stride, ceil_mode=True), extra // 2
                ),
                t("The largest of the positions was taken; option A takes every stride-th one."): (
                    padded(F.max_pool2d(x, stride, ceil_mode=True), extra // 2)
                ),
                t("The stride acts on one of the two directions only."): Either(
                    padded(few, extra // 2) for few in (x[:, :, ::stride], x[:, :, :, ::stride])
                ),
                t("The stride is missing."): padded(x, extra // 2),
                t("The stride is always 2 here: it is an argument."): padded(
                    x[:, :, ::2, ::2], extra // 2
                ),
                t("The zero channels are missing."): few,
            },
            hint=t("Take every stride-th row and column; then add zero channels on both sides."),
        )
    x = draw.tensor(1, 2, 4, 4).requires_grad_()
    trial = Trial(answer, x=x, out_channels=4, stride=2)
    if not (isinstance(trial.out, Tensor) and trial.out.requires_grad):
        raise trial.wrong(
            t("No gradient comes back to x."),
            hint=t("The shortcut is the gradient's way back: nothing in it may be detached."),
        )
    return t("Every stride-th position, half of the zero channels before and half after.")


def residual_block(answer: Any) -> str:
    """`ResidualBlock(in_channels, channels, stride, option)`: figure 5 (left), options A, B, C."""
    draw = Draw()
    c = 2 * draw.randint(2, 3)
    for option in "ABC":
        for width, stride in ((c, 1), (2 * c, 2), (2 * c, 1), (c, 2)):
            arguments: dict[str, Any] = {
                "in_channels": c,
                "channels": width,
                "stride": stride,
                "option": option,
            }
            made, reference = Trial(answer, **arguments), BasicBlock(c, width, stride, option)
            _projects(made, reference)
            block = share(made, reference, draw)
            h, w = draw.sample(range(5, 9), 2)
            for training in (False, True):
                x = draw.tensor(3, c, h, w)
                reference.train(training)
                block.train(training)
                trial = run(block, x, made.inputs, hint=sizes_differ())
                trial.expect(
                    reference(x).detach(),
                    partial(_faults, reference, x, stride, option),
                    what=t("the output in train()") if training else t("the output in eval()"),
                    hint=t("Go along figure 5: conv, BN, ReLU, conv, BN, add, ReLU."),
                )
            trial.expect(
                reference.bn2.running_mean,
                got=block.state_dict()["bn2.running_mean"],
                what="bn2.running_mean",
                hint=t("In train() every BN sees each batch exactly once."),
            )
            x = draw.tensor(3, c, h, w)
            trial = run(partial(_gradient, block), x, made.inputs)
            trial.expect(
                _gradient(reference, x),
                what=t("the gradient at x"),
                hint=t("It comes back through F and through the shortcut: is one detached?"),
            )
    return t("The block gives what the paper's gives, for options A, B and C, in both modes.")


def _gradient(module: nn.Module, x: Tensor) -> Tensor:
    """∂L/∂x for a loss L of `module(x)`."""
    leaf = x.clone().requires_grad_()
    y = module(leaf)
    if not y.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad(loss_of(y), leaf)[0]


def _projects(made: Trial, reference: BasicBlock) -> None:
    """Whether weights stand in the shortcut where they should, said in the words of 3.3."""
    wants = isinstance(reference.downsample, nn.Sequential)
    names = list(made.module().state_dict())
    has = any(name.startswith("downsample") for name in names)
    if wants and not has:
        raise made.wrong(
            t("The shortcut has no weights here: `downsample` is missing."),
            hint=t(
                "B projects wherever the number of channels or the resolution changes, C always."
            ),
        )
    if has and not wants:
        raise made.wrong(
            t("The shortcut has weights here, and must have none."),
            hint=t("A never has weights; B has them only where the shape changes."),
        )


@torch.no_grad()
def _faults(block: BasicBlock, x: Tensor, stride: int, option: str) -> dict[str, Tensor]:
    """What usual mistakes give, in the mode that the block is in."""
    block = copy.deepcopy(block)
    one, two, relu = block.conv1, block.conv2, F.relu
    shortcut = x if block.downsample is None else block.downsample(x)
    inner = relu(block.bn1(one(x)))
    branch = block.bn2(two(inner))
    late = relu(block.bn1(F.conv2d(x, one.weight, padding=1)))
    late = block.bn2(F.conv2d(late, two.weight, stride=stride, padding=1))
    found = {
        t("There is no ReLU after the addition."): branch + shortcut,
        t("The ReLU stands before the addition: figure 5 has it after."): relu(branch) + shortcut,
        t("There is a ReLU before the addition as well as after it."): relu(
            relu(branch) + shortcut
        ),
        t("The shortcut is missing: nothing is added."): relu(branch),
        t("There is no ReLU between the two convolutions."): relu(
            block.bn2(two(block.bn1(one(x)))) + shortcut
        ),
        t("The second BN is missing."): relu(two(inner) + shortcut),
        t("The first BN is missing."): relu(block.bn2(two(relu(one(x)))) + shortcut),
        t("ReLU and BN are in the wrong order: the convolution is followed by BN."): relu(
            block.bn2(two(block.bn1(relu(one(x))))) + shortcut
        ),
        t("The shortcut starts after the first convolution, not at x."): relu(branch + inner),
        t("The stride stands in the second convolution; it belongs to the first."): relu(
            late + shortcut
        ),
        t("The shortcut was added twice."): relu(branch + 2 * shortcut),
    }
    if isinstance(block.downsample, nn.Sequential):
        found[t("The projection has no BN: every convolution has one (3.4).")] = relu(
            branch + block.downsample[0](x)
        )
    if option == "A" and block.downsample is not None:
        extra = branch.shape[1] - x.shape[1]
        few = x[:, :, ::stride, ::stride]
        found[t("All zero channels come after those of x: half of them belong before.")] = relu(
            branch + F.pad(few, (0, 0, 0, 0, 0, extra))
        )
    return found


def start_as_identity(answer: Any) -> str:
    """`start_as_identity(block)`: γ and β of the last BN become 0, in place; returns the block."""
    draw = Draw()
    for _ in range(3):
        c = draw.randint(2, 5)
        block = _filled(BasicBlock(c, c, 1, "A"), draw)
        before = {name: value.clone() for name, value in block.state_dict().items()}
        trial = Trial(answer, given=True, in_place="block", block=block)
        if trial.out is not block:
            raise trial.wrong(
                t("It must change the block that it is given, and return it."),
                t("Came out: {a}", a=type(trial.out).__name__),
            )
        block.double()  # a new parameter may have torch's usual type
        parameters = dict(block.named_parameters())
        if lost := [
            name
            for name in ("bn2.weight", "bn2.bias", "conv1.weight", "conv2.weight")
            if name not in parameters or not parameters[name].requires_grad
        ]:
            raise trial.wrong(
                t("{a} can no longer be learned.", a=lost[0]),
                hint=t("Change the values of the parameter; leave it an nn.Parameter."),
            )
        only = t("Only two parameters are to change.")
        if not all(module.training for module in block.modules()):
            raise trial.wrong(
                t("It stands in eval() now: it was in train() when it came."),
                hint=only,
            )
        for name in before:
            if "running" in name:
                trial.expect(before[name], got=block.state_dict().get(name), what=name, hint=only)
        x = draw.tensor(3, c, 6, 5).relu()
        for training in (True, False):
            block.train(training)
            out = run(block, x, {}, given=True)
            out.expect(
                x,
                {
                    t("F(x) is β here, not 0: the last BN also adds its β."): (
                        x + before["bn2.bias"][:, None, None]
                    ).relu()
                },
                what=t("the output in train()") if training else t("the output in eval()"),
                hint=t("The last thing F does is γ x̂ + β. When is that 0, whatever x̂ is?"),
                tolerance=0,  # exactly: a small γ is no 0
            )
        # The running statistics have moved in train(): that is not the student's doing.
        for name, value in before.items():
            if "bn2" not in name and "running" not in name and "num_" not in name:
                trial.expect(
                    value,
                    got=block.state_dict()[name],
                    what=name,
                    hint=t("Only the last BN is changed: F must be able to learn from here on."),
                )
    return t("F starts at 0, the block as the identity, and everything in it can still learn.")


def _filled(module: nn.Module, draw: Draw) -> Any:
    """`module` in float64 with random values, as if it had been trained."""
    return share(Trial(lambda: module, given=True), copy.deepcopy(module), draw)


def cifar_resnet(answer: Any) -> str:
    """`CifarResNet(n, width, in_channels, num_classes)`: 6n+2 layers, section 4.2, option A."""
    draw = Draw()
    for n in (3, draw.choice([1, 2, 4])):
        width, channels, classes = 2 * draw.randint(3, 5), draw.randint(1, 4), draw.randint(3, 7)
        arguments: dict[str, Any] = {
            "n": n,
            "width": width,
            "in_channels": channels,
            "num_classes": classes,
        }
        made = Trial(answer, **arguments)
        reference = models.resnet_cifar(6 * n + 2, "A", classes, channels, width)
        _stages(made, n)
        own_blocks(made)
        model = share(made, reference, draw).eval()
        h, w = draw.sample(range(9, 16), 2)
        for training in (False, True):
            x = draw.tensor(2, channels, h, w)
            reference.train(training)
            trial = run(model.train(training), x, arguments)
            trial.expect(
                reference(x).detach(),
                partial(_wrong_networks, reference, x),
                what=t("the logits in train()") if training else t("the logits in eval()"),
                hint=t("Go along the table of part 4, with the shapes after each stage."),
            )
    return t("Names and logits are those of the paper's network of 6n+2 layers, for random n.")


def _stages(made: Trial, n: int) -> None:
    """Whether each stage has n blocks: the most usual mistake, said before names are compared."""
    names = made.module().state_dict()
    for stage in ("layer1", "layer2", "layer3"):
        blocks = {name.split(".")[1] for name in names if name.startswith(stage + ".")}
        if blocks and len(blocks) != n:
            raise made.wrong(
                t("{a} has {m} blocks; it must have n = {n}.", a=stage, m=len(blocks), n=n),
                hint=t("6n+2: three stages of n blocks of two layers, and two more layers."),
            )


@torch.no_grad()
def _wrong_networks(model: Any, x: Tensor) -> dict[str, Tensor]:
    """What usual mistakes give, with the reference's weights."""

    def after(
        stem: Callable[[Tensor], Tensor] = lambda x: F.relu(model.bn1(model.conv1(x))),
        pool: Callable[[Tensor], Tensor] = lambda y: y.mean((2, 3)),
        net: Any = model,
    ) -> Tensor:
        return net.fc(pool(net.layer3(net.layer2(net.layer1(stem(x))))))

    def strided(first: int, later: int, last: int = 1) -> Any:
        net = copy.deepcopy(model)
        for index, stage in enumerate((net.layer1, net.layer2, net.layer3)):
            stride = first if index == 0 else later
            stage[0].conv1.stride = (stride, stride)
            if isinstance(stage[0].downsample, PadShortcut):
                stage[0].downsample.stride = stride
            elif stride > 1:
                stage[0].downsample = PadShortcut(1, 1, stride)
            if index and last > 1:
                stage[-1].conv1.stride = (last, last)
                stage[-1].downsample = stage[-1].downsample or PadShortcut(1, 1, last)
        return net

    logits = model(x)
    found = {
        t("There is no ReLU after bn1."): after(lambda x: model.bn1(model.conv1(x))),
        t("bn1 is missing after conv1."): after(lambda x: F.relu(model.conv1(x))),
        t("There is a pooling after conv1: only the ImageNet networks have it."): after(
            lambda x: F.max_pool2d(F.relu(model.bn1(model.conv1(x))), 3, 2, 1)
        ),
        t("The positions were added up before fc: the paper takes their mean."): after(
            pool=lambda y: y.sum((2, 3))
        ),
        t("The largest position was taken before fc: the paper takes the mean."): after(
            pool=lambda y: y.amax((2, 3))
        ),
        t("There is a softmax at the end: the loss function has it already."): logits.softmax(1),
        t("There is a ReLU after fc."): logits.relu(),
        t("layer1 halves the map: only layer2 and layer3 do."): after(net=strided(2, 2)),
        t("No stage halves the map: layer2 and layer3 must."): after(net=strided(1, 1)),
    }
    if len(model.layer2) > 1:
        found[t("The stride stands in the last block of a stage: it belongs to the first.")] = (
            after(net=strided(1, 1, 2))
        )
    return found


def delete_block(answer: Any) -> str:
    """`delete_block(model, stage, block)`: a copy whose block hands on its input."""
    draw = Draw()
    for _ in range(4):
        n, stage = draw.randint(4, 5), draw.randint(1, 3)
        block = draw.randint(2, n - 2)
        model = _filled(models.resnet_cifar(6 * n + 2, "A", 4, 2, 4), draw).eval()
        trial = Trial(answer, given=True, model=model, stage=stage, block=block)
        changed = trial.module()
        x = draw.tensor(2, 2, 9, 12)

        def without(*doomed: int, model: Any = model, stage: int = stage) -> Any:
            copied = copy.deepcopy(model)
            for index in doomed:
                getattr(copied, f"layer{stage}")[index] = nn.Identity()
            return copied

        branch = copy.deepcopy(model)
        target = getattr(branch, f"layer{stage}")[block]
        with torch.no_grad():
            target.conv2.weight.zero_()
        alone = copy.deepcopy(model)
        getattr(alone, f"layer{stage}")[block].residual = False
        ran = run(changed.eval(), x, {"stage": stage, "block": block}, given=True)
        with torch.no_grad():
            ran.expect(
                without(block)(x),
                {
                    t("The network is unchanged."): model(x),
                    t("It is the block before that is gone: blocks are counted from 0."): (
                        without(block - 1)(x)
                    ),
                    t("It is the block after that is gone: blocks are counted from 0."): (
                        without(block + 1)(x)
                    ),
                    t("The shortcut is gone, and F is still there: it must be the other way."): (
                        alone(x)
                    ),
                    t("F is not 0: with weights of 0 its last BN still gives something."): branch(
                        x
                    ),
                    t("All blocks but the first are gone from the stage."): without(*range(1, n))(
                        x
                    ),
                },
                what=t("the output of the new network"),
                hint=t("The block must hand on its input: what does the layer after it receive?"),
            )
    return t("The copy goes without the block, and the original is as it was.")


def gradient_by_length(answer: Any) -> str:
    """`gradient_by_length(slopes)`: the parts of Π (1 + F_i') by the length of the path."""
    draw = Draw()
    for n in (2, draw.randint(3, 5), 30):
        slopes = [draw.uniform(0.2, 0.9) * draw.choice([-1, 1]) for _ in range(n)]
        parts = [1.0]
        for slope in slopes:
            parts = [a + slope * b for a, b in zip([*parts, 0.0], [0.0, *parts], strict=True)]
        trial = Trial(answer, slopes=slopes)
        mean = sum(slopes) / n
        trial.expect(
            parts,
            {
                t("The order is reversed: first comes the path that takes no branch."): parts[::-1],
                t("The part of length 0 is missing: one path takes no branch."): parts[1:],
                t("These are numbers of paths; wanted is what they bring."): Either(
                    [kind(math.comb(n, k)) for k in range(n + 1)] for kind in (int, float)
                ),
                t("Every slope was taken to be the mean one."): [
                    math.comb(n, k) * mean**k for k in range(n + 1)
                ],
                t("Only one path of each length was counted."): [
                    math.prod(slopes[:k]) for k in range(n + 1)
                ],
                t("This is their sum, the whole gradient."): sum(parts),
                t("A path takes each branch at most once: these are sums of powers."): [
                    1.0,
                    *(sum(s**k for s in slopes) for k in range(1, n + 1)),
                ],
            },
            hint=t("Add one block to a chain: each path continues by its shortcut or its branch."),
        )
    return t("The parts of all lengths are right, for 30 blocks and their 2³⁰ paths as well.")


CHECKS: dict[str, Callable[[Any], str]] = {
    "pad_shortcut": pad_shortcut,
    "residual_block": residual_block,
    "start_as_identity": start_as_identity,
    "cifar_resnet": cifar_resnet,
    "delete_block": delete_block,
    "gradient_by_length": gradient_by_length,
}
