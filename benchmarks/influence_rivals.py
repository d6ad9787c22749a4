"""Other libraries' tests of influence, pair by pair, for ``influence.py``; each needs its package."""

# ruff: noqa: PLC0415  any of the libraries may be missing

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

N_SURROGATES = 200

PairTest = Callable[[int, int], float]
"""Return the p of a sender (first) and a receiver (second)."""


@dataclass(frozen=True)
class Rival:
    """A library. ``prepare`` converts the data, which is not timed; what it returns starts the test, which is."""

    name: str
    packages: tuple[str, ...]
    prepare: Callable[[np.ndarray], Callable[[], PairTest]]

    @property
    def lacking(self) -> list[str]:
        """Packages that are not installed."""
        return [package for package in self.packages if find_spec(package) is None]


def _pyinform(actions: np.ndarray) -> Callable[[], PairTest]:
    """No test of its own: whole episodes of the sender are shuffled."""
    import pyinform

    series = [np.ascontiguousarray(actions[:, :, agent, 0], dtype=np.int32) for agent in range(actions.shape[2])]
    rng = np.random.default_rng(0)

    def test(sender: int, receiver: int) -> float:
        sent, received = series[sender], series[receiver]
        observed = pyinform.transfer_entropy(sent, received, k=1)
        null = [pyinform.transfer_entropy(sent[rng.permutation(len(sent))], received, k=1) for _ in range(N_SURROGATES)]
        return float(1 + np.sum(np.array(null) >= observed)) / (1 + N_SURROGATES)

    return lambda: test


def _infomeasure(actions: np.ndarray) -> Callable[[], PairTest]:
    """One series only, so that episodes are glued; its own permutation test."""
    import infomeasure

    glued = actions[..., 0].reshape(-1, actions.shape[2]).astype(int)

    def test(sender: int, receiver: int) -> float:
        lengths = {"src_hist_len": 1, "dest_hist_len": 1}
        estimator: Any = infomeasure.estimator(
            glued[:, sender], glued[:, receiver], measure="te", approach="discrete", **lengths
        )
        return float(estimator.statistical_test(n_tests=N_SURROGATES, method="permutation_test").p_value)

    return lambda: test


def _jvm() -> Any:  # noqa: ANN401  the bridge is untyped
    import jpype

    jar = Path(next(iter(find_spec("idtxl").submodule_search_locations))) / "infodynamics.jar"
    if not jpype.isJVMStarted():
        jpype.startJVM(jpype.getDefaultJVMPath(), "-Xmx2g", f"-Djava.class.path={jar}")
    return jpype


def _jidt_discrete(actions: np.ndarray) -> Callable[[], PairTest]:
    """Its permutation test, which shuffles samples of the sender."""
    jpype = _jvm()
    calculator = jpype.JPackage("infodynamics.measures.discrete").TransferEntropyCalculatorDiscrete
    n_symbols = int(actions.max()) + 1
    ints = jpype.JArray(jpype.JInt, 1)
    whole = actions[..., 0].astype(int)
    series = [[ints(episode.tolist()) for episode in whole[:, :, agent]] for agent in range(whole.shape[2])]

    def test(sender: int, receiver: int) -> float:
        each = calculator(n_symbols, 1)
        each.initialise()
        for sent, received in zip(series[sender], series[receiver], strict=True):
            each.addObservations(sent, received)
        each.computeAverageLocalOfObservations()
        return float(each.computeSignificance(N_SURROGATES).pValue)

    return lambda: test


def _jidt_gaussian(actions: np.ndarray) -> Callable[[], PairTest]:
    """Its chi-square test, by far its fastest; pairs alone, not given the others."""
    jpype = _jvm()
    calculator = jpype.JPackage(
        "infodynamics.measures.continuous.gaussian"
    ).TransferEntropyCalculatorMultiVariateGaussian
    table = jpype.JArray(jpype.JDouble, 2)
    n_agents, width = actions.shape[2:]
    series = [[table(np.ascontiguousarray(each)) for each in actions[:, :, agent]] for agent in range(n_agents)]

    def test(sender: int, receiver: int) -> float:
        each = calculator()
        each.setProperty("k", "1")
        each.setProperty("l", "1")
        each.initialise(width, width)
        each.startAddObservations()
        for sent, received in zip(series[sender], series[receiver], strict=True):
            each.addObservations(sent, received)
        each.finaliseAddObservations()
        each.computeAverageLocalOfObservations()
        return float(each.computeSignificance().pValue)

    return lambda: test


def _statsmodels(actions: np.ndarray) -> Callable[[], PairTest]:
    """Block tests of one vector autoregression; one series only, so that episodes are glued."""
    from statsmodels.tsa.api import VAR

    n_agents, width = actions.shape[2:]
    glued = actions.reshape(-1, n_agents * width)

    def start() -> PairTest:
        fit = VAR(glued).fit(1)

        def columns(agent: int) -> list[int]:
            return list(range(agent * width, (agent + 1) * width))

        return lambda sender, receiver: float(fit.test_causality(columns(receiver), columns(sender), kind="f").pvalue)

    return start


DISCRETE = (
    Rival("pyinform, 200 episode shuffles", ("pyinform",), _pyinform),
    Rival("JIDT, 200 sample shuffles", ("jpype", "idtxl"), _jidt_discrete),
    Rival("infomeasure, 200 permutations", ("infomeasure",), _infomeasure),
)
CONTINUOUS = (
    Rival("JIDT Gaussian, chi-square", ("jpype", "idtxl"), _jidt_gaussian),
    Rival("statsmodels VAR, F", ("statsmodels",), _statsmodels),
)
