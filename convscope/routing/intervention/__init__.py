"""Influence from what somebody did to the agents on purpose: frozen, replaced, silenced, or cut off."""
