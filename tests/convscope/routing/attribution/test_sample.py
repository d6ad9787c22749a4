"""Which steps a policy is asked about: bounded, whole log or little of it."""

import numpy as np

from convscope.ingest.policy import attach_policies
from convscope.randomness import generator
from convscope.routing.attribution import sample as sampling
from convscope.routing.attribution.sample import MOST_EPISODES, MOST_ROWS, rows_of_groups
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Size
from convscope.simulate.seeing import seeing_team
from convscope.values.config import AnalysisConfig, RoutingSource
from tests.convscope.ingest.policy.models import linear

CONFIG = AnalysisConfig(routing_source=RoutingSource.ATTRIBUTION)


def test_rows_are_fewer_where_pairs_are_many_or_steps_are_large():
    assert rows_of_groups([MOST_EPISODES], 2, 1000).tolist() == [MOST_ROWS // MOST_EPISODES]
    assert rows_of_groups([4], 2, 1000).tolist() == [MOST_ROWS // 4]
    assert rows_of_groups([100], 10_000, 1000).tolist() == [1]
    assert rows_of_groups([1], 2, sampling.MOST_BYTES // 10).tolist() == [10]


def test_of_a_long_log_the_episodes_of_smallest_digest_are_asked_whatever_the_blocks(tmp_path):
    made = seeing_team(Size(n_agents=3, n_episodes=300, n_steps=6), generator(0, "long"), strengths=(1.5, 0.5))
    log = attach_policies(made.situation.log, [str(linear(tmp_path / "p.onnx", made.weights))])
    tables = [
        find_routing(log, AnalysisConfig(routing_source=CONFIG.routing_source, max_block_bytes=size)).attribution
        for size in (32 << 20, 20_000)
    ]
    assert tables[0].equals(tables[1])
    (notice,) = [n for n in find_routing(log, CONFIG).notices if n.code == "sampled"]
    assert "of 128 of 300 episodes" in notice.message


def test_episodes_shorter_than_what_is_asked_of_them_are_taken_whole(tmp_path):
    made = seeing_team(Size(n_agents=3, n_episodes=40, n_steps=3), np.random.default_rng(1), strengths=(1.5, 0.5))
    log = attach_policies(made.situation.log, [str(linear(tmp_path / "p.onnx", made.weights))])
    (notice,) = [n for n in find_routing(log, CONFIG).notices if n.code == "sampled"]
    assert notice.message.startswith("Policies were asked about 120 steps of 40 of 40 episodes")
