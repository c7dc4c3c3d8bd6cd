"""What a fit trains on; needs no Keras, so that it can be prepared before TensorFlow is loaded."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Data(NamedTuple):
    """What a fit trains on: those of the samples whose numbers are in ``rows``.

    X is a dense array of any numbers or a CSR matrix, (n_samples, n_features); y as the loss takes it; weight
    (n_samples,) or (n_samples, n_labels) in the network's dtype, of which the sample weights have mean 1 over the rows.
    """

    X: Any
    y: NDArray[Any]
    weight: NDArray[np.floating]
    rows: NDArray[np.intp]
