"""Show the parameters of an estimator in groups, each with an address of its own, on its page of the API reference.

numpydoc, IDEs and scikit-learn know a docstring's parameters as one list. Here the list is cut where a group begins, a
table above it leads to each parameter and to the pages of the guide, and Sphinx learns the parameters' names: so the
search finds ``skmlp.KerasMLPClassifier.dropout``, and a page may refer to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docutils import nodes
from groups import GROUPS
from sphinx import addnodes
from sphinx.application import Sphinx


def group_parameters(app: Sphinx, doctree: nodes.document) -> None:
    """Group the parameters of the estimators on a page."""
    for signature in doctree.findall(addnodes.desc_signature):
        for name in signature["ids"]:
            if name in GROUPS:
                _group(app, name, signature)


def _group(app: Sphinx, name: str, signature: addnodes.desc_signature) -> None:
    body = next(
        field[1]
        for field in signature.parent.findall(nodes.field)
        if field[0].astext() == "Parameters"  # of the class: those of its methods come after it
    )
    (items,) = body.findall(nodes.definition_list, descend=True)
    entries = {_name(item): item for item in items.children}
    table = _table(name, entries)
    body.clear()
    body += table
    for group in GROUPS[name]:
        found = [entries[parameter] for parameter in group.parameters if parameter in entries]
        body += nodes.rubric("", group.title, classes=["parameter-group"])
        body += nodes.definition_list("", *found, classes=items["classes"])
    for parameter, item in entries.items():
        _address(app, f"{name}.{parameter}", item[0])


def _name(item: nodes.Element) -> str:
    """The parameter that an entry describes."""
    return str(next(item.findall(nodes.strong)).astext())


def _address(app: Sphinx, name: str, term: nodes.Element) -> None:
    """Give an entry an address, which Sphinx knows, and the mark that leads to it."""
    term["ids"].append(name)
    term += nodes.reference("", "#", refid=name, classes=["headerlink"], reftitle="Link to this parameter")
    app.env.domains.python_domain.note_object(name, "attribute", name, location=term)


def _table(name: str, entries: Mapping[str, Any]) -> nodes.table:
    """Groups, their parameters and their pages of the guide."""
    rows = nodes.tbody()
    for group in GROUPS[name]:
        known = [parameter for parameter in group.parameters if parameter in entries]
        links = [nodes.reference("", "", nodes.literal("", each), refid=f"{name}.{each}") for each in known]
        pages = [_page(page) for page in group.pages]
        cells = (nodes.paragraph("", group.title), _separated(links), _separated(pages))
        rows += nodes.row("", *(nodes.entry("", cell) for cell in cells))
    head = nodes.thead(
        "", nodes.row("", *(nodes.entry("", nodes.paragraph("", each)) for each in ("Group", "Parameters", "Guide")))
    )
    widths = [nodes.colspec(colwidth=width) for width in (18, 52, 30)]
    group = nodes.tgroup("", *widths, head, rows, cols=3)
    return nodes.table("", group, classes=["parameter-groups", "colwidths-given"])


def _separated(parts: Sequence[nodes.Node]) -> nodes.paragraph:
    return nodes.paragraph("", "", *_with_commas(parts))


def _with_commas(parts: Sequence[nodes.Node]) -> Iterator[nodes.Node]:
    for position, part in enumerate(parts):
        if position:
            yield nodes.Text(", ")
        yield part


def _page(page: str) -> addnodes.pending_xref:
    """A link to a page of the guide, by its title."""
    target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}", "refexplicit": False, "refwarn": True}
    return addnodes.pending_xref("", nodes.inline("", page), **target)


def module_of_source(app: Sphinx, module: str, name: str) -> str | None:
    """The module in whose source a class is that calls itself one of ``skmlp``, for the link to it."""
    found = getattr(sys.modules.get(module), name, None)
    return getattr(found.__init__, "__module__", None) if isinstance(found, type) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("doctree-read", group_parameters)
    app.connect("viewcode-follow-imported", module_of_source)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
