"""What a fit leaves as a record for files: dictionaries, lists, strings, numbers and arrays, and a user's own objects.

A change of what is written here is a new `skmlp._seal.FORMAT`, with a step that makes the former record the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from skmlp._fields import (
    Check,
    anything,
    array,
    at_least,
    checked,
    dict_of,
    flag,
    list_of,
    number,
    one_of,
    or_none,
    or_own,
    text,
    wrong,
)
from skmlp._fitted import Fitted
from skmlp._folds import OutOfFoldOutputs
from skmlp._loss_table import LOSSES, GivenLoss
from skmlp._own import Own
from skmlp._spec import Hyperparameters, NetworkShape, NetworkSpec, Plan, State
from skmlp._tables import TablePreprocessor
from skmlp._tabular_spec import TabularSpec
from skmlp._target_forms import Labels, Numbers, TargetForm
from skmlp._target_scale import TargetScale
from skmlp._targets import TARGETS, Coding
from skmlp._weights import weight_shapes


def record(fitted: Fitted) -> dict[str, Any]:
    """What a fit left, without what is made anew: callbacks, and the Keras model."""
    plan, given, form = fitted.plan, fitted.coding.given, fitted.form
    named = next(name for name, (cls, _) in _FORMS.items() if isinstance(form, cls))
    step_history, optimizer = fitted.step_history, fitted.state.optimizer
    return {
        "hyperparameters": {each: _plain(getattr(plan.hyperparameters, each)) for each in _HYPERPARAMETERS},
        "network": _of_network(plan.network),
        "loss": _plain(plan.loss),
        "given_loss": {
            "given": given.given,
            "loss": None if isinstance(given.loss, Own) else given.loss,  # None: it is the loss above
            "row": given.row,
            "from_logits": given.from_logits,
        },
        "boundary": float(fitted.coding.boundary),
        "target": {"form": named, **{each: _of_form(getattr(form, each)) for each in _FORMS[named][1]}},
        **{each: getattr(plan, each) for each in _OF_PLAN},
        "weights": list(fitted.state.weights),
        "optimizer": None if optimizer is None else [np.asarray(each) for each in optimizer],
        "epoch": fitted.state.epoch,
        "step": fitted.state.step,
        "history": _numbers(fitted.history),
        "step_history": None if step_history is None else _numbers(step_history),
        "unrecorded": list(fitted.unrecorded),
        "n_seen": fitted.n_seen,
        "stopped_early": fitted.stopped_early,
        "metrics": list(fitted.metrics),
        "preprocessor": None if fitted.preprocessor is None else dict(vars(fitted.preprocessor)),
        "out_of_fold": None
        if fitted.out_of_fold is None
        else {each: getattr(fitted.out_of_fold, each) for each in _OUT_OF_FOLD},
    }


def restored(given: Any, form_type: type[TargetForm], name: str) -> Fitted:
    """What a fit left, from its record.

    Parameters
    ----------
    given : dict
    form_type : type
        The form of the targets of the estimator.
    name : str
        The class of the estimator, for messages.

    Raises
    ------
    ValueError
        If something is missing, unknown, or not what it must be; the message names it.
    """
    values = checked(given, _RECORD, name)
    chosen = checked(values["hyperparameters"], _HYPERPARAMETERS, name, "hyperparameters.")
    loss = checked(values["given_loss"], _GIVEN_LOSS, name, "given_loss.")
    form = _form(values["target"], form_type, name)
    layers = {
        "hidden_layer_sizes": tuple(chosen["hidden_layer_sizes"]),
        "activation": tuple(_own(each) for each in chosen["activation"]),
    }
    hyperparameters = Hyperparameters(**{**chosen, **layers, "dropout": tuple(chosen["dropout"])})
    network = _network(values["network"], hyperparameters, form, name)
    plan = Plan(hyperparameters, network, _own(values["loss"]), **{each: values[each] for each in _OF_PLAN})
    _check_layers(plan, values["weights"], name)
    of_user = plan.loss if loss["loss"] is None else loss["loss"]
    return Fitted(
        plan=plan,
        state=State(**{each: values[each] for each in ("weights", "optimizer", "epoch", "step")}),
        form=form,
        coding=Coding(
            kind=form.kind,
            loss=plan.loss,
            output_activation=network.output_activation,
            sparse=plan.sparse_labels,
            given=GivenLoss(loss["given"], of_user, loss["row"], loss["from_logits"]),
            boundary=values["boundary"],
        ),
        history=values["history"],
        step_history=values["step_history"],
        unrecorded=tuple(values["unrecorded"]),
        n_seen=values["n_seen"],
        stopped_early=values["stopped_early"],
        metrics=tuple(values["metrics"]),
        preprocessor=_preprocessor(values["preprocessor"], network, name),
        out_of_fold=_out_of_fold(values["out_of_fold"], name),
    )


def _plain(value: Any) -> Any:
    """A hyperparameter: sequences as lists, mappings as dictionaries, a user's own object as it is."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value.held if isinstance(value, Own) else value


def _of_form(value: Any) -> Any:
    """An argument of a form: the scale of a target as a dictionary."""
    return {each: getattr(value, each) for each in _SCALE} if isinstance(value, TargetScale) else value


def _numbers(history: Mapping[str, list[float]]) -> dict[str, list[float]]:
    return {name: [float(each) for each in values] for name, values in history.items()}


def _own(value: Any) -> Any:
    """A name; or a user's own object, which is the file's alone."""
    return value if isinstance(value, str) else Own.itself(value)


def _of_network(network: NetworkShape) -> dict[str, Any]:
    """What a network has beside its hyperparameters, and the form of its target."""
    named = next(name for name, (cls, _) in _NETWORKS.items() if isinstance(network, cls))
    return {"network": named, **{each: getattr(network, each) for each in _NETWORKS[named][1]}}


def _network(given: Any, chosen: Hyperparameters, form: TargetForm, name: str) -> NetworkShape:
    """The structure of a network, by the table."""
    named = given.get("network") if isinstance(given, dict) else None
    cls, fields = _NETWORKS.get(named, (None, {})) if isinstance(named, str) else (None, {})
    if cls is None:
        raise wrong(name, "network", given)
    given = {each: given[each] for each in given if each != "network"}
    if cls is NetworkSpec:
        given = {"n_members": 1, **given}  # earlier versions had no others
    values = checked(given, fields, name, "network.")
    if cls is NetworkSpec:
        values["normalization"] = chosen.normalization
    return cls(
        **values,
        hidden_layer_sizes=chosen.hidden_layer_sizes,
        activation=chosen.activation,
        n_outputs=form.n_outputs,
        dtype=chosen.dtype,
        heads=form.heads,
    )


def _preprocessor(given: Any, network: NetworkShape, name: str) -> TablePreprocessor | None:
    """What was learned of the columns of a table, which a network for tables has, and no other."""
    if (given is None) == isinstance(network, TabularSpec):
        raise wrong(name, "preprocessor", given)
    if given is None:
        return None
    made = TablePreprocessor.__new__(TablePreprocessor)
    vars(made).update(given)
    return made


def _out_of_fold(given: Any, name: str) -> OutOfFoldOutputs | None:
    """What members predicted of samples that they were not trained on."""
    return None if given is None else OutOfFoldOutputs(**checked(given, _OUT_OF_FOLD, name, "out_of_fold."))


def _form(given: Any, form_type: type[TargetForm], name: str) -> Any:
    """The form of the target, by the table."""
    named = given.get("form") if isinstance(given, dict) else None
    cls, of_form = _FORMS.get(named, (None, {})) if isinstance(named, str) else (None, {})
    if cls is None or not issubclass(cls, form_type):
        raise wrong(name, "target", given)
    values = checked({each: given[each] for each in given if each != "form"}, of_form, name, "target.")
    if "classes" in values:
        several = values["kind"] == "multioutput"
        found = values["classes"] if several and isinstance(values["classes"], list) else [values["classes"]]
        least = 1 if values["kind"] in ("one-hot", "multilabel") else 2
        if not all(isinstance(each, np.ndarray) and each.ndim == 1 and len(each) >= least for each in found) or (
            values["kind"] == "binary" and len(found[0]) != 2
        ):
            raise wrong(name, "target.classes", values["classes"])
    else:
        n_outputs = values["n_outputs"]
        if values["limits"].shape != (2, n_outputs):
            raise wrong(name, "target.limits", values["limits"])
        if values["scale"] is not None:
            scale = checked(values["scale"], _SCALE, name, "target.scale.")
            for each, numbers in scale.items():
                if numbers.shape != (n_outputs,):
                    raise wrong(name, f"target.scale.{each}", numbers)
            values = {**values, "scale": TargetScale(**scale)}
    return cls(**values)


def _check_layers(plan: Plan, weights: list[Any], name: str) -> None:
    """Refuse layers that do not go together, and weights that are not theirs."""
    chosen, network = plan.hyperparameters, plan.network
    for per_layer in ("activation", "dropout"):
        if len(getattr(chosen, per_layer)) != len(chosen.hidden_layer_sizes):
            raise wrong(name, f"hyperparameters.{per_layer}", list(getattr(chosen, per_layer)))
    given = [(weight.shape, str(weight.dtype)) for weight in weights]
    shapes = weight_shapes(network) if isinstance(network, NetworkSpec) else cast(TabularSpec, network).weight_shapes
    if given != [(shape, network.dtype) for shape in shapes]:
        raise wrong(name, "weights", given)


_FORMS: Mapping[str, tuple[type[Labels] | type[Numbers], Mapping[str, Check]]] = {
    "labels": (
        Labels,
        {"kind": one_of(*(kind for kind in TARGETS if kind != "regression")), "classes": anything},  # looked into
    ),
    "numbers": (
        Numbers,
        {"n_outputs": at_least(1), "flat": flag, "limits": array, "clip": flag, "scale": anything},  # looked into
    ),
}
"""Name in a record -> the form of a target, and the arguments of which it is made."""

_OUTPUT_ACTIVATION = one_of(*(each for row in TARGETS.values() for each in row.output_activations))

_NETWORKS: Mapping[str, tuple[type[NetworkSpec] | type[TabularSpec], Mapping[str, Check]]] = {
    "layers": (
        NetworkSpec,
        {"n_features": at_least(1), "output_activation": _OUTPUT_ACTIVATION, "n_members": at_least(1)},
    ),
    "tables": (
        TabularSpec,
        {
            **dict.fromkeys(("n_periodic", "n_plain", "n_codes", "n_categories", "category_dim"), at_least(0)),
            **dict.fromkeys(("n_frequencies", "periodic_dim"), at_least(0)),
            "n_members": at_least(1),
            "input_scale": flag,
            "parametric_activation": flag,
            "output_activation": _OUTPUT_ACTIVATION,
        },
    ),
}
"""Name in a record -> the structure of a network, and what it has beside hyperparameters and the form of a target."""

_OUT_OF_FOLD: Mapping[str, Check] = {"outputs": array, "score": number, "epoch": at_least(1)}

_SCALE: Mapping[str, Check] = {"mean": array, "deviation": array}

_HYPERPARAMETERS: Mapping[str, Check] = {
    "hidden_layer_sizes": list_of(at_least(1)),
    "activation": list_of(or_own(text)),
    "dropout": list_of(number),
    "input_dropout": number,
    "dropout_schedule": or_none(or_own(text)),
    "l1": number,
    "l2": number,
    "regularize_bias": flag,
    "normalization": one_of(None, "batch", "layer"),
    "kernel_initializer": or_own(text),
    "bias_initializer": or_own(text),
    "label_smoothing": number,
    "quantile": number,
    "optimizer": text,
    "learning_rate": number,
    "learning_rate_schedule": or_none(or_own(text)),
    "nesterov": flag,
    "settings": dict_of(number),
    "epochs": at_least(1),
    "shuffle": flag,
    "dtype": one_of("float32", "float64"),
}

_GIVEN_LOSS: Mapping[str, Check] = {
    "given": anything,
    "loss": one_of(None, "auto", *LOSSES),
    "row": one_of(None, *LOSSES),
    "from_logits": flag,
}

_OF_PLAN: Mapping[str, Check] = {
    "sparse_labels": flag,
    "n_weights": or_none(at_least(1)),
    "batch_size": at_least(1),
    "seed": at_least(0),
}

_RECORD: Mapping[str, Check] = {
    "hyperparameters": anything,  # looked into, as the next three
    "given_loss": anything,
    "target": anything,
    "network": anything,
    "loss": or_own(one_of(*LOSSES)),
    "boundary": number,
    **_OF_PLAN,
    "weights": list_of(array),
    "optimizer": or_none(list_of(array)),
    "epoch": at_least(0),
    "step": at_least(0),
    "history": lambda value: dict_of(list_of(number))(value) and "loss" in value,
    "step_history": or_none(dict_of(list_of(number))),
    "unrecorded": list_of(number),
    "n_seen": at_least(0),
    "stopped_early": flag,
    "metrics": list_of(anything),
    "preprocessor": or_none(dict_of(anything)),
    "out_of_fold": anything,
}
