"""What is known of a file once its layout is: the common ground of all that is still to be found out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convscope.ingest.container import Inventory
from convscope.values.arrays import FloatArray
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.templates import Cell
from convscope_loaders.structure.uniform import view_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """A file, its folded arrays and their layout."""

    inventory: Inventory
    families: Sequence[Family]
    layout: Layout
    sampler: Sampler
    names: tuple[str, ...]
    """Of the agents, where the file lists them."""
    place: str
    """The file, for errors."""

    @property
    def of_numbers(self) -> "Clues":
        """The same without arrays that hold anything but plain numbers."""
        plain = [family for family in self.families if not family.first.is_text and not family.first.columns]
        return replace(self, families=plain)

    def called(self, *meanings: Meaning) -> list[Family]:
        """Return the families of some meanings, but those of what follows the step."""
        return [f for f in self.families if f.meaning in meanings and not f.is_next and not f.first.is_text]

    def view(self, family: Family, cell: Cell | None = None, *, is_whole: bool = True) -> FloatArray | None:
        """Return the numbers of a family in one group; as `convscope_loaders.structure.uniform.view_of`."""
        return view_of(family, self.layout, self.sampler, is_whole=is_whole, cell=cell)
