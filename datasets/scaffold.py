"""Ring systems of molecules, so that a test asks about molecules of another kind than those of the training.

    CC(=O)Nc1ccc(O)cc1      c1ccccc1        one ring
    O=C(O)CCc1ccc2ncccc2c1  c1ccc2ncccc2c1  two fused rings
    CCO                     ""              no ring: all of these are one group

The scaffold is that of Bemis and Murcko (1996): all ring systems with what links them, without side chains and without
stereochemistry. Molecules are SMILES; they are read by RDKit, which is an extra of this package (`chem`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import DataError
from ..core.task import Schema

__all__ = ["fill_by_size", "scaffold_codes", "scaffolds", "smiles_column"]

NAMES = ("smiles", "mol", "molecule", "canonical_smiles", "structure")
READABLE = 0.9
"""Share of the texts of a column that must be molecules."""


def scaffolds(smiles: Sequence[str | None]) -> list[str | None]:
    """The Bemis-Murcko scaffold of each molecule as canonical SMILES; "" without a ring, None where it cannot be read.

    >>> scaffolds(["CC(=O)Nc1ccc(O)cc1", "CCO", "no molecule"])
    ['c1ccccc1', '', None]

    Raises:
        DataError: RDKit is not installed.
    """
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol
    except ImportError:
        raise DataError(
            "A split by scaffold needs RDKit, which is not installed; run `pip install 'verticals[chem]'`, or part the "
            "rows by another rule."
        ) from None
    frame_of: Any = GetScaffoldForMol
    known: dict[str, str | None] = {}
    with rdBase.BlockLogs():  # unreadable molecules are told as notes
        for text in {one.strip() for one in smiles if isinstance(one, str)}:
            molecule = Chem.MolFromSmiles(text) if text else None
            known[text] = None if molecule is None else str(Chem.MolToSmiles(frame_of(molecule), isomericSmiles=False))
    return [known[one.strip()] if isinstance(one, str) else None for one in smiles]


def smiles_column(frame: pd.DataFrame, schema: Schema, name: str | None = None) -> str:
    """The column that holds the molecules: the named one, else one with a usual name, else the only text.

    Raises:
        DataError: there is none, or more than one.
    """
    if name is not None:
        if name in frame.columns:
            return name
        raise DataError(
            f"The rows are to be parted by scaffold, but there is no column {name!r}; name that of the SMILES."
        )
    texts = [one.name for one in schema.of_kind("text")]
    usual = [str(one) for one in frame.columns if str(one).lower() in NAMES]
    found = usual or texts
    if len(found) != 1:
        there = f"there are {', '.join(map(repr, found))}" if found else "there is no text column"
        raise DataError(f"The rows are to be parted by scaffold, but {there}; name the column of the SMILES.")
    return found[0]


def scaffold_codes(frame: pd.DataFrame, schema: Schema, name: str | None = None) -> tuple[np.ndarray, str, list[str]]:
    """Molecules with one scaffold have one number; the smaller, the earlier it stands in the order of the scaffolds.

    Returns:
        (rows,) int; the column of the molecules; notes. A molecule that cannot be read is a group of its own.

    Raises:
        DataError: RDKit is not installed, no column of molecules, or fewer than 90 % of it are molecules.
    """
    column = smiles_column(frame, schema, name)
    cells = [cell if isinstance(cell, str) else None for cell in frame[column]]
    found = scaffolds(cells)
    lost = sum(one is None for one in found)
    if lost > (1 - READABLE) * len(found):
        raise DataError(
            f"{lost:,} of {len(found):,} cells of {column!r} are no molecules in SMILES; name the column that holds them."
        )
    own = [f"?{cell}" if one is None else one for one, cell in zip(found, cells, strict=True)]
    codes, names = pd.factorize(np.array(own, dtype=object), sort=True)
    notes = [f"{len(names):,} scaffolds of {column!r} were parted so that none stands on two sides."]
    if lost:
        notes.append(f"{lost:,} molecules in {column!r} cannot be read; each stands alone.")
    return np.asarray(codes), column, notes


def fill_by_size(groups: np.ndarray, validation: float, test: float) -> np.ndarray:
    """(rows,) int part: groups from the largest to the smallest fill training, then validation, then test.

    This is how MoleculeNet (Wu et al. 2018) parts molecules by scaffold: what is tested are rare ring systems. Groups of
    one size go by their number, so that the order of the rows does not matter. The largest group always trains.

    Args:
        groups: (rows,) int.
        validation, test: shares of the rows.
    """
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    train_most = (1 - validation - test) * len(groups) + 1e-9
    known_most = (1 - test) * len(groups) + 1e-9
    part_of = np.zeros(len(size), np.int64)
    train = middle = 0
    for one in np.lexsort((np.arange(len(size)), -size)):
        count = int(size[one])
        if train + count <= train_most or not train:
            train += count
        elif train + middle + count <= known_most or not test:
            part_of[one] = 1
            middle += count
        else:
            part_of[one] = 2
    return np.asarray(part_of[group])
