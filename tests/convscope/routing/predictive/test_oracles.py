"""On their home ground other libraries and closed forms give the same numbers."""

import numpy as np
import pytest

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.routing.predictive.effect import gaussian_entropy_gain
from convscope.routing.predictive.elimination import regress, sender_blocks, whitening
from convscope.routing.predictive.pair_counts import CountFold
from convscope.routing.predictive.tables import plug_in_transfer_entropy
from convscope.simulate.draws import Size
from convscope.simulate.gaussian import Autoregression, autoregressive
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS

LAW = Autoregression(
    pull=np.array([[0.5, 0.0, 0.0, 0.0], [0.3, 0.4, 0.0, 0.0], [0.0, -0.2, 0.6, 0.1], [0.2, 0.0, 0.0, 0.3]]),
    noise=np.diag([1.0, 2.0, 0.5, 1.0]),
)
PAIRS = [(receiver, sender) for receiver in range(4) for sender in range(4) if receiver != sender]


@pytest.mark.parametrize(("n_actions", "n_episodes", "n_steps"), [(2, 1, 200), (5, 40, 30), (9, 12, 50)])
def test_counts_give_the_transfer_entropy_of_pyinform(n_actions, n_episodes, n_steps):
    pyinform = pytest.importorskip("pyinform")
    rng = np.random.default_rng(n_actions)
    actions = rng.integers(n_actions, size=(n_episodes, n_steps, 3))
    actions[:, 1:, 1] = np.where(rng.random((n_episodes, n_steps - 1)) < 0.3, actions[:, :-1, 0], actions[:, 1:, 1])
    log = log_from_arrays({ACTIONS: actions.reshape(-1, 3, 1).astype(float)}, [n_steps] * n_episodes, list("abc"))
    with open_executor(1) as executor:
        fold = CountFold(group_of=np.zeros(n_episodes, dtype=int), agents=np.arange(3))
        counts = run_folds(log, [fold], executor=executor, max_bytes=5000)[0]
    for receiver, sender in ((1, 0), (0, 1), (2, 0)):
        bits = plug_in_transfer_entropy(counts.table(receiver, sender)) / np.log(2)
        series = [np.ascontiguousarray(actions[:, :, agent]) for agent in (sender, receiver)]
        assert bits == pytest.approx(pyinform.transfer_entropy(*series, k=1), abs=1e-12)


@pytest.fixture(scope="module")
def series():
    situation = autoregressive(Size(n_agents=4, n_episodes=1, n_steps=3000), np.random.default_rng(1), LAW)
    (block,) = situation.log.blocks(frozenset({ACTIONS}))
    return block.columns[ACTIONS][:, :, 0]


def lagged_regression(series):
    columns = np.concatenate([series[1:], series[:-1]], axis=1)
    columns = columns - columns.mean(axis=0)
    return regress(columns.T @ columns, np.arange(4, 8), np.arange(4))


def test_block_elimination_gives_the_wald_statistic_of_a_vector_autoregression(series):
    api = pytest.importorskip("statsmodels.tsa.api")
    fit = api.VAR(series).fit(1)
    regression = lagged_regression(series)
    n_free = len(series) - 1 - 5
    for receiver, sender in PAIRS:
        (block,) = sender_blocks(regression, [np.array([4 + sender])])
        residual = regression.residual[receiver : receiver + 1, receiver : receiver + 1]
        explained = block.effect[:, [receiver]] @ whitening(residual)
        theirs = fit.test_causality([receiver], [sender], kind="wald").test_statistic
        assert n_free * np.square(explained).sum() == pytest.approx(theirs, rel=1e-5, abs=1e-6)


def test_block_elimination_gives_the_log_determinants_of_vector_autoregressions(series):
    api = pytest.importorskip("statsmodels.tsa.api")
    whole = api.VAR(series).fit(1).resid
    regression = lagged_regression(series)
    for sender in range(4):
        (block,) = sender_blocks(regression, [np.array([4 + sender])])
        others = np.delete(np.arange(4), sender)
        without = api.VAR(series[:, others]).fit(1).resid
        restricted = regression.residual[np.ix_(others, others)] + block.effect[:, others].T @ block.effect[:, others]
        ours = gaussian_entropy_gain(block.effect[:, others] @ whitening(restricted))
        covariances = [residual.T @ residual for residual in (without, whole[:, others])]
        theirs = 0.5 * np.subtract(*(np.linalg.slogdet(each)[1] for each in covariances))
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-8)


def test_estimates_meet_the_closed_form_of_an_autoregression():
    situation = autoregressive(Size(n_agents=4, n_episodes=200, n_steps=100), generator(0, "closed"), LAW)
    graph = find_routing(situation.log, AnalysisConfig(n_permutations=99))
    expected = LAW.transfer_entropies() / np.log(2)
    for sender, receiver, bits in graph.edges.select("sender", "receiver", "weight").iter_rows():
        truth = expected[graph.agents.index(receiver), graph.agents.index(sender)]
        # The standard error of a gain g of n samples is about the root of 2 g / n, beside 1 / n.
        n_samples = 200 * 99
        error = np.sqrt(2 * truth * np.log(2) / n_samples) / np.log(2) + 2 / n_samples
        assert bits == pytest.approx(truth, abs=4 * error)
