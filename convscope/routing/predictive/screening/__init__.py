"""Teams too large for one regression of everything: a screen of all pairs, then a test of what it left."""
