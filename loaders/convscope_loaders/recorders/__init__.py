"""Recorders of frameworks, one a file, found through the entry-point group ``convscope.recorders``."""
