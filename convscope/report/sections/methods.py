"""How the numbers came about: methods, resolved options, versions."""

from dataclasses import dataclass
from importlib.metadata import version

from convscope.report.options import resolved_options
from convscope.report.section import Section
from convscope.values.config import RoutingSource
from convscope.values.evidence import Evidence

_LIBRARIES = ("numpy", "scipy", "polars", "scikit-learn")
"""Those that a number may depend on."""

_LOGGED = frozenset({RoutingSource.ATTENTION, RoutingSource.GATE, RoutingSource.MESSAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodsView:
    """What the section shows."""

    options: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    is_logged: bool
    is_transfer: bool
    is_surrogate: bool
    has_routing: bool
    has_prior: bool
    n_permutations: int
    q: str


def _view(evidence: Evidence) -> MethodsView:
    source = evidence.routing.source if evidence.routing else None
    options = (*resolved_options(evidence), ("seed", evidence.config.seed))
    return MethodsView(
        options=tuple((name, _text(name, value)) for name, value in options),
        versions=(("convscope", evidence.version), *((name, version(name)) for name in _LIBRARIES)),
        is_logged=source in _LOGGED,
        is_transfer=source is RoutingSource.TRANSFER_ENTROPY,
        is_surrogate=source is RoutingSource.OCCLUSION,
        has_routing=source is not None,
        has_prior=evidence.prior is not None,
        n_permutations=evidence.config.n_permutations,
        q=f"{evidence.config.q:g}",
    )


def _text(name: str, value: str | float | None) -> str:
    if value is None:
        return "default"
    if name == "max_block_bytes" and isinstance(value, int):
        return f"{value / (1 << 20):g} MiB"
    return f"{value:g}" if isinstance(value, float) else str(value)


METHODS = Section(key="methods", title="Methods", view=_view)
