"""BenchMARL experiments are recorded number for number as they collect and evaluate."""

import warnings

import numpy as np
import pytest

import convscope
from convscope.errors import UsageError
from convscope.record import EndKind, RecordingWarning
from tests.frameworks.recorded import analyzed, recorded, same

pytest.importorskip("benchmarl", reason="BenchMARL is not installed")
pytest.importorskip("mpe2", reason="MPE2 is not installed")
pytestmark = pytest.mark.filterwarnings("default")
with warnings.catch_warnings(action="ignore"):
    import torch
    from benchmarl.algorithms import IppoConfig, IqlConfig
    from benchmarl.environments import PettingZooTask, VmasTask
    from benchmarl.experiment import Callback, Experiment, ExperimentConfig
    from benchmarl.models.gru import GruConfig
    from benchmarl.models.mlp import MlpConfig
    from mpe2 import simple_spread_v3
    from torchrl.envs.libs.pettingzoo import PettingZooWrapper

    from convscope_loaders.recorders.benchmarl import ConvscopeCallback


class Keeping(Callback):
    """Keeps what BenchMARL hands to callbacks."""

    def __init__(self):
        super().__init__()
        self.batches, self.evaluations = [], []

    def on_batch_collected(self, batch):
        self.batches.append(batch.clone())

    def on_evaluation_end(self, rollouts):
        self.evaluations.append((self.experiment.total_frames, [rollout.clone() for rollout in rollouts]))

    def __getstate__(self):
        return {}


def config(folder, **options):
    found = ExperimentConfig.get_from_yaml()
    found.max_n_iters = 3
    found.on_policy_collected_frames_per_batch = found.off_policy_collected_frames_per_batch = 60
    found.on_policy_n_envs_per_worker = found.off_policy_n_envs_per_worker = 3
    found.on_policy_n_minibatch_iters = found.off_policy_n_optimizer_steps = 1
    found.on_policy_minibatch_size = found.off_policy_train_batch_size = 20
    found.off_policy_init_random_frames = 0
    found.evaluation_interval, found.evaluation_episodes = 120, 2
    found.render, found.loggers, found.create_json = False, [], True
    found.save_folder = str(folder)
    for name, value in options.items():
        setattr(found, name, value)
    return found


def balance(n_steps=13):
    task = VmasTask.BALANCE.get_from_yaml()
    task.config |= {"n_agents": 3, "max_steps": n_steps}
    return task


def spread(**_):
    """Make environments as BenchMARL's own task does, but for the package in which MPE is today."""
    return lambda: PettingZooWrapper(simple_spread_v3.parallel_env(max_cycles=8), return_state=True)


def small(model):
    found = model.get_from_yaml()
    if model is MlpConfig:
        found.num_cells = [16]
    else:
        found.hidden_size, found.mlp_num_cells = 8, [16]
    return found


def experiment(folder, *, task=None, algorithm=IppoConfig, model=MlpConfig, callbacks=(), **options):
    folder.mkdir(exist_ok=True)
    return Experiment(
        task=task or balance(),
        algorithm_config=algorithm.get_from_yaml(),
        model_config=small(model),
        critic_model_config=small(MlpConfig),
        seed=0,
        config=config(folder, **options),
        callbacks=list(callbacks),
    )


def streams(kept):
    """Return the rows of each environment, batch after batch, and the frames collected before each."""
    flat = [batch.reshape(-1, batch.batch_size[-1]) for batch in kept.batches]
    frames = np.cumsum([0, *(batch.numel() for batch in flat)])
    rows = torch.cat(flat, dim=1)
    return rows, np.repeat(frames[:-1], [batch.batch_size[1] for batch in flat])


def cut(rows, labels):
    """Return episodes in the order in which they end, as (rows, label, whether it is over)."""
    done = rows["next", "done"][..., 0].numpy()
    found, starts = [], [0] * len(rows)
    for t in range(done.shape[1]):
        for env in np.flatnonzero(done[:, t]).tolist():
            found.append((rows[env, starts[env] : t + 1], labels[starts[env]], True))
            starts[env] = t + 1
    going_on = sorted((start, env) for env, start in enumerate(starts) if start < done.shape[1])
    return found + [(rows[env, start:], labels[start], False) for start, env in going_on]


def assert_same(episode, rows, group):
    same(episode.columns["observations"][:-1], rows[group, "observation"])
    same(episode.columns["observations"][-1], rows["next", group, "observation"][-1])
    actions = rows[group, "action"]
    same(episode.columns["actions"][:-1], actions if actions.ndim == 3 else actions[..., None])
    same(episode.columns["rewards"][:-1], rows["next", group, "reward"][..., 0])


def test_what_is_collected_and_evaluated_is_recorded_with_the_policy_it_belongs_to(tmp_path):
    keeping, callback = Keeping(), ConvscopeCallback(tmp_path / "log.h5", capture={"info/drop": "ground_rew"})
    run = experiment(tmp_path / "run", callbacks=[keeping, callback])
    with pytest.warns(RecordingWarning, match="nothing is called ground_rew"):
        run.run()
    callback.recorder.close()
    header, episodes = recorded(tmp_path / "log.h5")
    collected = [episode for episode in episodes if episode.condition == "collection"]
    expected = cut(*streams(keeping))
    order = sorted(range(len(expected)), key=lambda number: expected[number][1])
    assert len(collected) == len(expected) > 12
    for episode, number in zip(collected, order, strict=True):
        rows, n_frames, is_over = expected[number]
        assert_same(episode, rows, "agents")
        assert episode.checkpoint == f"frames_{n_frames}"
        assert (episode.end is not EndKind.CUT) == is_over
        assert (episode.end is EndKind.AMBIGUOUS) == (is_over and episode.length == 13)
    evaluated = [episode for episode in episodes if episode.condition == "evaluation"]
    wanted = [
        (rows, n_frames)
        for n_frames, rollouts in keeping.evaluations
        for rollout in rollouts
        for rows, _, _ in cut(rollout[None], [n_frames] * len(rollout))
    ]
    assert len(evaluated) == len(wanted) > 2
    for episode, (rows, n_frames) in zip(evaluated, wanted, strict=True):
        assert_same(episode, rows, "agents")
        assert episode.checkpoint == f"frames_{n_frames}"
    assert (header.framework, header.environment) == ("BenchMARL", "vmas/balance")


def test_hidden_states_are_recorded_where_batches_hold_them(tmp_path):
    keeping, callback = Keeping(), ConvscopeCallback(tmp_path / "log.h5")
    run = experiment(tmp_path / "run", model=GruConfig, callbacks=[keeping, callback])
    with pytest.warns(RecordingWarning, match="recorded of evaluations alone"):
        run.run()
    callback.recorder.close()
    assert callback.recorder.paths == (tmp_path / "log.h5",)
    _, episodes = recorded(tmp_path / "log.h5")
    evaluated = [episode for episode in episodes if episode.condition == "evaluation"]
    expected = [
        own for _, rollouts in keeping.evaluations for rollout in rollouts for own in cut(rollout[None], [0] * 99)
    ]
    for episode, (rows, _, _) in zip(evaluated, expected, strict=True):
        hidden = rows["agents", "_hidden_gru_0"].reshape(len(rows), 3, -1)
        same(episode.columns["hidden_states"][:-1], hidden)
        assert hidden[1:].any()
    assert all(np.isnan(e.columns["hidden_states"]).all() for e in episodes if e.condition == "collection")


def test_environments_that_are_not_vectorized_and_discrete_actions_are_recorded(tmp_path):
    task = PettingZooTask.SIMPLE_SPREAD.get_from_yaml()
    task.get_env_fun = spread
    keeping = Keeping()
    callback = ConvscopeCallback(tmp_path / "log.h5", keeps_state=True, has_evaluation=False)
    options = {"algorithm": IqlConfig, "prefer_continuous_actions": False}
    experiment(tmp_path / "run", task=task, callbacks=[keeping, callback], **options).run()
    callback.recorder.close()
    header, episodes = recorded(tmp_path / "log.h5")
    expected = sorted(cut(*streams(keeping)), key=lambda found: found[1])
    for episode, (rows, _, is_over) in zip(episodes, expected, strict=True):
        assert_same(episode, rows, "agent")
        same(episode.columns["state"][:-1], rows["state"])
        assert (episode.length, episode.end) == (8, EndKind.TRUNCATED) or not is_over
    assert {agent.action_space.n for agent in header.agents} == {(5,)}


def test_an_experiment_that_is_there_already_is_recorded_by_convscope_record(tmp_path):
    keeping = Keeping()
    run = convscope.record(experiment(tmp_path / "run", callbacks=[keeping]), tmp_path / "log.h5", run="mine")
    run.run()
    run.recorder.close()
    _, episodes = recorded(tmp_path / "log.h5")
    assert sum(episode.length for episode in episodes if episode.condition == "collection") == 180
    with pytest.raises(UsageError, match="positions and modules cannot be looked at"):
        convscope.record(run, tmp_path / "other.h5", positions=lambda env: None)


def test_a_restored_experiment_goes_on_in_a_file_beside(tmp_path):
    callback = ConvscopeCallback(tmp_path / "log.h5", capture={})
    run = experiment(tmp_path / "run", callbacks=[callback], checkpoint_interval=120, checkpoint_at_end=True)
    run.run()
    callback.recorder.close()
    checkpoint = next(run.folder_name.glob("checkpoints/checkpoint_120.pt"))
    again = Experiment.reload_from_file(str(checkpoint))
    again.run()
    (restored,) = again.callbacks
    restored.recorder.close()
    _, first = recorded(tmp_path / "log.h5")
    _, second = recorded(tmp_path / "log.restored-1.h5")
    assert {episode.checkpoint for episode in second if episode.condition == "collection"} == {"frames_120"}
    assert len(first) > len(second) > 0


def test_a_recording_can_be_analyzed(tmp_path):
    callback = ConvscopeCallback(tmp_path / "log.h5")
    experiment(tmp_path / "run", callbacks=[callback], prefer_continuous_actions=False).run()
    callback.recorder.close()
    found = analyzed(tmp_path / "log.h5", tmp_path / "out")
    assert found["log"]["n_checkpoints"] >= 3
    assert found["log"]["n_runs"] == 1
