"""The conditional predictive test: whether a sender's past tells what a receiver does next, beyond everything else."""
