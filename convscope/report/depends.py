"""What routing depends on, in sentences: one place, so that page and terminal say the same."""

from convscope.values.dependence import Dependence, FormationSensitivity, LargestChange, Shift
from convscope.values.figures import figure, p_stated

_KINDS = (
    ("scaling", "team size"),
    ("transfer", "layout, map or scenario"),
    ("padding", "padding of the slots"),
    ("drift", "training"),
)


def dependence_sentences(dependence: Dependence, level: float) -> tuple[str, ...]:
    """Return a sentence for each part that was computed.

    Parameters
    ----------
    dependence
        What was found.
    level
        Of the tests.
    """
    formation = dependence.formation
    shifts = {
        "scaling": dependence.scaling,
        "transfer": dependence.transfer,
        "padding": dependence.padding,
        "drift": dependence.drift,
    }
    told = [_shifted(what, shift, level) for name, what in _KINDS if (shift := shifts[name]) is not None]
    return (*((formation_sentence(formation, level),) if formation else ()), *told)


def formation_sentence(found: FormationSensitivity, level: float) -> str:
    """Return what is claimed of formations."""
    cell = found.cell
    first, second = cell.formations
    moved = f"{cell.receiver} to {cell.sender} by {figure(cell.value, digits=2)} between {first} and {second}"
    if cell.p_value is None:
        return f"Routing moves from {moved}, but formation cannot be told from the time in the episode: no p."
    if found.attainable_p is not None and found.attainable_p > level:
        why = f"so few exchanges of labels could never give p ≤ {level:g}"
        return f"Routing moves from {moved}; {why}: nothing is claimed."
    if cell.p_value <= level:
        return f"Routing changes with the formation: most from {moved} ({chance(cell)})."
    return f"Routing changes no more with the formation than by chance: at most from {moved} ({chance(cell)})."


def chance(change: LargestChange) -> str:
    """Return what chance gives, beside a largest change."""
    if change.p_value is None:
        return "no p"
    ends = f"chance {figure(change.null_mean, digits=2)}, 95 % of it below {figure(change.null_high, digits=2)}"
    return f"{ends}; {p_stated(change.p_value)}"


def _shifted(what: str, shift: Shift, level: float) -> str:
    largest, p_value = shift.largest, shift.p_value
    which = "most between" if len(shift.pairs) > 1 else "between"
    between = f"{which} {largest.first} and {largest.second}: {figure(largest.value, digits=2)} bit beyond its floor"
    if p_value is None:
        return f"Role preference was compared over {what}, but no p can be given ({between})."
    if p_value <= level:
        return f"Role preference changes with {what} ({between}; {p_stated(p_value)})."
    return f"Role preference is not seen to change with {what} ({between}; {p_stated(p_value)})."
