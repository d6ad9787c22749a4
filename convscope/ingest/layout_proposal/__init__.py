"""An observation layout proposed from a log: what columns equal, tested; what was not recognised stays unknown."""

from convscope.ingest.layout_proposal.proposal import LayoutProposal, propose_layout
from convscope.ingest.layout_proposal.text import layout_text

__all__ = ["LayoutProposal", "layout_text", "propose_layout"]
