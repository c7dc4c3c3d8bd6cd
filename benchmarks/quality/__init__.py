"""How well estimators predict tables, each as it comes, and what that costs."""
