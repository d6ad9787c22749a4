"""Measures of communication, of logs that hold broadcast messages."""
