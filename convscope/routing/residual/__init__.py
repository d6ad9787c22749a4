"""Influence from the agents' own dice: logged probabilities say which part of an action nobody could foresee."""
