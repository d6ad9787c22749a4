"""One pass over a log: folds, and where they run."""
