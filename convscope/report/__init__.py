"""What people and programs read of an analysis: the page, ``analysis.json`` and the tables."""
