"""Adapters are found, and none of them imports a framework that the program has not imported itself."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

import convscope
from convscope.errors import UsageError
from convscope.recording.adapter import installed_adapters
from convscope_loaders.recorders import benchmarl

LOOK = """
import sys
from convscope.recording.adapter import installed_adapters
import convscope_loaders.recorders.benchmarl, convscope_loaders.recorders.pymarl, convscope_loaders.recorders.rllib
for adapter in installed_adapters():
    assert not adapter.fits(object())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
FRAMEWORKS = {"torch", "torchrl", "tensordict", "benchmarl", "ray", "jax", "jaxmarl", "pettingzoo", "gymnasium"}


def test_looking_for_an_adapter_imports_no_framework():
    found = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True).stdout.split()
    assert "convscope_loaders" in found
    assert FRAMEWORKS & set(found) == set()


def test_the_frameworks_that_are_known_are_named_where_none_fits(tmp_path):
    names = {adapter.name for adapter in installed_adapters()}
    assert {"benchmarl", "jaxmarl", "pettingzoo", "rllib", "torchrl"} <= names
    with pytest.raises(UsageError, match=r"benchmarl: experiments of BenchMARL; .*torchrl: TorchRL environments"):
        convscope.record(object(), tmp_path / "log.h5")
    assert not (tmp_path / "log.h5").exists()


@pytest.mark.skipif(find_spec("benchmarl") is not None, reason="BenchMARL is installed")
def test_a_callback_without_its_framework_says_what_to_install():
    with pytest.raises(UsageError, match="ConvscopeCallback needs BenchMARL: pip install benchmarl"):
        _ = benchmarl.ConvscopeCallback
