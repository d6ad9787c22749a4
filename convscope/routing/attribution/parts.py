"""Sums of what policies use, by episode: what edges, roles, halves and intervals are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from convscope.behaviour.groups import Group
from convscope.routing.attribution.sample import Sample
from convscope.routing.attribution.study import SeatStudy
from convscope.routing.weights.excess import Excess
from convscope.values.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One run and checkpoint, the analysed agents alone. Episodes are in the order of their content."""

    group: Group
    studies: tuple[SeatStudy | None, ...]
    """By receiver; None for an agent without a policy or a layout, or whose policy is another one."""
    episode: IntArray
    """Row of each unit in the log's episode table, shape (U,)."""
    n_rows: int
    """Steps that policies were asked about."""
    bits: FloatArray
    """Sums over steps, shape (U, receiver, sender)."""
    upper: FloatArray
    """The same of the upper bound."""
    excess: FloatArray
    """Sums of the bits beyond the even share of the receiver's senders, shape (U, receiver, sender); steps at which
    there is one sender only have no share."""
    n_steps: FloatArray
    """Steps at which the sender was replaced, shape (U, receiver, sender)."""
    n_shared: FloatArray
    """Those at which another sender was, too, shape (U, receiver, sender)."""

    @property
    def weight(self) -> FloatArray:
        """Bits per step, shape (receiver, sender); NaN where a sender was never replaced."""
        return self.weight_of(np.arange(len(self.episode)))

    def weight_of(self, units: IntArray) -> FloatArray:
        """Return the same over some of the episodes."""
        return _mean(self.bits[units].sum(axis=0), self.n_steps[units].sum(axis=0))

    def interval(self) -> tuple[FloatArray, FloatArray]:
        """Return the 95 % interval of the bits per step over episodes, by Student's t; NaN under two episodes."""
        n_steps = self.n_steps.sum(axis=0)
        n_units = (self.n_steps > 0).sum(axis=0)
        # The residuals of a ratio of sums: episodes differ in how many steps they have.
        residuals = self.bits - self.weight * self.n_steps
        known = n_units >= 2
        freedom = np.maximum(n_units - 1, 1)
        error = np.sqrt(n_units / freedom * np.nansum(residuals**2, axis=0)) / np.maximum(n_steps, 1)
        half = np.where(known, stdtrit(freedom, 0.975) * error, np.nan)
        return np.maximum(self.weight - half, 0.0), self.weight + half

    def agent_excess(self) -> Excess:
        """Return the sums that the test of edges reads."""
        return _excess(self.excess, self.bits, self.n_steps, n_shared=self.n_shared)

    def role_excess(self, roles: IntArray, n_roles: int) -> Excess:
        """Return the same over pairs of roles; ``roles`` of each agent in each unit, -1 for none, shape (U, N)."""
        member = np.equal(roles[..., None], np.arange(n_roles)).astype(np.float64)
        excess, bits, n_steps, n_shared = (
            np.einsum("urs,ura,usb->uab", values, member, member)
            for values in (self.excess, self.bits, self.n_steps, self.n_shared)
        )
        return _excess(excess, bits, n_steps, n_shared=n_shared)


def part_of(group: Group, sample: Sample, studies: Sequence[SeatStudy | None], *, places: IntArray) -> Part:
    """Sum what the policies of one run and checkpoint use.

    Parameters
    ----------
    group
        The run and checkpoint.
    sample
        Its chosen steps.
    studies
        By analysed agent.
    places
        The analysed agents in the log's agent axis.
    """
    unit = sample.episode_of_row
    shape = (len(sample.episode), len(places), len(places))
    sums = {name: np.zeros(shape) for name in ("bits", "upper", "excess", "n_steps", "n_shared")}
    for receiver, study in enumerate(studies):
        if study is None:
            continue
        lower, upper = study.use.lower[:, places], study.use.upper[:, places]
        known = np.isfinite(lower)
        is_shared = known & (known.sum(axis=1, keepdims=True) >= 2)
        lower, upper = np.where(known, lower, 0.0), np.where(known, upper, 0.0)
        even = lower.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
        columns = {
            "bits": lower,
            "upper": upper,
            "excess": np.where(is_shared, lower - even, 0.0),
            "n_steps": known.astype(np.float64),
            "n_shared": is_shared.astype(np.float64),
        }
        for name, values in columns.items():
            np.add.at(sums[name][:, receiver], unit, values)
    return Part(group=group, studies=tuple(studies), episode=sample.episode, n_rows=len(sample.time), **sums)


def _excess(excess: FloatArray, bits: FloatArray, n_steps: FloatArray, *, n_shared: FloatArray) -> Excess:
    return Excess(excess=excess, mass=bits.sum(axis=0), n_steps=n_steps.sum(axis=0), n_units=(n_shared > 0).sum(axis=0))


def _mean(sums: FloatArray, n_steps: FloatArray) -> FloatArray:
    return np.where(n_steps > 0, sums / np.maximum(n_steps, 1.0), np.nan)
