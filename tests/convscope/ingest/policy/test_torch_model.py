"""TorchScript archives: answers, gradients, and a line for what is none."""

import io
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from convscope.errors import PolicyError
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.policy.asking import Questions, first_states, slopes
from convscope.ingest.policy.attach import attach_policies
from convscope.ingest.policy.opening import open_policy, policy_file
from convscope.values.policy import PolicyFormat

torch = pytest.importorskip("torch")

WEIGHTS = np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])


def saved(path, module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        torch.jit.script(module).save(str(path))
    return path


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.tensor(WEIGHTS, dtype=torch.float32))

    def forward(self, obs):
        return obs @ self.weights


class Remembering(Linear):
    def forward(self, obs, h):
        return torch.tanh(h) @ self.weights, obs


def small_log(n_columns=2):
    rng = np.random.default_rng(0)
    actions = np.arange(3).repeat(20).reshape(20, 3, 1) * 1.0
    return log_from_arrays(
        {"observations": rng.normal(size=(20, 3, n_columns)), "actions": actions}, [20], ["a", "b", "c"]
    )


def questions(rows, policy):
    return Questions(
        observations=rows,
        last_actions=np.zeros((len(rows), 3)),
        masks=np.ones((len(rows), 3)),
        numbers=np.zeros(len(rows), dtype=int),
        states=first_states(policy.wiring, len(rows)),
        company=np.zeros((len(rows), 0, rows.shape[1])),
    )


def test_an_archive_answers_and_has_gradients(tmp_path):
    path = saved(tmp_path / "p.pt", Linear())
    file = policy_file(path)
    assert file.format is PolicyFormat.TORCHSCRIPT
    rows = np.array([[1.0, 1.0], [0.5, -1.0]], dtype=np.float32)
    assert open_policy(file).run({"obs": rows})["output_0"] == pytest.approx(rows @ WEIGHTS)
    (policy,) = attach_policies(small_log(), [str(path)]).header.policies
    found = slopes(policy, questions(rows.astype(float), policy))
    assert found == pytest.approx(np.broadcast_to(WEIGHTS.T, (2, 3, 2)))


def test_a_hidden_state_needs_its_size_and_then_has_gradients_too(tmp_path):
    path = saved(tmp_path / "p.pt", Remembering())
    text = 'observation = "obs"\nlogits = "output_0"\nstate = "h"\nnext_state = "output_1"\n'
    (tmp_path / "l.toml").write_text("convscope-layout = 1\n[policy]\n" + text)
    with pytest.raises(PolicyError, match='add state_shape = \\["batch", SIZE\\]'):
        attach_policies(small_log(), [str(path)], tmp_path / "l.toml")
    (tmp_path / "l.toml").write_text("convscope-layout = 1\n[policy]\n" + text + 'state_shape = ["batch", 2]\n')
    (policy,) = attach_policies(small_log(), [str(path)], tmp_path / "l.toml").header.policies
    assert slopes(policy, questions(np.ones((2, 2)), policy)) == pytest.approx(np.zeros((2, 3, 2)))


def test_another_width_is_an_error_with_both_signatures(tmp_path):
    path = saved(tmp_path / "p.pt", Linear())
    with pytest.raises(
        PolicyError, match=r"(?s)cannot be run: RuntimeError: .*obs tensor -> output_0 tensor.*5 columns"
    ):
        attach_policies(small_log(n_columns=5), [str(path)])


def test_weights_that_torch_saved_are_a_pickle_and_stay_closed(tmp_path):
    torch.save(Linear().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(PolicyError, match="is a pickle"):
        policy_file(tmp_path / "weights.pt")


def test_an_archive_that_only_looks_like_one_is_refused_in_a_line(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("p/constants.pkl", b"\x80\x02cos\nsystem\n(S'touch owned'\ntR.")
        archive.writestr("p/data.pkl", b"\x80\x02cos\nsystem\n(S'touch owned'\ntR.")
        archive.writestr("p/code/x.py", b"")
    (tmp_path / "p.pt").write_bytes(stream.getvalue())
    with pytest.raises(PolicyError, match="cannot be loaded by torch") as caught:
        open_policy(policy_file(tmp_path / "p.pt"))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "owned").exists()


def test_a_module_that_takes_more_than_tensors_is_refused(tmp_path):
    class Flagged(Linear):
        def forward(self, obs, flag: int):
            return obs @ self.weights

    path = saved(tmp_path / "p.pt", Flagged())
    with pytest.raises(PolicyError, match="a policy takes tensors only"):
        open_policy(policy_file(path))


def test_a_network_of_hard_steps_has_no_gradients(tmp_path):
    class Hard(Linear):
        def forward(self, obs):
            return ((obs @ self.weights) > 0).float()

    path = saved(tmp_path / "p.pt", Hard())
    (policy,) = attach_policies(small_log(), [str(path)]).header.policies
    assert slopes(policy, questions(np.ones((2, 2)), policy)) is None


def test_slopes_of_a_policy_of_all_agents_are_those_of_the_agent_itself(tmp_path):
    class Talking(Linear):
        def forward(self, obs):
            return obs @ self.weights + 0.5 * (obs @ self.weights).sum(dim=1, keepdim=True)

    path = saved(tmp_path / "p.pt", Talking())
    text = 'observation = "obs"\nlogits = "output_0"\naxes = ["batch", "agent", "column"]\n'
    (tmp_path / "l.toml").write_text("convscope-layout = 1\n[policy]\n" + text)
    (policy,) = attach_policies(small_log(), [str(path)], tmp_path / "l.toml").header.policies
    asked = replace(questions(np.ones((2, 2)), policy), numbers=np.array([0, 2]), company=np.zeros((2, 3, 2)))
    assert slopes(policy, asked) == pytest.approx(np.broadcast_to(1.5 * WEIGHTS.T, (2, 3, 2)))
