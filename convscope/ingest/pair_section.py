"""What a mapping file says of slots and of lists of edges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from convscope.ingest.mapping import ArrayMapping
from convscope.ingest.pair_mapping import Absent, EdgeMapping, SlotMapping, SlotOrder
from convscope.ingest.toml_document import TomlDocument
from convscope.ingest.toml_lines import KeyPath

SLOT_KEYS = ("path", "axes", "take", "agents", "absent", "first", "empty")
EDGE_KEYS = ("sender", "receiver", "step", "episode", "counts", "starts", "absent", "first", "empty")
_READINGS = (
    f'"{Absent.NO_SLOT}" (the receiver could not attend to the sender in that step) or "{Absent.ZERO}" (it could, and '
    "the weight was 0)"
)
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSection:
    """Reads ``slots`` and ``edges`` of a field."""

    document: TomlDocument
    array: Callable[..., ArrayMapping]
    """Reads the array that a table names."""

    def slots(self, *path: str) -> SlotMapping | None:
        """Return what is said of slots; None where nothing is.

        Raises
        ------
        MappingError
            If it is not said which agents they are, or of agents in no slot, what that says.
        """
        held = self.document.table(*path[:-1]).get(path[-1])
        if held is None:
            return None
        if isinstance(held, str):
            return SlotMapping(order=self._choice(SlotOrder, path, held))
        self.document.check_keys(path, SLOT_KEYS, "key")
        told = self.document.table(*path)
        if ("path" in told) == ("agents" in told):
            orders = " or ".join(f'"{order}"' for order in SlotOrder)
            message = f"slots must be {orders}, or a table with a path (numbers of agents) or agents (their names)"
            raise self.document.fault(message, path)
        return SlotMapping(
            array=self.array(*path) if "path" in told else None,
            agents=self._agents(*path, "agents"),
            absent=self._absent(*path),
            first=self._whole(*path, "first"),
            empty=self._wholes(*path, "empty"),
        )

    def edges(self, *path: str) -> EdgeMapping | None:
        """Return what is said of a list of edges; None where nothing is.

        Raises
        ------
        MappingError
            If it is not said which end is which, or what a pair in no list says.
        """
        if path[-1] not in self.document.table(*path[:-1]):
            return None
        self.document.check_keys(path, EDGE_KEYS, "key")
        told = self.document.table(*path)
        if not {"sender", "receiver"} <= told.keys():
            message = "edges need both ends, sender and receiver: nothing else tells which way they go"
            raise self.document.fault(message, path)
        if sum(key in told for key in ("step", "counts", "starts")) > 1:
            message = "step, counts and starts all say which step an edge belongs to; leave two of them out"
            raise self.document.fault(message, path)
        arrays = {name: self.array(*path, name) for name in EDGE_KEYS[:6] if name in told}
        return EdgeMapping(
            **arrays,
            absent=self._absent(*path),
            first=self._whole(*path, "first"),
            empty=self._wholes(*path, "empty"),
        )

    def _absent(self, *path: str) -> Absent:
        told = self.document.table(*path).get("absent")
        if not isinstance(told, str):
            place = f"[{'.'.join(path)}]"
            raise self.document.fault(f"{place} needs absent, of pairs that are not there: {_READINGS}", path)
        return self._choice(Absent, (*path, "absent"), told)

    def _agents(self, *path: str) -> Mapping[str, tuple[str, ...]]:
        agents = self.document.table(*path)
        for name, slots in agents.items():
            if not isinstance(slots, list) or not all(isinstance(one, str) for one in slots):
                raise self.document.fault("agents in slots must be lists of names, empty ones for none", (*path, name))
        return {
            name: tuple(str(one) for one in slots) if isinstance(slots, list) else () for name, slots in agents.items()
        }

    def _whole(self, *path: str) -> int:
        value = self.document.table(*path[:-1]).get(path[-1], 0)
        if type(value) is not int or not 0 <= value < 1 << 53:
            raise self.document.fault(f"{path[-1]} must be a whole number from 0", path)
        return value

    def _wholes(self, *path: str) -> tuple[int, ...]:
        value = self.document.table(*path[:-1]).get(path[-1], [])
        if not isinstance(value, list) or not all(type(one) is int and abs(one) < 1 << 53 for one in value):
            raise self.document.fault(f"{path[-1]} must be a list of whole numbers", path)
        return tuple(int(one) for one in value)

    def _choice(self, kind: type[_Choice], path: KeyPath, value: str) -> _Choice:
        try:
            return kind(value)
        except ValueError:
            raise self.document.fault(f"{value!r:.80} is none of {', '.join(kind)}", path, value) from None
