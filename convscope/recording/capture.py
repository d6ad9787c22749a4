"""What goes on inside a policy, taken from its modules while it acts: attention, messages, hidden states, logits.

Nothing here imports torch: a module is what has ``register_forward_hook``, a tensor what has ``detach``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from convscope.errors import UsageError
from convscope.recording.captured import chosen_output, numbers_of, of_agents, of_environments
from convscope.recording.episode import Numbers
from convscope.recording.names import column_named
from convscope.values.fields import Level


@runtime_checkable
class _Hooked(Protocol):
    """A module of PyTorch, which is not imported for this."""

    def register_forward_hook(self, hook: Callable[..., object], /) -> object:
        """Call a hook after each forward pass."""
        ...


@runtime_checkable
class _Composed(Protocol):
    """A module that names the modules in it."""

    def named_modules(self) -> Iterable[tuple[str, object]]:
        """Name the modules in it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    column: str
    name: str
    """Of the field."""
    level: Level
    outputs: list[Numbers] = field(default_factory=list)
    """Since the last step."""

    def taken(self) -> list[Numbers]:
        """Return what came since the last step; the next begins."""
        outputs = list(self.outputs)
        self.outputs.clear()
        return outputs


class Capture:
    """Takes what a policy gives out between two steps.

    Parameters
    ----------
    wanted
        By column: a module whose output is taken, the dotted name of one in ``model``, or a function without parameters
        that returns the value when a step is recorded.
    model
        Holds the modules that are named.
    note
        Is told of what cannot be captured.

    Raises
    ------
    UsageError
        If a column is called like nothing, or what is to be captured is none of these.
    """

    def __init__(self, wanted: Mapping[str, object], model: object | None, note: Callable[[str], None]) -> None:
        self._note = note
        self._watched: list[_Watched] = []
        self._pulled: dict[str, Callable[[], object]] = {}
        self._is_silent = set(wanted)
        for column, source in wanted.items():
            name, level = column_named(column)
            module = self._module(column, source, model) if isinstance(source, str) else source
            if isinstance(module, _Hooked):
                watched = _Watched(column=column, name=name, level=level)
                self._watched.append(watched)
                module.register_forward_hook(_hook(watched))
            elif callable(module):
                self._pulled[column] = module
            elif module is not None:
                raise UsageError(
                    f"{column} cannot be captured from a {type(source).__name__}; give a module, the name of one "
                    "(with model=...), or a function that returns the value"
                )

    def take(self, actors: Sequence[str], agents: Sequence[str]) -> dict[str, Any]:
        """Return the columns of a step, as `EpisodeTrace.act` takes them.

        Parameters
        ----------
        actors
            Agents that act in the step, in the order in which the policy sees them.
        agents
            All agents, in the order of the agent axis.
        """
        return self._taken(
            lambda watched, outputs: of_agents(watched.name, watched.level, outputs, actors=actors, agents=agents),
            f"{len(actors)} agents",
        )

    def take_batch(self, n_envs: int, n_agents: int) -> dict[str, Any]:
        """Return the columns of a step of several environments, as `BatchTrace.step` takes them.

        Parameters
        ----------
        n_envs, n_agents
            How many there are.
        """
        return self._taken(
            lambda watched, outputs: of_environments(watched.level, outputs, n_envs=n_envs, n_agents=n_agents),
            f"{n_envs} environments of {n_agents} agents",
        )

    def end_episode(self) -> None:
        """Warn of columns of which nothing has come yet; what came after the last step belongs to none."""
        for watched in self._watched:
            watched.outputs.clear()
        for column in sorted(self._is_silent):
            self._note(f"nothing was captured for {column}: what it was to come from was never called")
        self._is_silent = set()

    def _taken(self, fitted: Callable[[_Watched, Sequence[Numbers]], object], expected: str) -> dict[str, Any]:
        columns = {column: pull() for column, pull in self._pulled.items()}
        for watched in self._watched:
            outputs = watched.taken()
            found = fitted(watched, outputs) if outputs else None
            if found is not None:
                columns[watched.column] = found
            elif outputs:
                self._misfits(watched, outputs, expected)
        self._is_silent -= columns.keys()
        return columns

    def _module(self, column: str, name: str, model: object | None) -> object | None:
        modules = dict(model.named_modules()) if isinstance(model, _Composed) else {}
        if name not in modules:
            known = ", ".join(sorted(filter(None, modules))) or "no modules; give the one that holds it as model=..."
            self._note(f"nothing was captured for {column}: no module is called {name!r}; there are {known}")
            self._is_silent.discard(column)
        return modules.get(name)

    def _misfits(self, watched: _Watched, outputs: Sequence[Numbers], expected: str) -> None:
        shapes = ", ".join(str(output.shape) for output in outputs[:3])
        self._note(
            f"{watched.column} was not captured in some steps: {len(outputs)} outputs ({shapes}) are not those of "
            f"{expected}; capture another module, or a function that returns the value"
        )


def _hook(watched: _Watched) -> Callable[..., None]:
    def keep(module: object, _: object, output: Any) -> None:  # noqa: ANN401  what any module gives out
        part = chosen_output(watched.name, module, output)
        if part is not None:
            watched.outputs.append(numbers_of(part))

    return keep
