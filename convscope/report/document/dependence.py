"""What routing depends on."""

from convscope.report.document.json_value import JsonValue, matrix
from convscope.values.dependence import Dependence, FormationSensitivity, LargestChange, PairShift, RunChange, Shift


def dependence_parts(dependence: Dependence) -> dict[str, JsonValue]:
    """Return formation sensitivity, and how far role preference changes with team size, task and padding."""
    return {
        "formation_sensitivity": _formation(dependence.formation) if dependence.formation else None,
        "scaling": _shift(dependence.scaling) if dependence.scaling else None,
        "transfer": _shift(dependence.transfer) if dependence.transfer else None,
        "padding": _shift(dependence.padding) if dependence.padding else None,
        "drift": _shift(dependence.drift) if dependence.drift else None,
    }


def _formation(found: FormationSensitivity) -> JsonValue:
    return {
        "cell": found.cell.value,
        "key": found.key.value,
        "p_value": found.cell.p_value,
        "attainable_p": found.attainable_p,
        "origin": found.origin.value,
        "window": found.window,
        "unit": found.unit,
        "cell_change": _change(found.cell),
        "key_change": _change(found.key),
        "nodes": list(found.nodes),
        "formations": [
            {
                "name": each.name,
                "n_episodes": each.n_episodes,
                "n_timesteps": each.n_timesteps,
                "spread": each.spread,
                "matrix": matrix(each.matrix),
            }
            for each in found.formations
        ],
        "runs": [_run(each) for each in found.runs],
        "shift": _shift(found.shift) if found.shift else None,
    }


def _change(change: LargestChange) -> JsonValue:
    return {
        "value": change.value,
        "formations": list(change.formations),
        "receiver": change.receiver,
        "sender": change.sender,
        "null_mean": change.null_mean,
        "null_95": change.null_high,
        "p_value": change.p_value,
    }


def _run(change: RunChange) -> JsonValue:
    return {
        "run": change.run,
        "cell": change.cell,
        "key": change.key,
        "cell_p_value": change.cell_p_value,
        "key_p_value": change.key_p_value,
    }


def _shift(shift: Shift) -> JsonValue:
    return {
        "value": shift.largest.value,
        "p_value": shift.p_value,
        "pairs": [_pair(pair) for pair in shift.pairs],
    }


def _pair(pair: PairShift) -> JsonValue:
    return {
        "first": pair.first,
        "second": pair.second,
        "divergence": pair.divergence,
        "floor": pair.floor,
        "value": pair.value,
        "p_value": pair.p_value,
        "attainable_p": pair.attainable_p,
        "null_mean": pair.null[0] if pair.null else None,
        "null_95": pair.null[1] if pair.null else None,
        "n_runs": len(pair.runs),
    }
