"""Ring systems by hand, and MoleculeNet's sets in the convention of its authors."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verticals.core.errors import DataError
from verticals.core.task import Field, Schema, SplitRule
from verticals.datasets.folds import cross_folds
from verticals.datasets.scaffold import fill_by_size, scaffold_codes, scaffolds
from verticals.datasets.split import split

pytest.importorskip("rdkit", reason="the extra `chem` is not installed")
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "moleculenet"
SCHEMA = Schema((Field("smiles", "text"),), "label", ("0", "1"))
RULE = SplitRule("scaffold", validation=0.1, test=0.1)  # type: ignore[arg-type]


def molecules(name: str, column: str = "smiles", label: str = "label") -> pd.DataFrame:
    if not (DATA / name).exists():
        pytest.skip(f"the public file moleculenet/{name} is not here")
    frame = pd.read_csv(DATA / name).rename(columns={column: "smiles", label: "label"})
    return frame.assign(label=frame["label"].astype(str))


def test_scaffolds_by_hand() -> None:
    found = scaffolds(
        ["CC(=O)Nc1ccc(O)cc1", "CCO", "no molecule", None, "OC1CCCCC1", "c1ccccc1CCc1ccccc1", "C[C@H]1CCCO1"]
    )
    assert found == ["c1ccccc1", "", None, None, "C1CCCCC1", "c1ccc(CCc2ccccc2)cc1", "C1CCOC1"]


def test_large_ring_systems_train_and_rare_ones_are_tested() -> None:
    groups = np.array([0] * 6 + [1] * 3 + [2] * 2 + [3] + [4] * 8)
    assert fill_by_size(groups, 0.15, 0.15).tolist() == [0] * 6 + [1] * 3 + [2] * 2 + [2] + [0] * 8
    # 14 of 20 fit into training: 8 and 6; then 3 of 3 for validation; the rest is tested


@pytest.mark.parametrize(
    ("name", "column", "label", "sizes", "groups"),
    [("bbbp.csv", "smiles", "p_np", (1631, 204, 204), 1025), ("bace.csv", "mol", "Class", (1210, 151, 152), 671)],
)
def test_moleculenet(name: str, column: str, label: str, sizes: tuple[int, int, int], groups: int) -> None:
    frame = molecules(name, column, label)
    parts = split(frame, SCHEMA, RULE)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == sizes
    assert parts.to_dict()["groups"] == groups
    own = np.array(scaffolds(frame["smiles"].tolist()), dtype=object)
    sides = [set(own[part]) for part in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == groups
    mixed = frame.sample(frac=1, random_state=1)
    again = split(mixed, SCHEMA, RULE)
    assert set(mixed.index[again.test]) == set(frame.index[parts.test])
    assert again.to_dict()["rows_sha256"] == parts.to_dict()["rows_sha256"]


def test_folds_by_scaffold() -> None:
    frame = molecules("bbbp.csv", "smiles", "p_np")
    codes, column, _ = scaffold_codes(frame, SCHEMA)
    assert column == "smiles"
    folds = cross_folds(frame, SCHEMA, RULE, folds=5, seed=0)
    for one in folds:
        assert not set(codes[one.train]) & set(codes[one.test])
        assert len(one.test) == pytest.approx(len(frame) / 5, abs=2)
        assert (frame["label"].iloc[one.test] == "1").mean() == pytest.approx(1560 / 2039, abs=0.02)


def test_faults_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"smiles": ["CCO", "nothing", "at all", "c1ccccc1"], "label": ["0", "1"] * 2})
    with pytest.raises(DataError, match=r"2 of 4 cells of 'smiles' are no molecules"):
        split(frame, SCHEMA, RULE)
    with pytest.raises(DataError, match="no column 'gone'"):
        split(frame, SCHEMA, SplitRule("scaffold", group="gone"))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no text column"):
        split(frame[["label"]], Schema((), "label", ("0", "1")), RULE)
    alike = pd.DataFrame({"smiles": ["c1ccccc1C", "c1ccccc1N", "c1ccccc1O", "c1ccccc1"], "label": ["0", "1"] * 2})
    with pytest.raises(DataError, match="only 1 ring systems"):
        split(alike, SCHEMA, RULE)
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(DataError, match=r"RDKit, which is not installed; run `pip install"):
        scaffolds(["CCO"])


def test_an_unreadable_molecule_stands_alone() -> None:
    frame = pd.DataFrame({"smiles": ["C1CC1" + "C" * i for i in range(19)] + ["?"], "label": ["0", "1"] * 10})
    codes, _, notes = scaffold_codes(frame, SCHEMA)
    assert len(set(codes.tolist())) == 2
    assert notes[-1] == "1 molecules in 'smiles' cannot be read; each stands alone."


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=3, max_size=80), st.sampled_from([0.1, 0.2]), st.sampled_from([0.0, 0.1, 0.2])
)
def test_fill_property(groups: list[int], validation: float, test: float) -> None:
    part = fill_by_size(np.array(groups), validation, test)
    owner = pd.Series(part).groupby(groups).nunique()
    assert (owner == 1).all()
    trained = np.unique(np.array(groups)[part == 0])
    assert len(trained) == 1 or (part == 0).mean() <= 1 - validation - test + 1e-9
    assert np.bincount(groups)[trained].max() == np.bincount(groups).max()
    if not test:
        assert set(part.tolist()) <= {0, 1}
