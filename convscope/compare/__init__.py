"""The translation gap: what was found held against what was declared."""
