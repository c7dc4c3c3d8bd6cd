"""Hypothesis tries so much here that it takes hours; `SKMLP_SOAK_EXAMPLES` says how much for each property.

The profile is chosen by the command (`--hypothesis-profile=soak`): a run of all other tests imports this module, too.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "soak",
    max_examples=int(os.environ.get("SKMLP_SOAK_EXAMPLES", "10000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
