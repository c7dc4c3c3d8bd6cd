"""Kernels are drawn on one symmetric scale, with their histograms and their shares of near-zero weights."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmlp import KerasMLPClassifier, WeightMatrixDisplay


@pytest.fixture
def kernels(rng):
    return [rng.normal(0, 0.1, (20, 100)), rng.normal(0, 0.5, (100, 3))]


def test_kernels_of_a_fitted_pipeline_are_drawn(blobs):
    pipeline = make_pipeline(StandardScaler(), KerasMLPClassifier((5,), epochs=1, random_state=0)).fit(*blobs)
    display = WeightMatrixDisplay.from_estimator(pipeline, threshold=0.2)
    coefs = pipeline[-1].coefs_
    for image, kernel, share in zip(display.images_, coefs, display.shares, strict=True):
        np.testing.assert_array_equal(image.get_array(), kernel)
        assert share == np.mean(np.abs(kernel) <= 0.2)
    assert display.names == ["coefs_[0]", "coefs_[1]"]


def test_layers_are_chosen_by_their_index(blobs):
    classifier = KerasMLPClassifier((5, 4), epochs=1, random_state=0).fit(*blobs)
    assert WeightMatrixDisplay.from_estimator(classifier, layers=1).names == ["coefs_[1]"]
    display = WeightMatrixDisplay.from_estimator(classifier, layers=[2, 0])
    assert [kernel.shape for kernel in display.kernels] == [(4, 3), (4, 5)]
    with pytest.raises(ValueError, match=r"layers=\[3\]: there is no kernel 3, only 0 to 2"):
        WeightMatrixDisplay.from_estimator(classifier, layers=[3])


def test_the_scale_is_common_symmetric_and_holds_each_kernel_but_for_outliers(kernels):
    kernels[0][3, 4] = 1000.0
    display = WeightMatrixDisplay(kernels).plot()
    assert {image.get_clim() for image in display.images_} == {(-display.limit_, display.limit_)}
    assert display.limit_ == max(np.percentile(np.abs(kernel), 99.5) for kernel in kernels)
    assert display.limit_ < 3
    assert display.colorbar_.extend == "both"


def test_a_scale_of_ones_own_is_kept(kernels):
    display = WeightMatrixDisplay(kernels).plot(limit=50.0)
    assert display.images_[0].get_clim() == (-50.0, 50.0)
    assert display.colorbar_.extend == "neither"


def test_each_kernel_may_have_a_scale_of_its_own(kernels):
    display = WeightMatrixDisplay(kernels).plot(limit="each")
    ends = [np.percentile(np.abs(kernel), 99.5) for kernel in kernels]
    assert display.limits_.tolist() == ends
    assert display.limit_ == max(ends)
    for image, bar, end, histograms in zip(display.images_, display.colorbars_, ends, display.axes_[1], strict=True):
        assert image.get_clim() == histograms.get_xlim() == (-end, end)
        assert bar.mappable is image
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize("kernel", [np.zeros((3, 2)), np.eye(400)[:, :1], np.full((2, 2), np.nan)])
def test_kernels_without_a_spread_have_a_scale(kernel):
    display = WeightMatrixDisplay([kernel]).plot()
    assert display.limit_ == 1.0
    display.figure_.draw_without_rendering()


def test_weights_that_are_not_finite_are_masked_and_not_near_zero():
    display = WeightMatrixDisplay([[[np.nan, np.inf], [0.0, 2.0]]]).plot()
    np.testing.assert_array_equal(display.images_[0].get_array().mask, [[True, True], [False, False]])
    assert display.shares.tolist() == [0.25]
    assert display.histograms_[0].get_data().values.sum() == pytest.approx(50.0)


def test_histograms_hold_all_weights_those_beyond_the_scale_at_its_ends(kernels):
    display = WeightMatrixDisplay(kernels).plot(limit=0.2)
    for histogram, kernel in zip(display.histograms_, kernels, strict=True):
        values, edges, _ = histogram.get_data()
        assert values.sum() == pytest.approx(100.0)
        assert values[-1] == pytest.approx(100 * np.mean(kernel >= edges[-2]))
        assert values[len(values) // 2] == pytest.approx(100 * np.mean(np.abs(kernel) <= edges[len(values) // 2 + 1]))


def test_shares_are_written_beneath_the_pictures():
    display = WeightMatrixDisplay([[[0.0, 0.5, 0.01, -0.02]]], threshold=0.01).plot()
    assert display.axes_[1, 0].get_title() == "|w| ≤ 0.01: 50.0 %"


@pytest.mark.parametrize("n", [1, 4, 5, 7, 11])
def test_every_kernel_has_two_axes_and_no_axes_are_left(n):
    display = WeightMatrixDisplay([np.eye(3)] * n).plot()
    assert display.axes_.shape == (2, n)
    assert len(display.figure_.axes) == 2 * n + 1
    display.figure_.draw_without_rendering()
    for upper, lower in display.axes_.T:
        assert upper.get_position().y0 > lower.get_position().y1
        assert upper.get_position().x0 == pytest.approx(lower.get_position().x0)


def test_axes_of_ones_own_are_used(kernels):
    figure, axes = plt.subplots(2, 2)
    display = WeightMatrixDisplay(kernels).plot(axes, cmap="PuOr")
    assert display.figure_ is figure
    assert display.axes_.tolist() == axes.tolist()
    assert display.images_[0].get_cmap().name == "PuOr"
    with pytest.raises(ValueError, match=r"ax has the shape \(2, 2\): give axes of shape \(2, 1\)"):
        WeightMatrixDisplay(kernels[:1]).plot(axes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": -1.0}, "threshold=-1.0 must be at least 0"),
        ({"kernels": []}, "kernels is empty"),
        ({"kernels": [[1.0, 2.0]]}, r"kernels: number 0 has the shape \(2,\)"),
        ({"names": ["a", "b"]}, "does not name the 1 kernels"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WeightMatrixDisplay(**{"kernels": [np.eye(2)], **options})


@pytest.mark.parametrize("limit", [0, -1.0, float("nan"), float("inf"), "all"])
def test_a_scale_without_width_is_refused(limit):
    with pytest.raises(ValueError, match="must be more than 0 and finite"):
        WeightMatrixDisplay([np.eye(2)]).plot(limit=limit)
