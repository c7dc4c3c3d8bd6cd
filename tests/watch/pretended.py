"""A training that watchers can be told of without an engine."""

import numpy as np

from skmlp._spec import State


class Pretended:
    """Has a weight, which is the number of its step."""

    def __init__(self, epoch=0, step=0):
        self.epoch = epoch
        self.step = step
        self.learning_rate = self.rate = 0.1
        self.stop = False

    def weights(self):
        return [np.array([float(self.step)])]

    def set_weights(self, weights):
        raise AssertionError("a watcher that does not interfere sets no weights")

    def state(self):
        return State(self.weights(), None, self.epoch, self.step)
