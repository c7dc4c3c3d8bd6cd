"""Fitted estimators written as nodes of ONNX, of their weights alone."""
