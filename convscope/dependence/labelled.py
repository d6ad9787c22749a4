"""Runs whose windows have formations."""

from dataclasses import dataclass

import numpy as np

from convscope.dependence.runs import RunWindows, content_order
from convscope.dependence.windows import WindowPlan
from convscope.values.arrays import FloatArray
from convscope.values.labels import EpisodeLabels

_SPANS_AT_ONCE = 1 << 16
"""Of a file; keeps memory in bounds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """A run whose windows have formations; episodes without any are left out."""

    windows: RunWindows
    share: FloatArray
    """Share of each window's timesteps in each formation, shape (E, W, K). After an episode's end it stays as it last
    was, so that labels can go to longer episodes."""


def labelled(windows: RunWindows, share: FloatArray) -> Labelled:
    """Return a run with its labels; ``share`` (E, W, K) may say anything after an episode's end."""
    last = np.maximum((windows.n_steps > 0).sum(axis=1), 1) - 1
    window = np.minimum(np.arange(share.shape[1]), last[:, None])
    carried = np.take_along_axis(share, window[..., None], axis=1)
    order = content_order(windows, carried)
    keep = order[carried[order].max(axis=(1, 2)) > 0]
    return Labelled(windows=windows.taken(keep), share=np.ascontiguousarray(carried[keep]))


def carried_over(own: Labelled, windows: RunWindows) -> Labelled:
    """Return the labels of a run for the same run among fewer agents."""
    place_of = {episode: place for place, episode in enumerate(own.windows.episodes.tolist())}
    kept = np.array([episode in place_of for episode in windows.episodes.tolist()], dtype=np.bool_)
    some = windows.taken(kept)
    places = np.array([place_of[episode] for episode in some.episodes.tolist()], dtype=np.int64)
    return labelled(some, own.share[places])


def labels_of_file(windows: RunWindows, labels: EpisodeLabels, plan: WindowPlan) -> Labelled:
    """Return a run with the formations that a file gives its timesteps."""
    n_episodes = len(windows.episodes)
    place_of = np.full(len(labels.padding), -1)
    place_of[windows.episodes] = np.arange(n_episodes)
    spans = labels.spans[place_of[labels.spans[:, 0]] >= 0]
    begins = np.arange(plan.n_windows) * plan.width
    n_steps = np.zeros((n_episodes, len(labels.formations), plan.n_windows))
    for some in np.array_split(spans, 1 + len(spans) // _SPANS_AT_ONCE):
        starts, stops = np.maximum(some[:, 1, None], begins), np.minimum(some[:, 2, None], begins + plan.width)
        np.add.at(n_steps, (place_of[some[:, 0]], some[:, 3]), np.maximum(stops - starts, 0).astype(np.float64))
    share = n_steps.transpose(0, 2, 1) / np.maximum(windows.n_steps, 1)[..., None]
    return labelled(windows, share)
