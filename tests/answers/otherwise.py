"""Right answers in other ways than the solutions: a check must not ask for one way of writing."""

import math
import time
from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

RIGHT = []  # (check, answer)


def right(check):
    """Mark a function or class as a right answer to `check`."""

    def note(answer):
        RIGHT.append((check, answer))
        return answer

    return note


@right("conv_output_size")
def by_walking(size, kernel, stride, padding):
    count, place = 0, -padding
    while place + kernel <= size + padding:
        count, place = count + 1, place + stride
    return count


@right("conv_output_size")
def by_floor(size, kernel, stride, padding):
    return math.floor((size + 2 * padding - kernel) / stride + 1)


@right("conv2d")
def by_strides(image, kernels, stride, padding):
    image = F.pad(image, (padding,) * 4).contiguous()
    (c, h, w), k = image.shape, kernels.shape[-1]
    size = (c, (h - k) // stride + 1, (w - k) // stride + 1, k, k)
    patches = image.as_strided(size, (h * w, w * stride, stride, w, 1))
    return torch.einsum("cijuv,ocuv->oij", patches, kernels)


@right("conv2d")
def in_float64_by_numpy(image, kernels, stride, padding):
    (c, h, w), (o, _, k, _) = image.shape, kernels.shape
    x = np.zeros((c, h + 2 * padding, w + 2 * padding))
    x[:, padding : padding + h, padding : padding + w] = image.numpy()
    y = np.zeros((o, (x.shape[1] - k) // stride + 1, (x.shape[2] - k) // stride + 1))
    for n, i, j in np.ndindex(*y.shape):
        top, left = i * stride, j * stride
        y[n, i, j] = np.sum(x[:, top : top + k, left : left + k] * kernels[n].numpy())
    return torch.from_numpy(y)


@right("conv2d")
def weight_by_weight(image, kernels, stride, padding):
    x, k = F.pad(image, (padding,) * 4), kernels.shape[-1]
    height, width = ((side - k) // stride + 1 for side in x.shape[1:])
    y = torch.zeros(len(kernels), height, width)
    for u in range(k):
        for v in range(k):
            seen = x[:, u : u + stride * height : stride, v : v + stride * width : stride]
            y += torch.einsum("oc,cij->oij", kernels[:, :, u, v], seen[:, :height, :width])
    return y


@right("lrn")
def by_cumulative_sums(a, k, n, alpha, beta):
    padded = F.pad(a**2, (0, 0, 0, 0, n // 2 + 1, n // 2)).cumsum(1)
    return a * (k + alpha * (padded[:, n:] - padded[:, :-n])).pow(-beta)


@right("lrn")
def by_a_band_matrix(a, k, n, alpha, beta):
    i = torch.arange(a.shape[1])
    band = ((i[:, None] - i).abs() <= n // 2).to(a.dtype)
    return a / (k + alpha * torch.einsum("ij,njhw->nihw", band, a * a)) ** beta


@right("lrn")
def number_by_number(a, k, n, alpha, beta):
    b = torch.zeros(a.shape, dtype=torch.float64)
    for i in range(a.shape[1]):
        total = 0
        for j in range(max(0, i - n // 2), min(a.shape[1] - 1, i + n // 2) + 1):
            total = total + a[:, j] ** 2
        b[:, i] = a[:, i] / (k + alpha * total) ** beta
    return b


@right("train_classifier")
def with_a_loader(model, images, labels, epochs, batch_size, lr):
    loader = DataLoader(TensorDataset(images, labels), batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history = {"loss": [], "accuracy": [], "seconds": []}
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        for x, y in loader:
            model.train()
            optimizer.zero_grad(set_to_none=False)
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        model.eval()
        right = 0
        with torch.inference_mode():
            for x, y in DataLoader(TensorDataset(images, labels), 7):
                right += int((model(x).argmax(1) == y).sum())
        print(f"epoch {epoch}: {total:.3f}")
        history["loss"].append(total / len(images))
        history["accuracy"].append(right / len(images))
        history["seconds"].append(time.time() - start)
    return history


@right("lrn")
def by_running_sums(a, k, n, alpha, beta):
    squares = np.pad(a.numpy() ** 2, ((0, 0), (n // 2 + 1, n // 2), (0, 0), (0, 0)))
    sums = np.cumsum(squares, 1)
    return torch.from_numpy(a.numpy() / (k + alpha * (sums[:, n:] - sums[:, :-n])) ** beta)


@right("train_classifier")
def put_in_order_anew(model, images, labels, epochs, batch_size, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    curves, end = {"loss": [], "accuracy": [], "seconds": []}, time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(len(images))
        images, labels = images[order], labels[order]
        losses = torch.zeros(math.ceil(len(images) / batch_size))
        for i in range(len(losses)):
            model.train()
            part = slice(i * batch_size, (i + 1) * batch_size)
            loss = F.nll_loss(model(images[part].float()).log_softmax(1), labels[part])
            loss.backward()
            optimizer.step()
            model.zero_grad()
            losses[i] = loss.detach()
        right, _ = 0, model.eval()
        for x, y in zip(images, labels, strict=True):
            right += int(model(x[None]).argmax() == y)
        start, end = end, time.perf_counter()
        curves["loss"].append(losses.mean().item())
        curves["accuracy"].append(right / len(images))
        curves["seconds"].append(end - start)
    return curves


@right("conv_cost")
def channel_by_channel(in_channels, out_channels, kernel, groups, output_size):
    parameters = macs = 0
    for _ in range(out_channels):
        parameters += in_channels // groups * kernel**2 + 1
        macs += in_channels // groups * kernel**2 * output_size * output_size
    return parameters, macs


@right("conv_cost")
def as_a_list(in_channels, out_channels, kernel, groups, output_size):
    layer = nn.Conv2d(in_channels, out_channels, kernel, groups=groups)
    parameters = sum(p.numel() for p in layer.parameters())
    return [parameters, layer.weight.numel() * output_size**2]


@right("alexnet_parameters")
def tower_by_tower(towers):
    layers = [("conv1", 3, 96, 11), ("conv2", 96 // towers, 256, 5), ("conv3", 256, 384, 3)]
    layers += [("conv4", 384 // towers, 384, 3), ("conv5", 384 // towers, 256, 3)]
    layers += [("fc6", 256, 4096, 6), ("fc7", 4096, 4096, 1), ("fc8", 4096, 1000, 1)]
    found = defaultdict(int)
    for _ in range(towers):
        for name, reads, outputs, kernel in layers:
            found[name] += outputs // towers * (reads * kernel * kernel + 1)
    return found


@right("alexnet_parameters")
def by_layers(towers):
    with torch.device("meta"):
        layers = {
            "fc8": nn.Linear(4096, 1000),
            "fc7": nn.Linear(4096, 4096),
            "fc6": nn.Linear(256 * 6 * 6, 4096),
            "conv5": nn.Conv2d(384, 256, 3, groups=towers),
            "conv4": nn.Conv2d(384, 384, 3, groups=towers),
            "conv3": nn.Conv2d(256, 384, 3),
            "conv2": nn.Conv2d(96, 256, 5, groups=towers),
            "conv1": nn.Conv2d(3, 96, 11),
        }
    return {name: sum(p.numel() for p in m.parameters()) for name, m in layers.items()}


@right("path_counts")
def by_numpy(kernel, depth):
    counts = np.array([1])
    for _ in range(depth):
        counts = np.convolve(counts, np.ones(kernel, dtype=int))
    return list(counts)


@right("footprint")
def by_backward(model, shape):
    x = torch.zeros(1, *shape).requires_grad_()
    y = model(x)
    y[:, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    _, _, rows, columns = x.grad.nonzero(as_tuple=True)
    return (rows.max() - rows.min() + 1).item(), (columns.max() - columns.min() + 1).item()


@right("footprint")
def with_normal_numbers(model, shape):
    x = torch.randn(1, *shape, requires_grad=True)
    y = model(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    rows, columns = x.grad[0].abs().sum(0).nonzero(as_tuple=True)
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@right("receptive_field")
def from_the_last_layer(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in reversed(layers):
        size, jump = (size - 1) * stride + (kernel - 1) * dilation + 1, jump * stride
    return size, jump


@right("vgg_features")
def in_place(configuration, in_channels):
    model = nn.Sequential()
    for item in configuration:
        if item == "M":
            model.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        model.append(nn.Conv2d(in_channels, item, kernel_size=3, padding="same"))
        model.append(nn.ReLU(inplace=True))
        in_channels = item
    return model


@right("he_normal")
def by_normal(shape, generator, mode):
    o, i, *kernel = shape
    fan = math.prod(kernel) * (i if mode == "fan_in" else o)
    return torch.normal(0.0, (2 / fan) ** 0.5, tuple(shape), generator=generator)


@right("xavier_uniform")
def by_uniform_(shape, generator):
    o, i, *kernel = shape
    a = math.sqrt(6 / ((o + i) * math.prod(kernel)))
    return torch.empty(shape, dtype=torch.float64).uniform_(-a, a, generator=generator)


@right("initialize")
def by_data(model):
    def one(module):
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan = module.weight[0].numel()
            module.weight.data = torch.randn_like(module.weight) * (2 / fan) ** 0.5
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)

    model.apply(one)
    return model


@right("dropout")
def by_bernoulli(x, p, training, generator):
    if not training:
        return x.clone()
    return torch.bernoulli(torch.full_like(x, 1 - p), generator=generator) * (x / (1 - p))


@right("gain")
def by_a_grid(activation):
    z = torch.linspace(-8, 8, 20_001)
    weight = torch.exp(-z.square() / 2)
    return torch.rsqrt((activation(z).square() * weight).sum() / weight.sum())


@right("bn_backward")
def by_parts(dy, x, gamma, eps):
    n, c, h, w = x.shape
    m, x, dy = n * h * w, x.transpose(0, 1).reshape(c, -1), dy.transpose(0, 1).reshape(c, -1)
    away = x - x.mean(1, keepdim=True)
    var = away.square().mean(1, keepdim=True)
    std = (var + eps).sqrt()
    dgamma, dbeta = (dy * away / std).sum(1), dy.sum(1)
    g = dy * gamma[:, None]
    dvar = (g * away).sum(1, keepdim=True) * -0.5 * (var + eps) ** -1.5
    dmean = -(g / std).sum(1, keepdim=True)
    dx = g / std + dvar * 2 * away / m + dmean / m
    return dx.reshape(c, n, h, w).transpose(0, 1), dgamma, dbeta


@right("batch_norm_layer")
class Reassigned(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        shape = (1, -1, 1, 1)
        if self.training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            m, step = x.numel() / x.shape[1], self.momentum
            self.running_mean = (1 - step) * self.running_mean + step * mean.detach()
            self.running_var = (1 - step) * self.running_var + step * var.detach() * m / (m - 1)
        else:
            mean, var = self.running_mean, self.running_var
        x = (x - mean.view(shape)) * torch.rsqrt(var.view(shape) + self.eps)
        return x * self.weight.view(shape) + self.bias.view(shape)


@right("fold")
def into_a_new_one(conv, bn):
    new = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding
    )
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    with torch.no_grad():  # in float32, as a new layer is
        new.weight.copy_(conv.weight * scale.view(-1, 1, 1, 1))
        new.bias.copy_(bn.bias - bn.running_mean * scale)
        if conv.bias is not None:
            new.bias.add_(conv.bias * scale)
    return new


@right("residual_block")
class WithModules(nn.Module):
    def __init__(self, in_channels, channels, stride, option):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = nn.Identity()
        extra = (channels - in_channels) // 2
        if option == "C" or (option == "B" and (stride > 1 or extra)):
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )
        elif stride > 1 or extra:
            # Reads each stride-th position; the zeros are those of a padding over the channels.
            pad = nn.ConstantPad3d((0, 0, 0, 0, extra, extra), 0)
            self.downsample = nn.Sequential(nn.MaxPool2d(1, stride), pad)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += self.downsample(x)
        return self.relu(y)


@right("cifar_resnet")
class OneRelu(nn.Module):
    """One ReLU for all, and a head of modules."""

    def __init__(self, n, width, in_channels, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, 1, 1, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(width), nn.ReLU()
        widths, self.stages = [width, width, 2 * width, 4 * width], ("layer1", "layer2", "layer3")
        for i, name in enumerate(self.stages):
            blocks = nn.Sequential()
            for j in range(n):
                stride = 2 if i and not j else 1
                block = WithModules(
                    widths[i] if j == 0 else widths[i + 1], widths[i + 1], stride, "A"
                )
                block.relu = self.relu
                blocks.append(block)
            self.add_module(name, blocks)
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(4 * width, num_classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        for name in self.stages:
            x = getattr(self, name)(x)
        return self.fc(torch.flatten(self.pool(x), 1))


@right("delete_block")
def rebuilt(model, stage, block):
    import copy

    model = copy.deepcopy(model)
    name = f"layer{stage}"
    blocks = [b for i, b in enumerate(getattr(model, name)) if i != block]
    setattr(model, name, nn.Sequential(*blocks))
    return model


@right("gradient_by_length")
def as_a_polynomial(slopes):
    return list(np.poly([-s for s in slopes])) if slopes else [1.0]


@right("conv1x1")
def by_flattening(x, weight):
    n, c, h, w = x.shape
    return (weight @ x.reshape(n, c, h * w)).reshape(n, -1, h, w)


@right("macs_by_stage")
def layer_by_layer(counts, size):
    found, channels, side = {"stem": 9408 * (size // 2) ** 2}, 64, size // 4
    for i, blocks in enumerate(counts):
        width, total = 64 << i, 0
        for j in range(blocks):
            total += channels * width * side**2
            side = side // 2 if i and j == 0 else side
            total += 9 * width * width * side**2 + 4 * width * width * side**2
            if j == 0:
                total += channels * 4 * width * side**2
            channels = 4 * width
        found[f"layer{i + 1}"] = total
    return {**found, "fc": 2_048_000}


@right("start_as_identity")
def with_new_parameters(block):
    block.bn2.weight = nn.Parameter(torch.zeros(block.bn2.num_features))
    block.bn2.bias = nn.Parameter(torch.zeros(block.bn2.num_features))
    return block
