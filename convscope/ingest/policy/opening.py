"""From a path to a policy that can be run."""

import io
import zipfile
from functools import lru_cache
from pathlib import Path

from convscope.errors import PolicyError
from convscope.ingest.bounded import bounded_bytes
from convscope.ingest.digests import sha256_of
from convscope.ingest.policy.model import PolicyModel
from convscope.ingest.policy.onnx_model import OnnxModel
from convscope.ingest.policy.torch_model import TorchModel
from convscope.values.policy import PolicyFile, PolicyFormat

MAX_BYTES = 256 << 20
"""Of a policy file; sixty million weights."""

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"


def policy_file(path: Path) -> PolicyFile:
    """Look at a policy file.

    Raises
    ------
    UsageError
        If there is no such file.
    PolicyError
        If it is too large, or a pickle.
    """
    content = _content(path)
    return PolicyFile(
        path=path.resolve(), name=path.name, format=_format(content, path.name), sha256=sha256_of(content)
    )


@lru_cache(maxsize=64)
def open_policy(file: PolicyFile) -> PolicyModel:
    """Return the policy, opened once in each process.

    Raises
    ------
    PolicyError
        If it cannot be loaded, or is not the file any more that was looked at.
    """
    content = _content(file.path)
    if sha256_of(content) != file.sha256:
        raise PolicyError(f"{file.name} has changed while it was in use; run again")
    return OnnxModel(content, file.name) if file.format is PolicyFormat.ONNX else TorchModel(content, file.name)


def _content(path: Path) -> bytes:
    content = bounded_bytes(path, "policy file", hint="an ONNX or a TorchScript file", most=MAX_BYTES)
    if content is None:
        raise PolicyError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB; such a policy is not loaded")
    return content


def _format(content: bytes, name: str) -> PolicyFormat:
    if content.startswith(_ZIP) and _holds_code(content, name):
        return PolicyFormat.TORCHSCRIPT
    if content.startswith((_ZIP, _PICKLE)):
        raise PolicyError(
            f"{name} is a pickle, which could run anything and is not opened: export the policy with "
            "torch.onnx.export, or torch.jit.trace and .save"
        )
    return PolicyFormat.ONNX


def _holds_code(content: bytes, name: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member.partition("/")[2] for member in archive.namelist()]
    except zipfile.BadZipFile as error:
        raise PolicyError(f"{name} is a broken archive") from error
    return any(member.startswith("code/") for member in members) and "constants.pkl" in members
