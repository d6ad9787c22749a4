"""Episodes of MADT: nested Python lists in a file of ``torch.save`` each, which is a pickle."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo
from convscope.ingest.folder import list_files
from convscope.ingest.loader import Match
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.ingest.parsed import Parsed, parse_container
from convscope.ingest.probe import FileKind, Probe
from convscope.values import fields as names
from convscope.values.header import Notice, left_out
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.known import FixedLoader, Known
from convscope_loaders.structure.lexicon import axis_of_stem, stem_of
from convscope_loaders.torch_files import check_trusted, load_torch

_PARTS = ("state", "observations", "actions", "rewards", "done", "masks", "values")
"""Of a step, in their order; the last one only where the policy was trained online."""
_OF_AGENTS = {
    "observations": names.OBSERVATIONS,
    "actions": names.ACTIONS,
    "rewards": names.REWARDS,
    "masks": names.ACTION_MASKS,
    "values": f"{names.INFO}values",
}


class MadtLoader(FixedLoader):
    """Reads folders of episodes such as ``episode_0.pt``."""

    name = "madt"
    description = "episodes of MADT, one file of torch.save each: pickles, read only with --trust-pickle"
    requires = ("torch",)

    def sniff(self, probe: Probe) -> Match:
        """Look for files such as ``episode_0.pt``; nothing but their names is known without unpickling them."""
        if probe.kind is FileKind.FOLDER and _episode_files(probe.files):
            return Match(score=0.5, reason="files of torch.save, called as episodes")
        if probe.kind is FileKind.TORCH and probe.trusts_pickle:
            return Match(score=0.5, reason="a file of torch.save")
        return Match(score=0.0, reason="no folder of files such as episode_0.pt")

    def known(self, probe: Probe) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        LogFormatError
            If pickles are not trusted, or hold anything but steps of agents.
        MissingPackageError
            If torch is not installed.
        """
        if probe.kind is not FileKind.TORCH and not _episode_files(probe.files):
            raise LogFormatError(f"{probe.path} is no episode of MADT, and no folder of them")
        check_trusted(probe, instead="convert its lists to arrays and save them with numpy.savez")
        container = parse_container(probe.path, parse_episodes)
        reading = Reading(
            mapping=_mapping(container.inventory.datasets),
            assumptions=(
                "the files name no agents: they are called agent_<place in the list>",
                "an episode ends where all agents are done; time limits and other ends carry the same flag",
                "an agent that is done is out of the game",
            ),
            notices=_other_files(probe.files),
        )
        return Known(container=container, reading=reading)


LOADER = MadtLoader()
"""What the entry point names."""


def parse_episodes(path: Path) -> Parsed:
    """Read an episode, or all of a folder; the arrays of each lie below its name.

    Raises
    ------
    LogFormatError
        If a file holds anything but steps of agents.
    """
    files = _episode_files(list_files(path)) if path.is_dir() else ("",)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name in files:
        file = path / name
        found = episode_arrays(load_torch(file), str(file))
        arrays |= {f"/{file.stem}/{part}": array for part, array in found.items()}
    return Parsed(arrays=_with_team_state(arrays))


def episode_arrays(nested: object, place: str) -> Mapping[str, npt.NDArray[Any]]:
    """Turn the lists of an episode into arrays.

    Parameters
    ----------
    nested
        ``[agent][timestep][global observation, observation, action, reward, done, legal actions]``, and a value.
    place
        The file, for errors.

    Returns
    -------
    Mapping
        By part, shape (T, N, ...); without what follows the step after which all agents are done.

    Raises
    ------
    LogFormatError
        If the lists are of another form.
    """
    try:
        steps = [[list(step) for step in agent] for agent in nested]  # type: ignore[attr-defined]
        n_parts = len(steps[0][0])
        columns = [
            np.array([[step[part] for step in agent] for agent in steps], dtype=np.float64) for part in range(n_parts)
        ]
    except (TypeError, ValueError, IndexError) as error:
        raise LogFormatError(f"{place} holds no lists of steps, one for each agent, as MADT writes them") from error
    if n_parts not in {6, 7} or not columns[0].size:
        raise LogFormatError(f"{place} holds steps of {n_parts} parts; MADT writes 6 or 7")
    arrays = {part: np.swapaxes(column, 0, 1) for part, column in zip(_PARTS, columns, strict=False)}
    is_done = np.logical_or.accumulate(arrays["done"] > 0, axis=0)
    arrays["alive"] = np.concatenate([np.ones_like(is_done[:1]), ~is_done[:-1]])
    n_steps = int((~is_done.all(axis=1)).sum()) + 1
    return {part: column[:n_steps] for part, column in {**arrays, "done": is_done}.items()}


def _with_team_state(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Keep one global observation where all agents have the same in all episodes."""
    states = {path: array for path, array in arrays.items() if path.endswith("/state")}
    if any((array != array[:, :1]).any() for array in states.values()):
        return dict(arrays)
    return {**arrays, **{path: array[:, 0] for path, array in states.items()}}


def _mapping(datasets: Mapping[str, ArrayInfo]) -> LogMapping:
    def mapped(part: str, *axes: Axis) -> ArrayMapping:
        return ArrayMapping(path=f"/{{episode}}/{part}", axes=(Axis.TIME, *axes))

    found = {path.rsplit("/", 1)[1]: info for path, info in datasets.items()}
    fields = [
        FieldMapping(name=field, array=mapped(part, Axis.AGENT, Axis.VALUE))
        for part, field in _OF_AGENTS.items()
        if part in found
    ]
    is_of_team = len(found["state"].shape) == 2
    state = mapped("state", Axis.VALUE) if is_of_team else mapped("state", Axis.AGENT, Axis.VALUE)
    fields.append(FieldMapping(name=names.STATE if is_of_team else f"{names.INFO}state", array=state))
    return LogMapping(
        fields=tuple(fields),
        episodes=EpisodeMapping(cut=Cut.FLAGS, array=mapped("done", Axis.AGENT)),
        alive=mapped("alive", Axis.AGENT),
        framework="MADT",
    )


def _episode_files(files: Sequence[str]) -> tuple[str, ...]:
    """Return the files of a folder, not of those inside it, that are called as episodes."""
    stems = {name: stem_of(name.removesuffix(".pt")) for name in files if name.endswith(".pt") and "/" not in name}
    return tuple(name for name, (stem, number) in stems.items() if number and axis_of_stem(stem) is Axis.EPISODE)


def _other_files(files: Sequence[str]) -> tuple[Notice, ...]:
    read = _episode_files(files)
    others = [name for name in files if name not in read]
    return left_out(others, "files of the folder that are called otherwise", code="other-files")
