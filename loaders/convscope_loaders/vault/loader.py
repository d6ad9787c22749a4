"""The loader of Flashbax vaults: knows such a folder, and makes a log of it.

Each folder with a manifest (``<name>.vlt/<uid>``) is a log of its own and so a run: OG-MARL keeps data sets of
different policies side by side in one vault, Mava one a training run. A vault with several of them, or a folder of
vaults, is a study of several runs.
"""

from convscope.errors import LogFormatError
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import FileKind, Probe
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.known import Known, KnownLoader
from convscope_loaders.vault.container import read_vault
from convscope_loaders.vault.layout import find_tree, mapping_of
from convscope_loaders.vault.life import find_life
from convscope_loaders.vault.metadata import MANIFEST, METADATA, is_vault

_RECORD = ".tfrecord"
_OLD_RECORD = "_sequence_log_"


class VaultLoader(KnownLoader):
    """Reads Flashbax vaults."""

    name = "vault"
    description = "Flashbax vaults, as OG-MARL and Mava record them"
    requires: tuple[str, ...] = ("tensorstore",)

    def sniff(self, probe: Probe) -> Match:
        """Look for a manifest and the metadata of a vault; and for what is part of one, or its forerunner."""
        if probe.kind is not FileKind.FOLDER:
            return _file_match(probe)
        if not {MANIFEST, METADATA} <= set(probe.files):
            return Match(score=0.0, reason=f"no {MANIFEST} beside a {METADATA}")
        if not is_vault(probe.small_file(METADATA)):
            return Match(score=0.0, reason=f"its {METADATA} names no structure_shape")
        return Match(score=0.9, reason=f"{MANIFEST} beside a {METADATA} with structure_shape")

    def known(self, probe: Probe, declared: LogMapping | None) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        MissingPackageError
            If TensorStore is not installed.
        LogFormatError
            If it is no vault, a broken one, or part of one; or if its arrays are called as in neither framework and
            are of several environments.
        """
        if probe.kind is not FileKind.FOLDER:
            raise LogFormatError(_why_not(probe))
        vault = read_vault(probe)
        tree = find_tree(vault)
        if tree is not None:
            life = find_life(vault, tree)
            mapping, said = mapping_of(vault, tree, is_life_seen=life.is_seen)
            reading = Reading(mapping=mapping, assumptions=(*said, *life.assumptions))
            return Known(container=life.container, reading=reading)
        if len(vault.store.strands) > 1 and declared is None:
            raise LogFormatError(
                f"{probe.path}: its arrays are not called as OG-MARL or Mava call them, and it holds several "
                'environments; declare the arrays in a mapping, such as path = "/{episode}/actions" and '
                'axes = ["row", "agent"]'
            )
        mapping = LogMapping(environment=vault.metadata.environment, framework="Flashbax")
        return Known(container=vault.container, reading=Reading(mapping=mapping, assumptions=vault.assumptions))


LOADER = VaultLoader()
"""What the entry point names."""


def _file_match(probe: Probe) -> Match:
    if probe.path.name == MANIFEST:
        return Match(score=0.9, reason="the manifest of a vault")
    if probe.path.suffix == _RECORD:
        return Match(score=0.9 if _OLD_RECORD in probe.path.name else 0.5, reason="a TFRecord")
    return Match(score=0.0, reason="no folder")


def _why_not(probe: Probe) -> str:
    if probe.path.name == MANIFEST:
        return f"{probe.path} is part of a vault; give its folder, {probe.path.parent}"
    if probe.path.suffix == _RECORD and _OLD_RECORD in probe.path.name:
        return (
            f"{probe.path} is an OG-MARL recording of 2023: sequences that overlap, in TensorFlow's format; OG-MARL "
            "offers the same data sets as Flashbax vaults (<scenario>.vlt): give the folder of one"
        )
    if probe.path.suffix == _RECORD:
        return f"{probe.path} is a TFRecord, which is not read; convert it to the convscope log format"
    return f"{probe.path} is a {probe.kind}; a vault is a folder with {MANIFEST} and {METADATA} in it"
