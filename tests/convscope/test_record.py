"""``convscope.record`` is a module and a function, and costs nothing before it is used."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

import convscope
from convscope.errors import UsageError
from convscope.record import Recorder, RecordingWarning, record
from convscope.recording.adapter import installed_adapters


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_convscope_imports_no_array_library():
    assert run("import sys, convscope; print('numpy' in sys.modules, 'h5py' in sys.modules)") == "False False\n"


@pytest.mark.parametrize("before", ["", "from convscope.record import Recorder;", "import convscope.record;"])
def test_the_module_can_be_called_in_whatever_order_it_is_imported(before, tmp_path):
    code = (
        f"{before}\nimport convscope\n"
        "try:\n"
        f"    convscope.record(object(), {str(tmp_path / 'log.h5')!r})\n"
        "except Exception as error: print(error)\n"
    )
    assert run(code).startswith("no recorder knows a builtins.object; there are ")
    assert not (tmp_path / "log.h5").exists()


def test_the_door_is_the_function(tmp_path):
    assert convscope.record.record is record
    assert convscope.record.Recorder is Recorder
    with pytest.raises(AttributeError, match="no attribute 'recrod'"):
        _ = convscope.recrod


class Env:
    pass


class Adapter:
    name = "toy"
    description = "toys"

    def fits(self, env):
        return isinstance(env, Env)

    def wrap(self, env, recorder, extras):
        if extras.keeps_state:
            raise UsageError("a toy has no state")
        return env, recorder, extras


@pytest.fixture
def adapter(monkeypatch):
    monkeypatch.setattr("convscope.recording.adapter.installed_adapters", lambda: (Adapter(),))


@pytest.mark.usefixtures("adapter")
def test_options_reach_the_recorder_and_the_adapter(tmp_path):
    env = Env()
    wrapped, recorder, extras = convscope.record(env, tmp_path / "log.h5", run="seed_1", capture={"hidden": len})
    assert wrapped is env
    assert recorder.run == "seed_1"
    assert extras.capture == {"hidden": len}
    assert extras.closes
    recorder.close()


@pytest.mark.usefixtures("adapter")
def test_a_recorder_can_be_given_and_keeps_its_own_options(tmp_path):
    with Recorder(tmp_path / "log.h5") as recorder:
        _, given, extras = convscope.record(Env(), recorder)
        assert given is recorder
        assert not extras.closes
        with pytest.raises(TypeError, match="run: an option of the recorder"):
            convscope.record(Env(), recorder, run="seed_1")


@pytest.mark.usefixtures("adapter")
def test_an_environment_that_cannot_be_recorded_leaves_no_file(tmp_path):
    with pytest.raises(UsageError, match="a toy has no state"):
        convscope.record(Env(), tmp_path / "log.h5", keeps_state=True)
    with pytest.raises(TypeError, match="nonsense"):
        convscope.record(Env(), tmp_path / "log.h5", nonsense=1)
    assert list(tmp_path.iterdir()) == []


def test_an_adapter_that_does_not_import_is_said_and_left_out(monkeypatch):
    points = [
        EntryPoint(name="broken", value="no_such_package:ADAPTER", group="convscope.recorders"),
        EntryPoint(name="toy", value=f"{__name__}:Adapter", group="convscope.recorders"),
    ]
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or type(sys)(__name__))
    monkeypatch.setattr(sys.modules[__name__], "Adapter", Adapter, raising=False)
    monkeypatch.setattr("convscope.recording.adapter.entry_points", lambda group: points)
    with pytest.warns(RecordingWarning, match="the recorder broken .* does not import and is left out"):
        assert installed_adapters() == (Adapter,)
