"""Gradients stand beside occlusion where the format has them."""

import warnings

import numpy as np
import pytest

from convscope.ingest.policy import attach_policies
from convscope.routing.graph import find_routing
from convscope.simulate.draws import Size
from convscope.simulate.seeing import seeing_team
from convscope.values.config import AnalysisConfig, RoutingSource
from tests.convscope.ingest.policy.models import linear

torch = pytest.importorskip("torch")


class Linear(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.tensor(weights, dtype=torch.float32))

    def forward(self, obs):
        return obs @ self.weights


def test_torch_and_onnx_agree_and_gradients_of_a_linear_policy_are_its_weights(tmp_path):
    config = AnalysisConfig(routing_source=RoutingSource.ATTRIBUTION)
    made = seeing_team(Size(n_agents=3, n_episodes=40, n_steps=25), np.random.default_rng(0), strengths=(1.5, 0.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        torch.jit.script(Linear(np.array(made.weights))).save(str(tmp_path / "p.pt"))
    log = made.situation.log
    by_torch = find_routing(attach_policies(log, [str(tmp_path / "p.pt")]), config).attribution
    by_onnx = find_routing(attach_policies(log, [str(linear(tmp_path / "p.onnx", made.weights))]), config).attribution
    assert by_torch["bits"].to_numpy() == pytest.approx(by_onnx["bits"].to_numpy(), abs=1e-6)
    assert by_onnx["gradient"].null_count() == len(by_onnx)
    used = by_torch["used"].to_numpy()
    assert (by_torch["gradient"].to_numpy()[~used] == 0).all()
    assert (by_torch["gradient_input"].to_numpy()[~used] == 0).all()
    # Columns have a spread of about 1: the length of the weights of the first other agent.
    expected = np.linalg.norm(made.weights[2:4])
    assert by_torch["gradient"].to_numpy()[used] == pytest.approx(np.full(used.sum(), expected), rel=0.1)
