"""Which fit of a search of scikit-learn's a fit is, as the calls that led to it say."""

from __future__ import annotations

import sys
from types import FrameType

_VALIDATION, _SEARCH = "sklearn.model_selection._validation", "sklearn.model_selection._search"


def place_in_search() -> str:
    """The candidate and the fold that are fitted, or that it is the best candidate once more; "" outside of a search.

    Searches tell neither to the estimators that they fit, nor do the contexts of their callbacks, which count fits. The
    call that does a fit has both among its arguments, in a worker of a parallel search, too.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        function, module = frame.f_code.co_name, frame.f_globals.get("__name__")
        if function == "_fit_and_score" and module == _VALIDATION:
            given = frame.f_locals
            candidate, fold = (given.get(f"{name}_progress") for name in ("candidate", "split"))
            if candidate and fold:  # `cross_validate` gives none
                return f"candidate {candidate[0] + 1}/{candidate[1]}  fold {fold[0] + 1}/{fold[1]}"
        elif function == "fit" and module == _SEARCH:
            return "refit"
        frame = frame.f_back
    return ""
