"""Writes vaults as Flashbax lays them out: zarr arrays with an endless time axis, in a key-value store."""

import json

import numpy as np
import tensorstore

ENDLESS = 10**13
BFLOAT16 = tensorstore.bfloat16.numpy_dtype


def write_vault(folder, tree, *, n_rows=None, metadata=None):
    """Write nested arrays of (batch, time, ...); ``n_rows`` is what the vault is to say of them."""
    folder.mkdir(parents=True)
    leaves = dict(_flattened(tree))
    structure = {"version": 1.2, "structure_shape": _mapped(tree), "structure_dtype": _mapped(tree)}
    (folder / "metadata.json").write_text(json.dumps(structure | (metadata or {})))
    for keys, array in leaves.items():
        store = create(folder, "".join(f"{key}." for key in keys), array.dtype, (len(array), ENDLESS, *array.shape[2:]))
        store[:, : array.shape[1]].write(array).result()
    longest = max(array.shape[1] for array in leaves.values())
    create(folder, "vault_index", np.dtype("int32"), (1,)).write(longest if n_rows is None else n_rows).result()
    return folder


def create(folder, key, dtype, shape, *, chunks=None):
    """Create an array, in place of one of that key."""
    base = {"driver": "file", "path": f"{folder}/"}
    spec = {"driver": "zarr", "kvstore": {"driver": "ocdbt", "base": base, "path": key}, "metadata": {}}
    if len(shape) > 1:
        spec["metadata"]["compressor"] = {"id": "gzip", "level": 5}
    if chunks is not None:
        spec["metadata"]["chunks"] = chunks
    return tensorstore.open(spec, create=True, delete_existing=True, dtype=dtype.name, shape=shape).result()


def _flattened(tree, above=()):
    for key, inside in tree.items():
        if isinstance(inside, dict):
            yield from _flattened(inside, (*above, key))
        else:
            yield (*above, key), inside


def _mapped(tree):
    return {key: _mapped(inside) if isinstance(inside, dict) else str(inside.shape) for key, inside in tree.items()}
