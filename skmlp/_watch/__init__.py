"""What watches a training: history, early stopping, progress, and scikit-learn's callbacks."""
