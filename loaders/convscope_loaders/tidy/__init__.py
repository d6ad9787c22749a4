"""Tables with a row for each agent and timestep, or for each turn: from columns to a log."""
