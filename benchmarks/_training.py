"""The usual case: peers train a network on a data set, and predict its test samples."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks._case import Readings, Run, Runner

if TYPE_CHECKING:
    from benchmarks.data import Data
    from benchmarks.peers import Network, Peer


HAND_WRITTEN = ("JAX", "torch.compile")
"""The peers that have no estimator around them."""


@dataclass(frozen=True)
class Problem:
    """Data, and a network.

    Attributes
    ----------
    data : str
        A row of `benchmarks.data.DATA`.
    network : dict
        The arguments of `benchmarks.peers.Network`.
    rows : int or None
        Train on so many of the first samples.
    warm : bool
        Whether the peer trains an epoch before the first timed run, and so has compiled what it compiles.
    """

    data: str
    network: dict[str, Any]
    rows: int | None = None
    warm: bool = True


def training(problem: Problem, peers: Sequence[str], variant: str = "", *, limit: bool = True) -> tuple[Runner, ...]:
    """A runner for each peer, and one for the machine's own limit.

    Parameters
    ----------
    problem : Problem
        What is trained.
    peers : sequence of str
        Rows of `benchmarks.peers.PEERS`.
    variant : str, default=""
        Stands after the peers' names, if a case has several problems.
    limit : bool, default=True
        Whether `benchmarks.limit` runs beside them.
    """
    suffix = f", {variant}" if variant else ""
    runners = [
        Runner(peer + suffix, partial(_prepare, problem, peer), _packages(peer), group=variant) for peer in peers
    ]
    if limit:
        runners.append(Runner("limit" + suffix, partial(_prepare_limit, problem)))
    return tuple(runners)


def _packages(peer: str) -> tuple[str, ...]:
    from benchmarks.peers import PEERS

    return tuple(package.partition(".")[0] for package in PEERS[peer].packages)


def imported(peer: str) -> Peer:
    """A peer, after its packages were imported."""
    from benchmarks.peers import PEERS

    for package in PEERS[peer].packages:
        importlib.import_module(package)
    return PEERS[peer]


def _prepare(problem: Problem, name: str) -> Run:
    from benchmarks._process import forget_peak, peak_mb, resident_mb, timed

    peer = imported(name)
    gc.collect()
    forget_peak()
    baseline = resident_mb()
    data, network, sizes = _load(problem)
    X = data.X if peer.sparse or not _is_sparse(data.X) else data.X.toarray()
    y, X_test, y_test = data.y, data.X_test, data.y_test
    del data
    if problem.warm:
        peer.make(replace(network, epochs=1), *sizes, 0).fit(X, y)

    def run(seed: int) -> Readings:
        if problem.warm:
            estimator = peer.make(network, *sizes, seed)
            readings: Readings = timed(lambda: estimator.fit(X, y))
        else:
            made = []
            readings = timed(lambda: made.append(peer.make(network, *sizes, seed)) or made[0].fit(X, y))
            estimator = made[0]
        readings["peak_mb"] = peak_mb() - baseline
        right = 0
        for start in range(0, len(y_test), 1000):  # in parts: a peer without sparse input gets no dense test set
            part = X_test[start : start + 1000]
            part = part if peer.sparse or not _is_sparse(part) else part.toarray()
            right += int((estimator.predict(part) == y_test[start : start + 1000]).sum())
        return {**readings, "accuracy": right / len(y_test), "n_test": len(y_test)}

    return run


def _prepare_limit(problem: Problem) -> Run:
    from benchmarks.limit import limit

    data, network, sizes = _load(problem)
    return lambda seed: limit(network, *sizes, data.X, seed)


def _load(problem: Problem) -> tuple[Data, Network, tuple[int, int]]:
    """The data, the network, and the numbers of features and classes."""
    from benchmarks.data import load
    from benchmarks.peers import Network

    data = load(problem.data)
    sizes = data.X.shape[1], int(data.y.max()) + 1
    data = data._replace(X=data.X[: problem.rows], y=data.y[: problem.rows])
    return data, Network(**problem.network), sizes


def _is_sparse(X: Any) -> bool:
    return hasattr(X, "toarray")
