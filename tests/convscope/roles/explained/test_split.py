"""What decides who plays which role, on teams in which it is known."""

from dataclasses import replace

import numpy as np
import pytest

from convscope.engine.executors import SerialExecutor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.prior import declare
from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.roles.explained.losses import UnitTable, dealt_gains, declared_gain, held_out_losses
from convscope.roles.explained.split import explain_roles, over_runs
from convscope.roles.explained.starts import StartFold
from convscope.simulate.conventions import DecidedBy, convention
from convscope.simulate.draws import Size
from convscope.values.config import AnalysisConfig
from convscope.values.prior import RolePrior

CONFIG = AnalysisConfig(n_permutations=99)
AGENTS = ("agent_0", "agent_1", "agent_2")


def explained(log):
    folds = [FeatureFold(log, CONFIG), StartFold(log, CONFIG)]
    features, starts = run_folds(log, folds, executor=SerialExecutor(), max_bytes=1 << 16)
    roles = discover_roles(features, log, agents=AGENTS, config=CONFIG)
    return explain_roles(roles, log, starts, agents=AGENTS, config=CONFIG)


def team(decided_by, n_episodes=80):
    log, _ = convention(Size(n_agents=3, n_episodes=n_episodes, n_steps=25), generator(0, decided_by.name), decided_by)
    return log


@pytest.mark.parametrize(
    ("decided_by", "name"),
    [(DecidedBy.AGENT, "agent"), (DecidedBy.SITUATION, "situation"), (DecidedBy.NOTHING, "unexplained")],
)
def test_conventions_by_agent_by_situation_and_by_nothing_are_told_apart(decided_by, name):
    found = explained(team(decided_by))
    shares = {part: value.share for part, value in found.parts if value is not None}
    assert shares[name] > 0.85
    assert sum(shares.values()) == pytest.approx(1)
    assert found.declared is None


def test_what_the_declared_role_explains_is_not_the_agents():
    role_of = {"agent_0": "x", "agent_1": "y", "agent_2": "y"}
    log = declare(team(DecidedBy.AGENT), RolePrior(roles=("x", "y"), role_of=role_of))
    found = explained(log)
    assert found.declared.share > 0.95
    assert found.agent.share < 0.02


def test_a_single_role_has_nothing_to_explain():
    log, _ = convention(Size(n_agents=3, n_episodes=20, n_steps=25), generator(0), DecidedBy.AGENT)
    starts = run_folds(log, [StartFold(log, CONFIG)], executor=SerialExecutor(), max_bytes=1 << 20)[0]
    features = run_folds(log, [FeatureFold(log, CONFIG)], executor=SerialExecutor(), max_bytes=1 << 20)[0]
    roles = discover_roles(features, log, agents=AGENTS[1:], config=CONFIG)
    assert roles.k == 1
    assert explain_roles(roles, log, starts, agents=AGENTS[1:], config=CONFIG) is None


def test_episodes_that_all_start_alike_have_no_situation():
    log = team(DecidedBy.AGENT)
    (block,) = log.blocks(frozenset({"actions"}), max_bytes=1 << 40)
    still = log_from_arrays(
        {**block.columns, "positions": np.ones((block.n_rows, 3, 2)), "observations": np.ones((block.n_rows, 3, 4))},
        log.episodes.length,
        AGENTS,
    )
    found = explained(still)
    assert found.situation is None
    assert found.agent.share > 0.9


def test_losses_by_hand():
    # Four episodes, one a fold; two agents, the first always plays role 0 and the second role 1.
    units = UnitTable(
        unit_episode=np.repeat(np.arange(4), 2),
        declared=np.full(8, -1),
        agent=np.tile([0, 1], 4),
        role=np.tile([0, 1], 4),
        situation=np.zeros((8, 0)),
        n_roles=2,
    )
    losses = held_out_losses(units)
    # Six others, three of each role: one half. Of the same agent three, and half a unit at one half: 3.25 / 3.5.
    assert losses[:, 0] == pytest.approx(np.log(2))
    assert losses[:, 1] == pytest.approx(np.log(2))
    assert losses[:, 2] == pytest.approx(np.log(3.5 / 3.25))
    assert losses[:, 3] == pytest.approx(losses[:, 2])


def test_noise_explains_next_to_nothing():
    rng = generator(3)
    shares = []
    for _ in range(20):
        units = UnitTable(
            unit_episode=np.repeat(np.arange(60), 3),
            declared=np.tile([0, 1, 1], 60),
            agent=np.tile([0, 1, 2], 60),
            role=rng.integers(2, size=180),
            situation=rng.normal(size=(180, 6)),
            n_roles=2,
        )
        losses = held_out_losses(units).sum(axis=0)
        shares.append((losses[0] - losses[1:]) / losses[0])
    assert np.mean(shares, axis=0) == pytest.approx(0, abs=0.02)


def test_labels_that_mean_nothing_are_no_better_than_labels_dealt_anew():
    # Every agent has a mix of roles of its own, and labels split the agents at random.
    p_values = []
    for draw in range(60):
        rng = generator(draw, "dealt")
        habit = rng.dirichlet(np.ones(2), size=6)
        agent = np.tile(np.arange(6), 30)
        units = UnitTable(
            unit_episode=np.repeat(np.arange(30), 6),
            declared=rng.permutation([0, 0, 1, 1, 2, 2])[agent],
            agent=agent,
            role=(rng.random(180) > habit[agent, 0]).astype(np.int64),
            situation=np.zeros((180, 0)),
            n_roles=2,
        )
        dealt = dealt_gains(units, n_draws=99, rng=rng)
        p_values.append((1 + (dealt >= declared_gain(units, units.declared) - 1e-9).sum()) / 100)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.12


def test_labels_that_agents_follow_beat_labels_dealt_anew():
    agent = np.tile(np.arange(6), 30)
    units = UnitTable(
        unit_episode=np.repeat(np.arange(30), 6),
        declared=agent // 2,
        agent=agent,
        role=agent // 2,
        situation=np.zeros((180, 0)),
        n_roles=3,
    )
    dealt = dealt_gains(units, n_draws=99, rng=generator(0, "followed"))
    # Of 90 ways to deal the labels, 6 only rename them.
    assert 0 < (dealt >= declared_gain(units, units.declared) - 1e-9).mean() < 0.15


def in_runs(log, n_runs):
    run = np.repeat(np.arange(n_runs), log.episodes.n_episodes // n_runs)
    names = tuple(f"seed_{number}" for number in range(n_runs))
    return replace(log, episodes=replace(log.episodes, runs=names, run=run))


def test_from_three_runs_on_the_interval_is_over_runs():
    two, three = (explained(in_runs(team(DecidedBy.AGENT, n_episodes=120), n_runs)) for n_runs in (2, 3))
    assert not two.is_over_runs
    assert three.is_over_runs
    low, high = three.agent.interval
    assert 0 <= low <= three.agent.share <= high <= 1


def test_shares_over_runs_by_hand():
    # Two units' worth of losses a run: of 2 nats the agent takes 1, 1.5 and 2, so that the shares are .5, .75 and 1.
    losses = [np.array([[2.0, 2.0, 2.0 - gain, 2.0 - gain]]) for gain in (1.0, 1.5, 2.0)]
    low, high = over_runs(losses, np.array([0.0, 0.75, 0.0, 0.25]))[1]
    half = 4.3027 * np.std([0.5, 0.75, 1.0], ddof=1) / np.sqrt(3)
    assert (low, high) == (pytest.approx(0.75 - half, abs=1e-3), pytest.approx(min(0.75 + half, 1.0), abs=1e-3))


def test_a_large_log_is_explained_by_a_sample_that_is_told(monkeypatch):
    monkeypatch.setattr("convscope.roles.explained.split.MOST_UNITS", 60)
    found = explained(team(DecidedBy.AGENT))
    assert found.n_units == 60
    (notice,) = found.notices
    assert "in at most 20 episodes of each run (the longest has 80)" in notice.message
    assert found.agent.share > 0.8


def test_a_block_of_other_checkpoints_adds_no_start(monkeypatch):
    log = team(DecidedBy.NOTHING, n_episodes=4)
    fold = StartFold(log, CONFIG)
    monkeypatch.setattr(fold, "_is_wanted", np.zeros(4, bool))
    for block in log.blocks(fold.fields):
        (found,) = fold.add(fold.start(), block)
        assert found.episode.size == 0
        assert found.observations.shape[:2] == (0, 3)
