"""Ground-truth generators: tests, documentation and power all use them."""
