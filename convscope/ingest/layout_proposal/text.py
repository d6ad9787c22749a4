"""A proposed layout written as the text of a layout file, ready to edit, with how sure it is of what."""

from collections.abc import Iterator, Sequence

from convscope.ingest.layout_file import LAYOUT_VERSION
from convscope.ingest.layout_proposal.fits import EXACT
from convscope.ingest.layout_proposal.proposal import LayoutProposal
from convscope.ingest.layout_proposal.tables import ProposedSlot, ProposedTable
from convscope.ingest.toml_text import key_text, list_text
from convscope.values.figures import count
from convscope.values.inert import visible

_MOST_QUANTITIES = 3


def layout_text(proposal: LayoutProposal) -> str:
    """Return a proposal as the text of a layout file."""
    lines = [f"# {sentence}" for sentence in _preface(proposal)]
    lines += [f"convscope-layout = {LAYOUT_VERSION}"]
    for table in proposal.tables:
        lines += ["", *_table(table)]
    return "\n".join(lines) + "\n"


def spans(columns: Sequence[int]) -> tuple[str, ...]:
    """Return columns as a layout file writes them: runs as ``4-7``."""
    runs: list[list[int]] = []
    for column in columns:
        if runs and column == runs[-1][-1] + 1:
            runs[-1].append(column)
        else:
            runs.append([column])
    return tuple(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _preface(proposal: LayoutProposal) -> Iterator[str]:
    if proposal.untested:
        yield f"Nothing was tested: {proposal.untested}."
        yield "Fill in which columns describe whom."
        return
    rows, episodes = count(proposal.n_rows, "row"), count(proposal.n_episodes, "episode")
    yield f"Proposed from {rows} of {episodes}; check it before you use it."
    yield "A column is said to describe an agent where it equals, but for scale and offset, something of it alone:"
    yield "its position, movement, action or message, its own columns, or these relative to the receiver's."
    yield "Whatever was not recognised stands under unknown: it may describe an agent all the same."


def _table(table: ProposedTable) -> Iterator[str]:
    name = key_text(table.name)
    yield f"[receivers.{name}]"
    yield f"agents = {list_text(table.agents)}"
    yield f"self = {_columns(table.own)}"
    yield f"world = {_columns(table.world)}"
    if table.constant:
        yield f"# Of the unknown ones, these never change: {', '.join(spans(table.constant))}"
    yield f"unknown = {_columns(sorted((*table.unknown, *table.constant)))}"
    kind = None
    for slot in table.slots:
        if slot.kind is not kind:
            kind = slot.kind
            yield f"[receivers.{name}.of_{kind}]"
        yield f"{key_text(slot.key)} = {_columns(slot.columns)}  # {_evidence(slot, len(table.agents))}"


def _evidence(slot: ProposedSlot, n_agents: int) -> str:
    left = "exact" if slot.left <= EXACT else f"all but {slot.left:.1g} of the variance"
    shown = "; ".join(slot.what[:_MOST_QUANTITIES]) + ("; ..." if len(slot.what) > _MOST_QUANTITIES else "")
    borne = "" if n_agents == 1 else f", for {slot.n_agents} of {n_agents} agents"
    return f"{left}{borne}: {visible(shown)}"


def _columns(columns: Sequence[int]) -> str:
    return list_text(spans(columns))
