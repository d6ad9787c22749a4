"""The command line, as a user starts it."""

import pytest

from convscope.cli import main


@pytest.fixture
def convscope(monkeypatch, capsys):
    """Return what runs a command in this process and gives its exit code and what it wrote."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["convscope", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr()

    return run
