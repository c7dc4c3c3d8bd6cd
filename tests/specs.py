"""Plans of small fits, for the tests of what is made of them."""

from skmlp._spec import Hyperparameters, NetworkSpec, Plan

NETWORK = NetworkSpec(3, (4, 5), ("relu", "relu"), None, 2, "linear", "float32")


def hyperparameters(**changes):
    values = {
        "hidden_layer_sizes": (4, 5),
        "activation": ("relu", "relu"),
        "dropout": (0.0, 0.0),
        "input_dropout": 0.0,
        "dropout_schedule": None,
        "l1": 0.0,
        "l2": 0.0,
        "regularize_bias": False,
        "normalization": None,
        "kernel_initializer": "zeros",
        "bias_initializer": "zeros",
        "label_smoothing": 0.0,
        "quantile": 0.5,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "learning_rate_schedule": None,
        "nesterov": False,
        "settings": {},
        "epochs": 1,
        "shuffle": True,
        "dtype": "float32",
    }
    return Hyperparameters(**{**values, **changes})


def plan(loss="mean_squared_error", batch_size=32, **changes):
    return Plan(hyperparameters(**changes), NETWORK, loss, sparse_labels=False, n_weights=None,
                batch_size=batch_size, seed=0)  # fmt: skip
