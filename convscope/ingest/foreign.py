"""What people take for a log and is none: parameters, scalars, replays, pictures; each gets a sentence."""

from collections.abc import Callable
from dataclasses import dataclass

from convscope.ingest.probe import FileKind, Probe

_RECORD = "record trajectories with convscope.record (docs/recording.md)"

_POLICY = "a policy goes beside the log of its agents: convscope attribute LOG --policy FILE (docs/attribution.md)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Foreign:
    """A kind of file or folder that holds no trajectories."""

    sentence: str
    is_one: Callable[[Probe], bool]


def foreign_kind(probe: Probe) -> str | None:
    """Return what a file or folder is that no loader will ever read, and what to do instead; None for any other."""
    return next((foreign.sentence for foreign in _FOREIGN if foreign.is_one(probe)), None)


def _ends(*suffixes: str) -> Callable[[Probe], bool]:
    return lambda probe: probe.kind is not FileKind.FOLDER and probe.path.name.lower().endswith(suffixes)


def _begins(*starts: bytes) -> Callable[[Probe], bool]:
    return lambda probe: probe.head.startswith(starts)


def _holds(*names: str) -> Callable[[Probe], bool]:
    return lambda probe: probe.kind is FileKind.FOLDER and set(names) <= set(probe.files)


def _is(kind: FileKind) -> Callable[[Probe], bool]:
    return lambda probe: probe.kind is kind


_FOREIGN = (
    _Foreign(
        sentence="a report of convscope, not a log; give the log that it was made from",
        is_one=_holds("analysis.json", "report.html"),
    ),
    _Foreign(
        sentence="the parameters of a network (safetensors), which hold no trajectories: give the log of what its "
        f"agents did, or {_RECORD}",
        is_one=_is(FileKind.SAFETENSORS),
    ),
    _Foreign(
        sentence="a file of torch.save, which is a pickle and could run code: save the arrays of episodes with "
        "numpy.savez or as HDF5 (memories of skrl and episodes of MADT are read with --trust-pickle, none unasked); "
        f"{_POLICY}",
        is_one=_is(FileKind.TORCH),
    ),
    _Foreign(
        sentence="a pickle, which could run code when it is read: save the arrays as .npz, HDF5 or Parquet (trials of "
        "Overcooked are read with --trust-pickle, none unasked; parameters of a network are no log)",
        is_one=lambda probe: _is(FileKind.PICKLE)(probe) or _ends(".pkl", ".pickle", ".joblib")(probe),
    ),
    _Foreign(
        sentence=f"a network (ONNX), which holds no trajectories; {_POLICY}",
        is_one=_ends(".onnx"),
    ),
    _Foreign(
        sentence="one array alone, which is no log; give the folder with all its arrays, or save them in a .npz",
        is_one=_is(FileKind.NUMPY),
    ),
    _Foreign(
        sentence=f"the scalars of a TensorBoard run, which hold no trajectories; {_RECORD}",
        is_one=lambda probe: "events.out.tfevents" in probe.path.name,
    ),
    _Foreign(
        sentence="TensorFlow records; of OG-MARL, the vaults of the same data are read: give the .vlt folder",
        is_one=_ends(".tfrecord", ".tfrecords"),
    ),
    _Foreign(
        sentence=f"a StarCraft II replay, which only the game can play; {_RECORD}",
        is_one=_ends(".sc2replay"),
    ),
    _Foreign(
        sentence=f"a picture or a video, not trajectories; {_RECORD}",
        is_one=_begins(b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"\x00\x00\x00\x18ftyp", b"\x00\x00\x00\x20ftyp"),
    ),
    _Foreign(
        sentence=f"the folder of a Sacred run, as of (E)PyMARL: configuration and scalars, no trajectories; {_RECORD}",
        is_one=_holds("run.json", "config.json", "metrics.json"),
    ),
    _Foreign(
        sentence=f"a checkpoint of RLlib: parameters and settings, no trajectories; {_RECORD}",
        is_one=lambda probe: _holds("rllib_checkpoint.json")(probe) or _holds("algorithm_state.pkl")(probe),
    ),
)
