"""Layers that look through windows, as what XLA computes fast on a CPU: products of matrices, and maxima of slices.

XLA takes the gradient of a convolution's kernel as a convolution by a window as large as the image, and that of a
maximum by going through each window again: up to forty and twelve times as long as here (docs/design.md).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

from skmlp._keras import tf
from skmlp._model_parts import looks_by_slices


def rewrite_windows(layer: Any) -> None:
    """Have a layer that `looks_by_slices` compute so; others stay as they are."""
    if looks_by_slices(layer):
        layer.call = partial(_pooled if hasattr(layer, "pool_size") else _convolved, layer, layer.call)


def _convolved(layer: Any, call: Callable[[Any], Any], inputs: Any) -> Any:
    """``call`` of a convolution: the values in each window are a row of a matrix, and the kernel is another one."""
    if None in inputs.shape[1:]:
        return call(inputs)
    inputs, kernel = tf.convert_to_tensor(inputs), tf.convert_to_tensor(layer.kernel)
    pads = _pads(inputs, layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding)
    seen = _joined(
        tf.pad(inputs, pads), layer.kernel_size, layer.strides, layer.dilation_rate, partial(tf.concat, axis=-1)
    )
    n_seen = math.prod(kernel.shape[:-1])
    outputs = tf.reshape(seen, (-1, n_seen)) @ tf.reshape(kernel, (n_seen, layer.filters))
    if layer.use_bias:
        outputs += layer.bias
    outputs = tf.reshape(outputs, (-1, *seen.shape[1:-1], layer.filters))
    return outputs if layer.activation is None else layer.activation(outputs)


def _pooled(layer: Any, call: Callable[[Any], Any], inputs: Any) -> Any:
    """``call`` of a layer of maxima; the gradient belongs to the first of equal ones, as in TensorFlow's operation."""
    if None in inputs.shape[1:] or not inputs.dtype.is_floating:
        return call(inputs)
    inputs, steps = tf.convert_to_tensor(inputs), [1] * len(layer.pool_size)
    pads = _pads(inputs, layer.pool_size, layer.strides, steps, layer.padding)
    padded = tf.pad(inputs, pads, constant_values=inputs.dtype.min)
    return _joined(padded, layer.pool_size, layer.strides, steps, partial(reduce, tf.maximum))


def _pads(
    inputs: Any, window: Sequence[int], strides: Sequence[int], dilations: Sequence[int], padding: str
) -> list[tuple[int, int]]:
    """What TensorFlow adds before and after each axis."""
    pads = [(0, 0)] * len(inputs.shape)
    for axis, size, stride, dilation in zip(itertools.count(1), window, strides, dilations):
        reach = (size - 1) * dilation
        if padding == "causal":
            pads[axis] = reach, 0
        elif padding == "same":
            needed = max((inputs.shape[axis] - 1) // stride * stride + reach + 1 - inputs.shape[axis], 0)
            pads[axis] = needed // 2, needed - needed // 2
    return pads


def _joined(
    inputs: Any,
    window: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    join: Callable[[list[Any]], Any],
) -> Any:
    """What each window sees, joined along one axis after the other, so that there are few slices; as in a kernel."""
    for axis, size, stride, dilation in reversed([*zip(itertools.count(1), window, strides, dilations)]):
        last = inputs.shape[axis] - (size - 1) * dilation
        slices = [slice(place * dilation, place * dilation + last, stride) for place in range(size)]
        inputs = join([inputs[(slice(None),) * axis + (each,)] for each in slices])
    return inputs
