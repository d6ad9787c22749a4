"""The components of the translation gap, one a file; each is 0 when all is as declared."""

from convscope.compare.components.alignment import ALIGNMENT
from convscope.compare.components.behaviour import BEHAVIOUR
from convscope.compare.components.component import GapComponent
from convscope.compare.components.dilution import DILUTION
from convscope.compare.components.foreign import FOREIGN
from convscope.compare.components.multiplicity import MULTIPLICITY
from convscope.compare.components.recovery import RECOVERY
from convscope.compare.components.stability import STABILITY

COMPONENTS = (ALIGNMENT, DILUTION, FOREIGN, RECOVERY, BEHAVIOUR, MULTIPLICITY, STABILITY)
"""In the order of `convscope.values.gap.Gap.components`."""

__all__ = ["COMPONENTS", "GapComponent"]
