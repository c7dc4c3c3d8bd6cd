"""What a fit trains on; needs no Keras, so that it can be prepared before TensorFlow is loaded."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Data(NamedTuple):
    """What a fit trains on: those of the samples whose numbers are in ``rows``.

    X has an array for each input, (n_samples, ...), of any numbers, or one CSR matrix; y an array for each output, as
    its loss takes it; weight (n_samples,) or (n_samples, n_labels) is in the network's dtype.
    """

    X: tuple[Any, ...]
    y: tuple[NDArray[Any], ...]
    weight: NDArray[np.floating]
    rows: NDArray[np.intp]
