"""The sign that something is left to the library."""


class Unfamiliar(Exception):  # noqa: N818  no error: the library reads it, or says what is wrong
    """Something that common writers do not store, or that is broken."""
