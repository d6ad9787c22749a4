"""What BenchMARL hands to its callbacks: batches that a collector gathered, and rollouts of evaluations."""

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import Any, Protocol

from convscope.errors import UsageError
from convscope.record import BatchTrace, Extras, Labels, Recorder
from convscope_loaders.recorders.tensordict_keys import keys_of
from convscope_loaders.recorders.tensordict_steps import StepReader
from convscope_loaders.recorders.tensordict_types import Environment, TensorDict

COLLECTION, EVALUATION = "collection", "evaluation"
"""Conditions that the two kinds of episodes are recorded under."""


class Experiment(Protocol):
    """What is used of an experiment."""

    name: str
    environment_name: str
    task_name: str
    total_frames: int
    test_env: Environment
    config: Any


class BatchRecording:
    """Records the batches and the rollouts of one experiment.

    Parameters
    ----------
    experiment
        The experiment, when it is set up.
    recorder
        Takes its episodes.
    extras
        What is recorded beside observations, actions and rewards.

    Raises
    ------
    UsageError
        If positions are to be asked for, or the environment has no groups of agents.
    """

    def __init__(self, experiment: Experiment, recorder: Recorder, extras: Extras) -> None:
        if extras.positions is not None or extras.model is not None:
            raise UsageError(
                "BenchMARL hands over batches that are gathered already: positions and modules cannot be looked at; "
                "capture what the batches hold by its key"
            )
        self._experiment = experiment
        self._recorder = recorder
        self._trace: BatchTrace | None = None
        recorder.describe(framework="BenchMARL", environment=f"{experiment.environment_name}/{experiment.task_name}")
        recorder.run = recorder.run or experiment.name
        self._keys = keys_of(experiment.test_env)
        self._reader = StepReader(experiment.test_env, self._keys, recorder=recorder, extras=extras)
        recorder.assume("an episode belongs to the policy with which it began, told by the frames collected before")

    def keep_batch(self, batch: TensorDict) -> None:
        """Record what was collected; episodes go on in the next batch."""
        n_frames = prod(batch.batch_size)
        labels = self._labels(COLLECTION, self._experiment.total_frames - n_frames)
        if self._trace is None:
            self._trace = self._recorder.start_batch(prod(batch.batch_size[:-1]), agents=self._keys.agents)
        if any(batch.get((keys.group.name, *key), None) is None for keys in self._keys.groups for key in keys.hidden):
            self._recorder.note(
                "collectors leave out what begins with _, as hidden states do: they are recorded of evaluations alone"
            )
        self._keep(batch, self._trace, labels)
        self._recorder.commit()

    def keep_rollouts(self, rollouts: Iterable[Any]) -> None:
        """Record rollouts, each of one environment; an episode that is not over at its end is cut."""
        labels = self._labels(EVALUATION, self._experiment.total_frames)
        for rollout in rollouts:
            trace = self._recorder.start_batch(1, agents=self._keys.agents)
            self._keep(rollout.unsqueeze(0), trace, labels)
            trace.cut()
        self._recorder.commit()

    def _keep(self, batch: TensorDict, trace: BatchTrace, labels: Labels) -> None:
        rank, n_steps = batch.batch_dims, batch.batch_size[-1]
        rows = self._reader.read(batch, batch.get("next"))
        rows = rows.each(lambda values: values.reshape(-1, n_steps, *values.shape[rank:]))
        for time in range(n_steps):
            # What ended was reset before this step.
            trace.begin(~trace.is_open, labels)
            rows.at(time).hand_on(trace, self._reader.limit)

    def _labels(self, kind: str, n_frames: int) -> Labels:
        told = self._recorder.labels
        condition = kind if told.condition is None else f"{told.condition}, {kind}"
        return replace(told, checkpoint=told.checkpoint or f"frames_{n_frames}", condition=condition)
