"""How a policy is wired to a log: as declared, or where there is one way only; never by a guess."""

from dataclasses import dataclass

from convscope.errors import PolicyError
from convscope.ingest.policy.log_side import LogSide
from convscope.ingest.policy.proposal import proposed_lines
from convscope.ingest.policy.table import PolicyTable
from convscope.values.header import ActionKind
from convscope.values.policy import Appended, Dimension, HiddenState, OutputKind, Signature, Wiring

_FLOATS = ("float16", "float32", "float64", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wirer:
    """Wires one policy."""

    name: str
    """Of the file, for messages."""
    signature: Signature
    side: LogSide

    def wiring(self, table: PolicyTable | None) -> Wiring:
        """Return the wiring.

        Parameters
        ----------
        table
            As the layout file declares it; None only suffices where the policy takes one float input of the
            observation's width and gives one output.

        Raises
        ------
        PolicyError
            If the policy does not fit the log, or there is more than one way; both signatures are in the message.
        """
        table = table or self._only_way()
        self._check_names(table)
        self._check_kinds(table)
        axes = self._axes(table)
        batch = self._batch(table, axes)
        return Wiring(
            observation=table.observation,
            axes=axes,
            picture=self.side.shape if self._is_picture(table) else (),
            batch=batch,
            appended=table.appended,
            states=tuple(self._state(each, table, batch) for each in table.states),
            mask=table.mask,
            agent=table.agent,
            n_agents=self._numbered(table),
            constants=table.constants,
            kind=table.kind,
            output=table.output,
            log_spread=table.log_spread,
        )

    def fault(self, message: str) -> PolicyError:
        """Return an error with both signatures and a table to edit."""
        both = f"the policy is {self.signature}; the log has {self.side}"
        proposal = "\n".join(proposed_lines(self.signature, self.side)) + "\n"
        return PolicyError(
            f"{self.name}: {message}\n{both}; say in the layout file what is what:\n{proposal}", proposal
        )

    def _only_way(self) -> PolicyTable:
        inputs, outputs = self.signature.inputs, self.signature.outputs
        if len(inputs) != 1 or len(outputs) != 1:
            raise self.fault("it has more than one input or output, and nothing says which is which")
        is_discrete = self.side.kind is ActionKind.DISCRETE
        return PolicyTable(
            observation=inputs[0].name,
            axes=None,
            appended=(),
            mask=None,
            agent=None,
            states=(),
            state_shape=None,
            constants=(),
            kind=OutputKind.LOGITS if is_discrete else OutputKind.MEAN,
            output=outputs[0].name,
            log_spread=None,
        )

    def _check_names(self, table: PolicyTable) -> None:
        told = [table.observation, table.mask, table.agent, *(name for name, _ in table.states)]
        inputs = [name for name in [*told, *(name for name, _ in table.constants)] if name is not None]
        outputs = [table.output, table.log_spread, *(name for _, name in table.states)]
        known_inputs = [spec.name for spec in self.signature.inputs]
        known_outputs = [spec.name for spec in self.signature.outputs]
        for name in inputs:
            if name not in known_inputs or inputs.count(name) > 1:
                raise self.fault(f"it has no input {name!r:.80}" if name not in known_inputs else f"{name!r:.80} twice")
        for name in known_inputs:
            if name not in inputs:
                raise self.fault(f"nothing says what its input {name!r:.80} takes")
        for output in outputs:
            if output is not None and output not in known_outputs:
                raise self.fault(f"it has no output {output!r:.80}")

    def _check_kinds(self, table: PolicyTable) -> None:
        is_continuous = table.kind is OutputKind.MEAN
        if is_continuous is (self.side.kind is ActionKind.DISCRETE):
            raise self.fault(f"its output {table.output!r:.80} cannot be {table.kind}")
        if table.mask is not None and not self.side.has_masks:
            raise self.fault("it takes action masks, and the log holds none")

    def _axes(self, table: PolicyTable) -> tuple[str, ...]:
        spec = self.signature.input(table.observation)
        if spec.dtype not in _FLOATS:
            raise self.fault(f"its input {spec.name!r:.80} takes {spec.dtype}; observations are floating-point numbers")
        if self._is_picture(table):
            return ("batch", "column")
        rank = 2 if spec.shape is None else len(spec.shape)
        axes = table.axes or (("batch", "column") if rank == 2 else None)
        if axes is None:
            raise self.fault(f'{spec.name!r:.80} has {rank} axes: say which, as in axes = ["batch", "time", "column"]')
        if (spec.shape is not None and len(axes) != rank) or axes[-1] != "column":
            raise self.fault(f"the axes {', '.join(axes)} do not fit its input; column is the last one")
        sizes: dict[str, Dimension] = dict(zip(axes, spec.shape, strict=True)) if spec.shape is not None else {}
        if isinstance(sizes.get("time"), int) and sizes["time"] != 1:
            raise self.fault(f"it takes {sizes['time']} timesteps at once; one at a time can be asked")
        if "agent" in axes:
            self._check_joint(table, sizes["agent"] if sizes else None)
        return axes

    def _is_picture(self, table: PolicyTable) -> bool:
        """Whether the input takes observations of several axes, exactly as the log holds them."""
        shape = self.signature.input(table.observation).shape
        return table.axes is None and len(self.side.shape) > 1 and shape is not None and shape[1:] == self.side.shape

    def _check_joint(self, table: PolicyTable, n_agents: Dimension) -> None:
        if isinstance(n_agents, int) and n_agents != self.side.n_served:
            raise self.fault(f"it takes {n_agents} agents at once, and {self.side.n_served} act by it")
        if table.mask is not None or table.agent is not None or Appended.LAST_ACTION in table.appended:
            raise self.fault("where it takes all agents at once, it can be asked by observations and numbers alone")

    def _batch(self, table: PolicyTable, axes: tuple[str, ...]) -> int | None:
        if "batch" not in axes:
            return 1
        shape = self.signature.input(table.observation).shape
        size = None if shape is None else shape[axes.index("batch")]
        return size if isinstance(size, int) else None

    def _numbered(self, table: PolicyTable) -> int:
        """Return how many agents the policy counts; check the width of the observation's input on the way."""
        side, spec = self.side, self.signature.input(table.observation)
        width: Dimension = None if spec.shape is None else spec.shape[-1]
        if self._is_picture(table):
            width = side.n_columns
        before = side.n_columns + (side.n_actions if Appended.LAST_ACTION in table.appended else 0)
        is_joint = table.axes is not None and "agent" in table.axes
        counts = list(dict.fromkeys([side.n_served, side.n_served if is_joint else side.n_agents]))
        fitting = [n for n in counts if self._fits(table, width, before=before, n_agents=n)]
        if not fitting:
            raise self.fault(
                f"its input {spec.name!r:.80} takes {width} columns, and observations have {side.n_columns}"
            )
        if len(fitting) > 1 and (table.agent is not None or Appended.AGENT in table.appended):
            raise self.fault(f"it may count {counts[0]} agents or all {counts[1]}; its shapes do not say")
        return fitting[0]

    def _fits(self, table: PolicyTable, width: Dimension, *, before: int, n_agents: int) -> bool:
        whole = before + (n_agents if Appended.AGENT in table.appended else 0)
        told = None if table.agent is None else self.signature.input(table.agent).shape
        one_hot = told[-1] if told is not None and len(told) > 1 else None
        fits_agent = not isinstance(one_hot, int) or one_hot in (1, n_agents)
        return fits_agent and (not isinstance(width, int) or width == whole)

    def _state(self, names: tuple[str, str], table: PolicyTable, batch: int | None) -> HiddenState:
        spec = self.signature.input(names[0])
        shape = table.state_shape or spec.shape
        if shape is None:
            raise self.fault(f'nothing says how large {spec.name!r:.80} is: add state_shape = ["batch", SIZE]')
        axis = _batch_axis(shape, batch)
        rest = [size for place, size in enumerate(shape) if place != axis]
        sizes = [size for size in rest if isinstance(size, int)]
        if axis is None or len(sizes) < len(rest):
            raise self.fault(f'which axis of {spec.name!r:.80} is the batch? Add state_shape, as in ["batch", 64]')
        return HiddenState(input=names[0], output=names[1], shape=tuple(sizes), batch_axis=axis)


def _batch_axis(shape: tuple[Dimension, ...], batch: int | None) -> int | None:
    """Return the axis that counts rows; None where more than one may."""
    if "batch" in shape:
        return shape.index("batch")
    open_axes = [place for place, size in enumerate(shape) if not isinstance(size, int)]
    if batch is None:
        return open_axes[0] if len(open_axes) == 1 else None
    fixed = [place for place, size in enumerate(shape) if size == batch]
    # With one row at a time it does not matter which of several axes of length 1 counts it.
    return fixed[0] if len(fixed) == 1 or (fixed and batch == 1) else None
