"""What keeps the libraries off the network and the home folder, set before they are imported."""

import os

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["RAY_AUTH_MODE"] = "disabled"  # else it writes a token into the home folder
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"
