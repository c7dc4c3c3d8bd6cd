"""How Sphinx builds the documentation: ``tox -e docs``, or ``sphinx-build -W --keep-going -n docs docs/_build/html``.

Environment variables
---------------------
SKMLP_DOCS_ONLINE
    "1" links names of other projects to their documentation, whose inventories are fetched from the network. Without
    it nothing is fetched, and such names are plain text.
KERAS_HOME, SCIKIT_LEARN_DATA
    Where the cached data sets of Keras and scikit-learn are. An example runs if all the data sets that it loads are
    there; otherwise it is shown without its output.
SKMLP_REPOSITORY
    The address of the repository. With it, each page has links to it and to its tracker. If it is on GitHub, each
    example has a link that opens it on Binder, too, from the branch with the built site.
SKMLP_SITE_BRANCH
    That branch, by default "gh-pages".
"""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # sphinx-gallery imports the functions of gallery.py, too
import gallery

import skmlp

REPOSITORY = os.environ.get("SKMLP_REPOSITORY", "").rstrip("/")
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

# The project

project = "skmlp"
author = "The skmlp developers"
project_copyright = "The skmlp developers"
version = release = skmlp.__version__

extensions = [
    "mathml",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "parameter_groups",  # after viewcode, whose event it listens to
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
default_role = "literal"
smartquotes_action = "De"  # quotes stay as they are typed: those of a message or a value are searched for and copied
exclude_patterns = ["_build", "_templates", "**.ipynb", "sg_execution_times.rst"]
templates_path = ["_templates"]
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]

# The API reference

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # numpydoc's sections say the types
numpydoc_show_class_members = False  # the templates say which
numpydoc_validation_checks = {
    *("PR01", "PR02", "PR03", "PR04", "PR07"),  # every parameter, and nothing else, in order, with a type and a text
    *("RT01", "RT02", "RT03"),  # what is returned, by its type and with a text
    *("ES01", "SA01", "EX01"),  # an extended summary, what else to see, and an example
}
numpydoc_validation_exclude = {
    r"CacheInfo$",  # a named tuple, which describes its attributes
    r"\.set_callbacks$",  # scikit-learn's
    r"\.[a-z_]*_$",  # a fitted attribute: one sentence says what it is
    r"skmlp\.wrappers$",  # the module, whose page has examples of its own
}

# Issues of other projects, and the names in them

_TRACKERS = {
    "keras": ("Keras", "keras-team/keras"),
    "kerastuner": ("KerasTuner", "keras-team/keras-tuner"),
    "scikeras": ("SciKeras", "adriangb/scikeras"),
    "skorch": ("skorch", "skorch-dev/skorch"),
    "sklearn": ("scikit-learn", "scikit-learn/scikit-learn"),
}
extlinks = {
    f"{role}-issue": (f"https://github.com/{repository}/issues/%s", f"{name} #%s")
    for role, (name, repository) in _TRACKERS.items()
}

_INVENTORIES = {
    "joblib": "https://joblib.readthedocs.io/en/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "pandas": "https://pandas.pydata.org/docs/",
    "python": "https://docs.python.org/3/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "sklearn": "https://scikit-learn.org/stable/",
}
ONLINE = os.environ.get("SKMLP_DOCS_ONLINE") == "1"
intersphinx_mapping = {name: (address, None) for name, address in _INVENTORIES.items()} if ONLINE else {}
nitpick_ignore_regex = [(r"py:.*", r"keras\..*")]  # Keras publishes no inventory
if not ONLINE:
    nitpick_ignore_regex.append((r"py:.*", rf"({'|'.join(_INVENTORIES)})\..*"))

# The gallery

_RUNNING = sorted(example.name for example in EXAMPLES.glob("plot_*.py") if gallery.runs(example))

sphinx_gallery_conf = {
    "abort_on_example_error": True,
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skmlp",),
    "examples_dirs": [str(EXAMPLES)],
    "filename_pattern": f"({'|'.join(map(re.escape, _RUNNING))})$" if _RUNNING else r"(?!)",
    "gallery_dirs": ["auto_examples"],
    "ignore_pattern": r"full_size\.py$",
    "image_srcset": ["2x"],  # sharp on screens of two dots a pixel
    "image_scrapers": ("matplotlib", "gallery.check_claims"),
    "matplotlib_animations": False,
    "min_reported_time": 5,
    "parallel": 2,  # most of an example is compiling, on one core
    "reference_url": {"skmlp": None},
    "remove_config_comments": True,
    "reset_modules": ("matplotlib", "gallery.start_anew"),
    "show_memory": False,
    "show_signature": False,
    "within_subsection_order": "gallery.order",
}

if on_github := re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", REPOSITORY):
    _requirements = Path(__file__).parent / "generated" / "binder" / "requirements.txt"
    _requirements.parent.mkdir(parents=True, exist_ok=True)
    _requirements.write_text(f"skmlp[plot] @ git+{REPOSITORY}\n", encoding="utf-8")
    sphinx_gallery_conf["binder"] = {
        "org": on_github[1],
        "repo": on_github[2],
        "branch": os.environ.get("SKMLP_SITE_BRANCH", "gh-pages"),
        "binderhub_url": "https://mybinder.org",
        "dependencies": [str(_requirements)],
        "use_jupyter_lab": True,
    }

# Figures within pages

plot_formats = [("png", 144)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = True
plot_rcparams = {"figure.figsize": (6.4, 3.6), "figure.constrained_layout.use": True}
plot_apply_rcparams = True

# How it looks

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "skmlp"
html_static_path = ["_static"]
html_favicon = "_static/logo.svg"
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("install", "tutorial", "errors", "faq", "help", "changelog", "contributing")}
html_theme_options = {
    "header_links_before_dropdown": 6,
    "logo": {"image_light": "_static/logo.svg", "image_dark": "_static/logo.svg", "text": "skmlp", "alt_text": ""},
    "navbar_start": ["navbar-logo", "version.html"],
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
if REPOSITORY:
    html_theme_options["icon_links"] = [
        {"name": "Repository", "url": REPOSITORY, "icon": "fa-solid fa-code-branch"},
        {"name": "Issues", "url": f"{REPOSITORY}/issues", "icon": "fa-regular fa-circle-question"},
    ]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def setup(app):
    """Crop the thumbnails of the gallery after it is made."""
    app.connect("builder-inited", gallery.crop_thumbnails, priority=900)
