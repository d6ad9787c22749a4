"""What the metadata of a vault says: its leaves, its environment, and how Mava laid out its batch axis."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from convscope.errors import LogFormatError
from convscope.ingest.container import Value
from convscope.ingest.json_text import parsed_json

METADATA = "metadata.json"
MANIFEST = "manifest.ocdbt"
_VERSION = 1
"""Major version of the vaults that are read."""
_MAX_LEAVES = 1000
_MAX_DEPTH = 16
_STRUCTURE = ("version", "structure_shape", "structure_dtype")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How Mava's training loop fills the batch axis: (device, update, batch, environment), the last one fastest."""

    rollout: int
    """Rows that an environment gives between two updates."""
    n_updates: int
    """Updates between two evaluations; each has its own place on the batch axis, so that time runs through them."""
    n_batches: int
    n_environments: int

    @property
    def size(self) -> int:
        """Entries of the batch axis that one device fills."""
        return self.n_updates * self.n_batches * self.n_environments


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultMetadata:
    """What stands in ``metadata.json``."""

    leaves: tuple[tuple[str, ...], ...]
    """Keys that lead to each array, such as ``("infos", "state")``."""
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """What the recorder added: texts and numbers."""
    environment: str | None = None
    batch: Batch | None = None
    """None where no configuration of Mava stands there."""


def is_vault(content: bytes | None) -> bool:
    """Whether a ``metadata.json`` is a vault's."""
    told = parsed_json(content)
    return isinstance(told, dict) and isinstance(told.get("structure_shape"), dict)


def read_metadata(content: bytes | None, *, place: str) -> VaultMetadata:
    """Read the metadata of a vault.

    Parameters
    ----------
    content
        Of ``metadata.json``; nothing about it is trusted.
    place
        The vault, for errors.

    Raises
    ------
    LogFormatError
        If it is not a vault's, of another version, or names no arrays.
    """
    told = parsed_json(content)
    if not isinstance(told, dict) or not isinstance(told.get("structure_shape"), dict):
        raise LogFormatError(f"{place}/{METADATA} names no arrays under structure_shape: this is no Flashbax vault")
    version = told.get("version")
    if not isinstance(version, int | float) or not _VERSION <= version < _VERSION + 1:
        raise LogFormatError(
            f"{place} is a vault of version {version!r:.20}; this convscope reads version {_VERSION}.x"
        )
    leaves = tuple(_leaves(told["structure_shape"], (), place=place))
    if not leaves or len(leaves) > _MAX_LEAVES:
        raise LogFormatError(f"{place}/{METADATA} names {len(leaves)} arrays; a vault holds 1 to {_MAX_LEAVES}")
    own = {str(key): value for key, value in told.items() if key not in _STRUCTURE}
    return VaultMetadata(
        leaves=leaves,
        attributes={key: value for key, value in own.items() if isinstance(value, str | int | float)},
        environment=_environment(own.get("env")),
        batch=_batch(own),
    )


def _leaves(tree: Mapping[str, object], above: tuple[str, ...], *, place: str) -> Iterator[tuple[str, ...]]:
    for key, inside in tree.items():
        path = (*above, str(key))
        if isinstance(inside, dict) and len(path) < _MAX_DEPTH:
            yield from _leaves(inside, path, place=place)
        elif isinstance(inside, str):
            yield path
        else:
            raise LogFormatError(f"{place}/{METADATA} has no shape for {'.'.join(path):.80}; write the vault again")


def _environment(told: object) -> str | None:
    """Return the environment's name: a text, or what Mava's configuration calls it, with its task."""
    if isinstance(told, str):
        return told or None
    if not isinstance(told, dict):
        return None
    scenario = told.get("scenario")
    task = scenario.get("task_name") if isinstance(scenario, dict) else None
    return "/".join(name for name in (told.get("env_name"), task) if isinstance(name, str) and name) or None


def _batch(told: Mapping[str, object]) -> Batch | None:
    system, arch = told.get("system"), told.get("arch")
    if not isinstance(system, dict) or not isinstance(arch, dict):
        return None
    numbers = (
        system.get("rollout_length"),
        system.get("num_updates_per_eval"),
        system.get("update_batch_size"),
        arch.get("num_envs"),
    )
    counted = [number for number in numbers if type(number) is int and number > 0]
    if len(counted) < len(numbers):
        return None
    rollout, n_updates, n_batches, n_environments = counted
    return Batch(rollout=rollout, n_updates=n_updates, n_batches=n_batches, n_environments=n_environments)
