"""A progress bar on a terminal."""

from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def progress_bar(*, is_shown: bool) -> Generator[Callable[[int, int], None] | None]:
    """Show how many blocks were read; gives what is told after each."""
    if not is_shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading blocks", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
