"""The members of a run and their sums, in an order that no shuffling of agents or episodes changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.roles.diversity.reading import EpisodeSums
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.diversity import DiversityBasis


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Sums of one run."""

    sums: FloatArray
    """Of each slot of each episode, those that are there first, shape (E, S, D)."""
    member: IntArray
    """Who fills the slot, from 0, -1 for nobody, shape (E, S)."""
    stratum: IntArray
    """Condition of each episode, from 0, shape (E,)."""
    labels: IntArray
    """Label of each member, ordered by what they did, shape (M,)."""

    def totals(self, member: IntArray, times: FloatArray | None = None) -> FloatArray:
        """Add up over episodes, shape (strata, M, D).

        Parameters
        ----------
        member
            Who fills each slot, as `member`, perhaps exchanged.
        times
            How often each episode counts, shape (E,); once each when left out.
        """
        n_members, n_strata = len(self.labels), int(self.stratum.max(initial=0)) + 1
        place = np.where(member >= 0, self.stratum[:, np.newaxis] * n_members + member, -1).reshape(-1)
        weight = np.ones(place.shape) if times is None else np.repeat(times, member.shape[1])
        shares = (place == np.arange(n_strata * n_members)[:, np.newaxis]) * weight
        return np.asarray(shares @ self.sums.reshape(len(place), -1)).reshape(n_strata, n_members, -1)

    def exchanged(self, rng: np.random.Generator) -> IntArray:
        """Exchange the members of each episode at random, shape (E, S)."""
        labels = np.sort(np.where(self.member >= 0, self.member, len(self.labels)), axis=1)
        keys = np.where(self.member >= 0, rng.uniform(size=self.member.shape), 2.0)
        drawn = np.take_along_axis(labels, np.argsort(keys, axis=1, kind="stable"), axis=1)
        return np.where(self.member >= 0, drawn, -1)


def sample_of(
    episodes: Sequence[EpisodeSums], basis: DiversityBasis, *, label: IntArray, condition: IntArray
) -> Sample | None:
    """Return the sample of one run, None where fewer than two members are there.

    Parameters
    ----------
    episodes
        Of the run, by digest.
    basis
        Whose sums are taken; slots without any are left out.
    label
        Of each agent in each episode of the log, -1 for none, shape (E of the log, N).
    condition
        Of each episode of the log, -1 for none.
    """
    rows, slots = [], []
    for each in episodes:
        keeps = (each.sums[basis].any(axis=1)) & (label[each.episode, each.agent] >= 0)
        rows.append(each.sums[basis][keeps])
        slots.append(label[each.episode, each.agent[keeps]])
    width = max((len(row) for row in rows), default=0)
    sums = np.zeros((len(rows), width, rows[0].shape[1] if rows else 0))
    code = np.full((len(rows), width), -1, dtype=np.int64)
    for place, (row, slot) in enumerate(zip(rows, slots, strict=True)):
        sums[place, : len(row)], code[place, : len(row)] = row, slot
    is_shared = (code >= 0).sum(axis=1) >= 2
    sums, code = sums[is_shared], code[is_shared]
    stratum = np.unique(condition[[each.episode for each in episodes]][is_shared], return_inverse=True)[1]
    return _ordered(sums, code, stratum=stratum.astype(np.int64)) if len(code) else None


def _ordered(sums: FloatArray, code: IntArray, *, stratum: IntArray) -> Sample:
    """Give members numbers by their totals: their order in the log must not decide anything."""
    present = np.unique(code[code >= 0])
    per_member = [sums[code == label].sum(axis=0) for label in present.tolist()]
    order = np.lexsort(np.array(per_member).T[::-1])
    number = np.full(int(present.max()) + 1, -1, dtype=np.int64)
    number[present[order]] = np.arange(len(present))
    return Sample(
        sums=sums,
        member=np.where(code >= 0, number[np.maximum(code, 0)], -1),
        stratum=stratum,
        labels=present[order],
    )
