"""Schedules by their formulas, and the rates of an epoch."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from sk231n.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    Plateau,
    StepDecay,
)

FORMULAS = [
    (Constant(0.2), lambda t, T: 0.2),
    (StepDecay(0.4, factor=0.1, every=3), lambda t, T: 0.4 * 0.1 ** int(t / 3)),
    (ExponentialDecay(0.3, decay=0.8), lambda t, T: 0.3 * 0.8**t),
    (InverseTimeDecay(0.3, decay=0.25), lambda t, T: 0.3 / (1 + t / 4)),
    (CosineDecay(0.6, final=0.2), lambda t, T: 0.2 + 0.2 * (1 + np.cos(np.pi * t / T))),
    (
        OneCycle(2.0, warm_up=0.25, start=0.5, final=0.25),
        lambda t, T: (
            1.0 + 0.5 * (1 - np.cos(np.pi * 4 * t / T))
            if t < T / 4
            else 0.5 + 0.75 * (1 + np.cos(np.pi * (t - T / 4) / (0.75 * T)))
        ),
    ),
]
schedules = pytest.mark.parametrize(
    ("schedule", "formula"), FORMULAS, ids=lambda value: getattr(value, "__name__", str(value))
)


@schedules
class TestEverySchedule:
    def test_formula(self, schedule, formula):
        for t in (0, 0.5, 2.5, 3, 4.75, 6, 11.99, 12):
            np.testing.assert_allclose(schedule(t, 12), formula(t, 12), rtol=1e-13)

    def test_arrays_of_times(self, schedule, formula):
        t = np.array([0.0, 1.0, 3.5, 12.0])
        rates = np.broadcast_to(schedule(t, 12), 4)
        np.testing.assert_array_equal(rates, [schedule(time, 12) for time in t])

    def test_rates_of_an_epoch(self, schedule, formula):
        rates = schedule.rates(3, 12, 4, losses=[])
        assert rates.shape == (4,)
        expected = [formula(t, 12) for t in (3, 3.25, 3.5, 3.75)]
        np.testing.assert_allclose(rates, expected, rtol=1e-13)

    def test_epochs_beyond_the_plan_go_on_with_its_last_rate(self, schedule, formula):
        rates = schedule.rates(30, 12, 5, losses=[])
        np.testing.assert_allclose(rates, np.full(5, formula(12, 12)), rtol=1e-13)

    def test_is_a_stateless_specification(self, schedule, formula):
        before = joblib.hash(schedule)
        schedule.rates(2, 12, 3, losses=[1.0])
        assert joblib.hash(schedule) == before
        assert clone(schedule).get_params() == schedule.get_params()
        schedule.check()
        type(schedule)().check()


class TestLimits:
    def test_step_decay(self):
        rates = StepDecay(1.0, factor=0.5, every=2).rates(1, 10, 2, [])
        np.testing.assert_array_equal(rates, [1, 1])
        rates = StepDecay(1.0, factor=0.5, every=2).rates(2, 10, 2, [])
        np.testing.assert_array_equal(rates, [0.5, 0.5])

    def test_cosine_decay(self):
        schedule = CosineDecay(0.1, final=0.01)
        assert schedule(0, 7) == pytest.approx(0.1, rel=1e-15)
        assert schedule(3.5, 7) == pytest.approx(0.055, rel=1e-14)
        assert schedule(7, 7) == pytest.approx(0.01, rel=1e-15)
        assert CosineDecay(0.1)(7, 7) == 0

    def test_one_cycle(self):
        schedule = OneCycle(0.1, warm_up=0.3, start=0.04, final=1e-3)
        assert schedule(0, 10) == pytest.approx(0.004)
        assert schedule(3, 10) == pytest.approx(0.1)
        assert schedule(10, 10) == pytest.approx(1e-4)
        rates = schedule(np.linspace(0, 10, 1001), 10)
        assert rates.max() <= 0.1
        assert (np.diff(rates[:300]) > 0).all()
        assert (np.diff(rates[301:]) < 0).all()

    @pytest.mark.parametrize("n_steps", [1, 3, 100])
    def test_no_rate_is_negative(self, n_steps):
        for schedule, _ in FORMULAS:
            for epoch in range(4):
                assert (schedule.rates(epoch, 3, n_steps, []) >= 0).all()


class TestPlateau:
    def rate(self, losses, **parameters):
        rates = Plateau(1.0, **parameters).rates(len(losses), 100, 3, losses)
        assert rates.shape == (3,)
        assert (rates == rates[0]).all()
        return rates[0]

    def test_a_falling_loss_keeps_the_rate(self):
        assert self.rate([]) == 1
        assert self.rate([5.0]) == 1
        assert self.rate(list(range(50, 0, -1)), patience=1) == 1

    def test_drops_after_patience_epochs_without_a_better_loss(self):
        assert self.rate([1.0, 1.0, 1.0], patience=3) == 1
        assert self.rate([1.0, 1.0, 1.0, 1.0], patience=3) == 0.5
        assert self.rate([1.0, 1.0], patience=1, factor=0.1) == 0.1

    def test_counts_from_zero_after_a_drop_and_after_a_better_loss(self):
        assert self.rate([1.0] * 6, patience=3) == 0.5
        assert self.rate([1.0] * 7, patience=3) == 0.25
        assert self.rate([1.0, 1.0, 1.0, 0.5, 0.5, 0.5], patience=3) == 1
        assert self.rate([1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5], patience=3) == 0.5

    def test_tol_is_a_share_of_the_best_loss(self):
        assert self.rate([100.0, 99.5], patience=1, tol=0.01) == 0.5
        assert self.rate([100.0, 98.5], patience=1, tol=0.01) == 1
        assert self.rate([1e-6, 0.98e-6], patience=1, tol=0.01) == 1
        assert self.rate([-1.0, -1.1], patience=1, tol=0.01) == 1

    def test_tol_of_zero(self):
        assert self.rate([1.0, np.nextafter(1.0, 0)], patience=1, tol=0.0) == 1
        assert self.rate([1.0, 1.0], patience=1, tol=0.0) == 0.5

    def test_small_steps_are_not_progress(self):
        """Each loss is compared with the best that counted, not with the one before."""
        losses = 1 - 1e-4 * np.arange(8)
        assert self.rate(losses.tolist(), patience=5, tol=1e-3) == 0.5
        assert self.rate(losses.tolist(), patience=5, tol=1e-5) == 1


@pytest.mark.parametrize(
    ("schedule", "name"),
    [
        (Constant(0.0), "initial"),
        (Constant("0.1"), "initial"),
        (StepDecay(factor=1.5), "factor"),
        (StepDecay(every=0), "every"),
        (StepDecay(every=2.5), "every"),
        (ExponentialDecay(decay=0.0), "decay"),
        (InverseTimeDecay(decay=-1.0), "decay"),
        (CosineDecay(final=-1e-3), "final"),
        (CosineDecay(initial=float("nan")), "initial"),
        (OneCycle(peak=0.0), "peak"),
        (OneCycle(warm_up=1.0), "warm_up"),
        (OneCycle(start=0.0), "start"),
        (OneCycle(final=2.0), "final"),
        (Plateau(patience=0), "patience"),
        (Plateau(factor=0.0), "factor"),
        (Plateau(tol=-1.0), "tol"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_bad_parameters(schedule, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of {type(schedule).__name__}"):
        schedule.check()


@pytest.mark.parametrize("final", [1e-6, 0.25, 1.0, 0.0])
def test_a_plateau_has_a_floor(final):
    schedule = Plateau(0.1, patience=1, final=final)
    rates = [schedule.rates(n, n, 1, [1.0] * n)[0] for n in (0, 1, 2, 3, 4, 3000)]
    expected = [0.1, 0.1, 0.05, 0.025, 0.0125, 0.1 * 0.5**2999]
    np.testing.assert_allclose(rates, np.maximum(expected, 0.1 * final))
    assert Plateau().rates(3000, 3000, 1, [1.0] * 3000)[0] == 1e-9
