"""The architectures that the engine trains, by the class of their specs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from skmlp._engine.architecture import Architecture
from skmlp._engine.mlp import MLP
from skmlp._engine.tabular import Tabular
from skmlp._engine.user_model import UserModel
from skmlp._spec import ModelSpec, NetworkSpec
from skmlp._tabular_spec import TabularSpec

ARCHITECTURES: Mapping[type, Callable[[Any], Architecture]] = {
    NetworkSpec: MLP,
    ModelSpec: UserModel,
    TabularSpec: Tabular,
}


def architecture_of(spec: Hashable) -> Architecture:
    """The architecture of a spec."""
    return ARCHITECTURES[type(spec)](spec)
