"""Which columns of a receiver's observation describe which sender, step by step."""

import numpy as np

from convscope.routing.attribution.sample import Sample
from convscope.routing.slots import fixed_sender, nearest_senders
from convscope.values.arrays import BoolArray
from convscope.values.fields import POSITIONS
from convscope.values.layout import ReceiverLayout
from convscope.values.status import Status


def described_columns(
    sample: Sample, layout: ReceiverLayout, receiver: int, *, agents: tuple[str, ...], width: int
) -> BoolArray:
    """Return the columns that describe each agent at each step, shape (N, R, D).

    Parameters
    ----------
    sample
        Steps.
    layout
        Of the receiver's observations.
    receiver
        Its place in the log's agent axis.
    agents
        Names of all agents of the log.
    width
        Columns of the receiver's observation.

    Notes
    -----
    All columns about one sender are replaced together: of two slots that say the same, neither would be missed. A slot
    that names the receiver itself is none.
    """
    is_present = np.isin(sample.status, (Status.ACTING, Status.WAITING))
    columns = np.zeros((len(agents), len(sample.time), width), dtype=np.bool_)
    for slot in layout.slots:
        sender = fixed_sender(slot, receiver, agents)
        if sender == receiver:
            continue
        if sender is not None:
            columns[sender][:, slot.columns] = True
            continue
        nearest = nearest_senders(slot.rank, receiver, positions=sample.columns[POSITIONS], is_present=is_present)
        for place in range(len(agents)):
            columns[place][np.ix_(np.flatnonzero(np.equal(nearest, place)), np.array(slot.columns))] = True
    return columns
