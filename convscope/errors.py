"""Every error that convscope raises on purpose.

Each says what is wrong, where (``file.h5:/path``) and what would be right, in one or two lines, and carries the exit
code that the command line ends with.
"""


class ConvscopeError(Exception):
    """Something a user can cause and mend.

    Parameters
    ----------
    message
        What is wrong, where, and what would be right.
    """

    exit_code = 5


class UsageError(ConvscopeError):
    """Options that cannot be followed, or a log that is not there."""

    exit_code = 2


class OutputError(ConvscopeError):
    """An output folder that cannot be written, or that is not ours to replace."""

    exit_code = 2


class MissingPackageError(ConvscopeError):
    """An optional package that this log needs and that is not installed."""

    exit_code = 2


class LogFormatError(ConvscopeError):
    """A log whose content cannot be understood."""


class RefusedFileError(LogFormatError):
    """A file that is not read because it could do harm.

    Parameters
    ----------
    code
        Stable name of the reason, such as ``external-link``.
    message
        What was found, where, and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type["RefusedFileError"], tuple[str, str], dict[str, object]]:
        """Let the error cross a process border with its parts and notes."""
        return type(self), (self.code, str(self)), self.__dict__


class AmbiguousLogError(LogFormatError):
    """A log that can be read in more than one way.

    Parameters
    ----------
    message
        The readings, and the mapping to edit.
    mapping
        That mapping file; None where none can be written.
    """

    def __init__(self, message: str, mapping: str | None = None) -> None:
        super().__init__(message)
        self.mapping = mapping

    def __reduce__(self) -> tuple[type["AmbiguousLogError"], tuple[str, str | None], dict[str, object]]:
        """Let the error cross a process border with its parts and notes."""
        return type(self), (str(self), self.mapping), self.__dict__


class WorkerLostError(ConvscopeError):
    """A process that read a log died: the file crashed the HDF5 library, or memory ran out."""

    exit_code = 1


class MappingError(ConvscopeError):
    """A mapping file that does not say what it should."""


class AnalysisError(ConvscopeError):
    """A file that is given as an analysis and is none."""


class StudyError(ConvscopeError):
    """A study file that does not say what it should."""


class PriorsError(ConvscopeError):
    """A priors file that does not say what it should, or that does not fit the log."""


class LabelsError(ConvscopeError):
    """A file of labels does not say what it should, or does not fit the log."""


class CrossPlayError(ConvscopeError):
    """A matrix of cross-play does not say what it should, or does not fit the log."""


class LayoutError(ConvscopeError):
    """A layout file that does not say what it should, or that does not fit the log."""


class PolicyError(ConvscopeError):
    """A policy file that cannot be run, or that does not fit the log.

    Parameters
    ----------
    message
        What the policy wants, what the log has, and what to do.
    mapping
        Part of a layout file to edit; None where none can be written.
    """

    def __init__(self, message: str, mapping: str | None = None) -> None:
        super().__init__(message)
        self.mapping = mapping

    def __reduce__(self) -> tuple[type["PolicyError"], tuple[str, str | None], dict[str, object]]:
        """Let the error cross a process border with its parts and notes."""
        return type(self), (str(self), self.mapping), self.__dict__
