"""What a policy at hand uses: its own answers to the log's observations, with parts of them replaced."""
