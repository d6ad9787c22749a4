"""Charts as Altair makes them, and their way into the page as static pictures."""
