"""The gallery's order, which of its examples can run on this machine, and the check of what they say.

sphinx-gallery takes functions by their import path, since Sphinx cannot pickle those of ``conf.py``.
"""

import os
import re
import warnings
from pathlib import Path
from typing import Any

import claims
from PIL import Image, ImageOps
from sphinx.errors import ConfigError, ExtensionError
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

import skmlp

ORDER = [
    "plot_quickstart.py",
    "plot_xor.py",
    "plot_mnist_first_network.py",
    "plot_mnist_softmax_to_mlp.py",
    "plot_mnist_optimizers_and_penalties.py",
    "plot_mnist_sweeps.py",
    "plot_mnist_l2.py",
    "plot_activations_mnist.py",
    "plot_mnist_learning_rates.py",
    "plot_mnist_weight_decay.py",
    "plot_outputs_and_losses.py",
    "plot_imdb_sentiment.py",
    "plot_imdb_text_pipeline.py",
    "plot_reuters_topics.py",
    "plot_boston_housing.py",
    "plot_evaluation_protocols.py",
    "plot_missing_values.py",
    "plot_tables.py",
    "plot_tensorboard_and_callbacks.py",
    "plot_mnist_convnet.py",
    "plot_imdb_convolution.py",
    "plot_two_inputs.py",
]
"""The examples from the first steps to the long experiments; those that are not named here come last, by name."""

_KERAS = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets"
_SKLEARN = Path(os.environ.get("SCIKIT_LEARN_DATA", "~/scikit_learn_data")).expanduser()
DATA = {
    "boston_housing": [_KERAS / "boston_housing.npz"],
    "california_housing": [_KERAS / "california_housing.npz"],
    "fetch_20newsgroups": [_SKLEARN / "20news-bydate_py3.pkz"],
    "fetch_california_housing": [_SKLEARN / "cal_housing_py3.pkz"],
    "fetch_openml": [],
    "imdb": [_KERAS / "imdb.npz"],
    "imdb.get_word_index": [_KERAS / "imdb_word_index.json"],
    "mnist": [_KERAS / "mnist.npz"],
    "reuters": [_KERAS / "reuters.npz"],
    "reuters.get_word_index": [_KERAS / "reuters_word_index.json"],
}
"""What an example loads -> the cached files. Keras' data sets go by the name of their module.

What the one example with ``fetch_openml`` loads by it at full size, its small size goes without.
"""


def data_sets(source: str) -> set[str]:
    """The names in ``DATA`` of what a script loads."""
    loaded = set(re.findall(r"\b(\w+)\.load_data\b", source))
    loaded |= set(re.findall(r"\b(\w+\.get_word_index)\b", source))
    return loaded | set(re.findall(r"\b(fetch_\w+)\(", source))


def runs(example: Path) -> bool:
    """Whether all the data that an example loads is on this machine."""
    names = data_sets(example.read_text(encoding="utf-8"))
    if unknown := sorted(names - DATA.keys()):
        raise ConfigError(f"{example.name} loads {', '.join(unknown)}: add the files to DATA in docs/gallery.py.")
    return all(file.exists() for name in names for file in DATA[name])


def start_anew(gallery_conf: Any, name: str) -> None:
    """Let an example count its own programs, as it does where it runs alone, and make warnings of skmlp errors.

    Other libraries' warnings, of a new release, are not the example's to mend.
    """
    skmlp.clear_cache()
    warnings.filterwarnings("error", module="skmlp")


def check_claims(block: Any, script_vars: Any, gallery_conf: Any) -> str:
    """After the last block of an example, check what its text says; sphinx-gallery calls this as it collects pictures.

    A scraper is the one place where sphinx-gallery shows an example's variables while it runs. It adds nothing here.
    """
    example = Path(script_vars["src_file"])
    last = [each for each in split_code_and_text_blocks(str(example))[1] if each[0] == "code"][-1]
    if block[2] == last[2]:
        try:
            claims.check(example, script_vars["example_globals"])
        except AssertionError as error:
            raise ExtensionError(str(error)) from error
    return ""


THUMBNAILS = {
    "plot_activations_mnist.py": (3, (0.0, 0.06, 0.505, 1.0)),
    "plot_boston_housing.py": (2, (0.0, 0.0, 1.0, 1.0)),
    "plot_evaluation_protocols.py": (3, (0.0, 0.0, 1.0, 1.0)),
    "plot_imdb_convolution.py": (1, (0.0, 0.06, 0.505, 1.0)),
    "plot_imdb_sentiment.py": (2, (0.0, 0.0, 1.0, 1.0)),
    "plot_missing_values.py": (2, (0.0, 0.0, 1.0, 1.0)),
    "plot_mnist_convnet.py": (2, (0.0, 0.06, 0.5, 0.5)),
    "plot_mnist_first_network.py": (1, (0.0, 0.0, 0.5, 1.0)),
    "plot_mnist_l2.py": (1, (0.0, 0.06, 0.505, 1.0)),
    "plot_mnist_learning_rates.py": (1, (0.0, 0.03, 1.0, 0.5)),
    "plot_mnist_optimizers_and_penalties.py": (1, (0.0, 0.06, 0.505, 1.0)),
    "plot_mnist_softmax_to_mlp.py": (1, (0.0, 0.06, 0.505, 1.0)),
    "plot_mnist_weight_decay.py": (1, (0.0, 0.03, 1.0, 0.52)),
    "plot_reuters_topics.py": (1, (0.0, 0.06, 0.505, 1.0)),
    "plot_tensorboard_and_callbacks.py": (1, (0.0, 0.0, 0.52, 1.0)),
    "plot_two_inputs.py": (1, (0.0, 0.0, 0.47, 1.0)),
    "plot_xor.py": (1, (0.32, 0.0, 0.64, 1.0)),
}
"""Example -> the figure, counted from 1, and the part of it (left, top, right, bottom, from 0 to 1) in its thumbnail.

The others show the whole of their first figure. A figure of many panels would be too small to see anything.
"""


def crop_thumbnails(app: Any) -> None:
    """Make the thumbnails of ``THUMBNAILS``, after sphinx-gallery has run the examples and made its own."""
    images = Path(app.srcdir) / "auto_examples" / "images"
    for example, (number, (left, top, right, bottom)) in THUMBNAILS.items():
        stem = f"sphx_glr_{Path(example).stem}"
        drawn = images / f"{stem}_{number:03}_2_00x.png"
        if drawn.exists():
            with Image.open(drawn) as figure:
                width, height = figure.size
                box = (round(left * width), round(top * height), round(right * width), round(bottom * height))
                thumbnail = ImageOps.pad(figure.convert("RGB").crop(box), (400, 280), color="white")
            thumbnail.save(images / "thumb" / f"{stem}_thumb.png")


def order(name: str) -> tuple[int, str]:
    """Sort the examples as in ``ORDER``."""
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)
