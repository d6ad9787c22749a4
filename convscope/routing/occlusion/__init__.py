"""Routing from behaviour models: samples of steps, models, replacement of slots, scores."""
