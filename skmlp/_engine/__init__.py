"""Training and prediction with compiled Keras programs; knows arrays and specs, and nothing of scikit-learn."""
