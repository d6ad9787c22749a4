"""The members of a run and their sums, in an order that no shuffling of agents or episodes changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from convscope.roles.diversity.reading import EpisodeSums
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.diversity import DiversityBasis

MAX_MEMBERS = 64
"""Compared with each other; the pairs of more would take too long."""
MAX_PAIRS = 20_000
"""Pairs of members, of all runs and conditions: with many of these fewer members are compared."""
_FEWEST_MEMBERS = 4


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
        filled = np.flatnonzero(place >= 0)
        # Sparse: each slot has one member, and members of all strata are many.
        shares = csr_array((weight[filled], (place[filled], filled)), shape=(n_strata * n_members, len(place)))
        return np.asarray(shares @ self.sums.reshape(len(place), -1)).reshape(n_strata, n_members, -1)

    def exchanged(self, rng: np.random.Generator) -> IntArray:
        """Exchange the members of each episode at random, shape (E, S)."""
        labels = np.sort(np.where(self.member >= 0, self.member, len(self.labels)), axis=1)
        keys = np.where(self.member >= 0, rng.uniform(size=self.member.shape), 2.0)
        drawn = np.take_along_axis(labels, np.argsort(keys, axis=1, kind="stable"), axis=1)
        return np.where(self.member >= 0, drawn, -1)


def most_members(n_strata: int) -> int:
    """Return how many members can be compared in so many conditions of all runs together.

    Parameters
    ----------
    n_strata
        Conditions in which members are compared, added up over runs.
    """
    # m (m - 1) / 2 pairs in each of them.
    most = int(0.5 + np.sqrt(0.25 + 2 * MAX_PAIRS / max(n_strata, 1)))
    return min(max(most, _FEWEST_MEMBERS), MAX_MEMBERS)


def sample_of(
    episodes: Sequence[EpisodeSums],
    basis: DiversityBasis,
    *,
    label: IntArray,
    condition: IntArray,
    most: int = MAX_MEMBERS,
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
    most
        Members that are compared.
    """
    found = [_present(each, basis, label) for each in episodes]
    members = _members(found, most)
    number = np.full(label.max(initial=-1) + 1, -1, dtype=np.int64)
    number[members] = np.arange(len(members))
    kept = [(rows[number[own] >= 0], number[own[number[own] >= 0]]) for rows, own in found]
    shared = [place for place, (_, own) in enumerate(kept) if len(own) > 1]
    if not shared:
        return None
    sums, member = _packed([kept[place] for place in shared])
    stratum = condition[[episodes[place].episode for place in shared]]
    return Sample(sums=sums, member=member, stratum=_by_appearance(stratum), labels=members)


def _present(each: EpisodeSums, basis: DiversityBasis, label: IntArray) -> tuple[FloatArray, IntArray]:
    """Return sums and labels of the slots that have both."""
    own = label[each.episode, each.agent]
    keeps = each.sums[basis].any(axis=1) & (own >= 0)
    return each.sums[basis][keeps], own[keeps]


def _members(found: Sequence[tuple[FloatArray, IntArray]], most: int) -> IntArray:
    """Return the labels by their totals: their order in the log must not decide anything.

    Of more than ``most``, as many at even steps along this order.
    """
    own = np.concatenate([own for _, own in found]) if found else np.zeros(0, dtype=np.int64)
    if not len(own):
        return own
    labels, place = np.unique(own, return_inverse=True)
    rows = np.concatenate([rows for rows, _ in found])
    totals = np.zeros((len(labels), rows.shape[1]))
    np.add.at(totals, place, rows)
    order = np.lexsort(totals.T[::-1])
    if len(order) > most:
        order = order[np.linspace(0, len(order) - 1, most).astype(np.int64)]
    return np.asarray(labels[order], dtype=np.int64)


def _packed(kept: Sequence[tuple[FloatArray, IntArray]]) -> tuple[FloatArray, IntArray]:
    """Put the slots of all episodes into arrays as wide as the fullest one needs."""
    width = max(len(own) for _, own in kept)
    sums = np.zeros((len(kept), width, kept[0][0].shape[1]))
    member = np.full((len(kept), width), -1, dtype=np.int64)
    for place, (rows, own) in enumerate(kept):
        sums[place, : len(own)], member[place, : len(own)] = rows, own
    return sums, member


def _by_appearance(codes: IntArray) -> IntArray:
    """Give equal codes equal numbers, from 0 by first appearance."""
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place]
