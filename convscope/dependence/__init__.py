"""What routing depends on: the formation of the team, its size, the task, padding."""
