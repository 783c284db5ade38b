"""What holds of the whole house: floors, imports, the wheel, the public face, words that must not be there."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import verticals
from verticals import Domain, Field, Flag, Metric, Reader, SafetyPolicy, Scored, SplitRule, Task, check_task
from verticals.core.errors import TaskError
from verticals.core.recipe import Recipe
from verticals.core.registry import domain_names, load_domain, load_tasks
from verticals.core.task import Bank, Box, Decision

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {"core": 0, "datasets": 1, "domains": 2, "evaluation": 2, "cli": 3, "serving": 3}
OUTSIDE = {"tests", "benchmarks", "docs", "build", "dist", "runs"}
DOMAINS = ("medical", "education", "finance")
HEAVY = ("torch", "pandas", "numpy", "transformers", "sklearn", "langchain", "pyarrow", "scipy", "peft", "accelerate")


def package_files() -> list[Path]:
    """Every Python file of the package, relative to the root."""
    found = (p.relative_to(ROOT) for p in ROOT.rglob("*.py"))
    return sorted(p for p in found if p.parts[0] not in OUTSIDE and not p.parts[0].startswith("."))


FILES = package_files()


def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """(dotted name inside the package, statement) of every relative import; `from . import a` names a too."""
    here = list(path.with_suffix("").parts)
    here = here[:-1]  # an __init__ stands for its folder, a module for the folder it is in
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            up = len(here) - (node.level - 1)
            assert up >= 0, f"{path} climbs out of the package"
            base = [*here[:up], *(node.module.split(".") if node.module else [])]
            for one in node.names:
                yield ".".join([*base, one.name] if one.name != "*" else base), node


def floor_of(parts: tuple[str, ...] | list[str]) -> int | None:
    """Floor of a place in the package; None for the public face, which stands above all."""
    return FLOORS.get(parts[0].removesuffix(".py")) if parts else None


def test_the_package_is_found() -> None:
    assert len(FILES) > 50
    assert {p.parts[0] for p in FILES} >= {"core", "datasets", "domains", "evaluation", "cli.py", "__init__.py"}


# -- imports ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=str)
def test_arrows_only_go_down(path: Path) -> None:
    floor = floor_of(path.parts)
    if floor is None:
        return
    for name, _ in imported(path):
        parts = name.split(".")
        other = floor_of(parts)
        if other is None:  # the version number is all that anyone takes from the public face
            assert parts == ["__version__"], f"{path} imports {name}"
            continue
        assert other < floor or parts[0] == path.parts[0].removesuffix(".py") or (
            path.parts[0] == "domains" and parts[:2] == ["evaluation", "metrics"]
        ), f"{path} (floor {floor}) imports {name} (floor {other})"  # fmt: skip


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[0] == "domains"], ids=str)
def test_a_domain_imports_no_other_domain(path: Path) -> None:
    for name, _ in imported(path):
        parts = name.split(".")
        if parts[0] == "domains":
            assert len(path.parts) > 2, f"{path} imports {name}"
            assert parts[1] == path.parts[1], f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[0] == "evaluation"], ids=str)
def test_evaluation_imports_no_domain(path: Path) -> None:
    assert not [name for name, _ in imported(path) if name.split(".")[0] == "domains"]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_inside_the_package_are_relative(path: Path) -> None:
    own = {"verticals", *FLOORS, *DOMAINS} - {"datasets"}  # a plain `import datasets` is another library's
    for node in ast.walk(tree_of(path)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        assert not [n for n in names if n.split(".")[0] in own], f"{path} imports {names} absolutely"


def test_a_forbidden_import_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading of imports itself: relative names are resolved, also inside functions."""
    (tmp_path / "domains" / "medical").mkdir(parents=True)
    made = tmp_path / "domains" / "medical" / "x.py"
    made.write_text(
        "def f():\n    from ..finance.tasks import FRAUD\n    from ...cli import app\nfrom . import tasks\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    names = sorted(name for name, _ in imported(Path("domains/medical/x.py")))
    assert names == ["cli.app", "domains.finance.tasks.FRAUD", "domains.medical.tasks"]


# -- `datasets` is also the name of somebody else's library -----------------------------------------------------


def test_datasets_has_no_init_and_leaves_the_name_to_others() -> None:
    assert not (ROOT / "datasets" / "__init__.py").exists()
    said = in_python(
        "import importlib.util, json; s = importlib.util.find_spec('datasets');"
        "print(json.dumps([s and s.origin, list(s.submodule_search_locations or []) if s else []]))",
        cwd=ROOT,
    )
    origin, places = json.loads(said)
    if origin is not None:  # installed: theirs wins although ours lies in the working folder
        assert "site-packages" in origin
        assert str(ROOT / "datasets") not in places


def test_the_other_datasets_wins_where_it_is_installed() -> None:
    if importlib.util.find_spec("datasets") is None or importlib.util.find_spec("datasets").origin is None:  # type: ignore[union-attr]
        pytest.skip("the library `datasets` is not installed")
    said = in_python("import datasets; print(datasets.__file__, hasattr(datasets, 'load_dataset'))", cwd=ROOT)
    assert "site-packages" in said
    assert said.split()[-1] == "True"


def test_our_datasets_imports_under_its_own_name() -> None:
    said = in_python("import verticals.datasets.table as t; print(t.__file__)", cwd=ROOT)
    assert Path(said.strip()) == ROOT / "datasets" / "table.py"


# -- what an import costs ---------------------------------------------------------------------------------------


def in_python(code: str, *, cwd: Path | None = None) -> str:
    """Run a line in a fresh interpreter and give back what it printed."""
    made = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, timeout=120, check=False
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


def loaded_by(code: str) -> set[str]:
    """Heavy libraries that are loaded after a line of code."""
    return set(json.loads(in_python(f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"))) & set(HEAVY)


@pytest.mark.parametrize(
    "code",
    [
        "import verticals",
        "import verticals.cli",
        "import verticals.core.task, verticals.core.recipe, verticals.core.registry, verticals.core.errors",
    ],
)
def test_the_front_door_is_light(code: str) -> None:
    assert loaded_by(code) == set()


@pytest.mark.parametrize("name", DOMAINS)
def test_a_domain_is_light(name: str) -> None:
    assert not loaded_by(f"import verticals.domains.{name}") & {"torch", "transformers", "sklearn", "langchain", "peft"}


def test_help_loads_no_torch_and_returns() -> None:
    code = (
        "import runpy, sys\nsys.argv = ['verticals', '--help']\n"
        "try:\n    runpy.run_module('verticals', run_name='__main__')\nexcept SystemExit as leaving:\n"
        "    print('code', leaving.code)\nprint('heavy', sorted(set(sys.modules) & "
        f"set({HEAVY!r})))"
    )
    said = in_python(code)
    assert "code 0" in said
    assert "heavy []" in said
    for name in ("tune", "evaluate", "predict", "quickstart", "doctor", "tasks"):
        assert name in said


# -- the public face --------------------------------------------------------------------------------------------

PUBLIC = [
    "Bank", "Box", "DataError", "Decision", "Domain", "Field", "Flag", "Metric", "Predictor", "Reader", "Recipe",
    "SafetyPolicy", "Scored", "SplitRule", "Task", "VerticalsError", "__version__", "check_task", "compare",
    "evaluate", "load_task", "prepare", "report", "tune",
]  # fmt: skip


def test_public_names() -> None:
    assert sorted(verticals.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(verticals, name) is not None
    assert set(PUBLIC) <= set(dir(verticals))
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = verticals.nothing_like_this


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("medical", {"DiagnosisAssistant"}),
        ("education", {"Tutor"}),
        ("finance", {"FraudDetector", "CreditRiskAssessor"}),
    ],
)
def test_what_an_application_imports(module: str, names: set[str]) -> None:
    face = importlib.import_module(f"verticals.{module}")
    assert names <= set(face.__all__)
    assert all(hasattr(face, name) for name in face.__all__)


def test_every_module_says_what_it_offers() -> None:
    """A name in __all__ exists: read by syntax, so nothing heavy is imported."""
    for path in FILES:
        tree = tree_of(path)
        said = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
        ]
        if not said or not isinstance(said[0], ast.List) or any(isinstance(e, ast.Starred) for e in said[0].elts):
            continue
        defined: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.Assign):
                defined |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                defined.add(node.target.id)
            elif isinstance(node, ast.ImportFrom | ast.Import):
                defined |= {(one.asname or one.name) for one in node.names}
        lacking = {e.value for e in said[0].elts if isinstance(e, ast.Constant)} - defined
        assert not lacking, f"{path} lists {lacking}, which it does not define"


# -- the recipe -------------------------------------------------------------------------------------------------


def test_every_setting_is_read_somewhere() -> None:
    read = {
        node.attr
        for path in FILES
        if path != Path("core/recipe.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    names = [one.name for one in fields(Recipe)]
    assert not [name for name in names if name not in read]
    assert len(names) <= 27


# -- words ------------------------------------------------------------------------------------------------------

FORBIDDEN = {
    "an open end": r"\b(?:TODO|FIXME|XXX|HACK)\b",
    "a path of one machine": r"(?<![\w.])/(?:root|home|work|mnt|Users)/\w",
    "a pickle": r"\bpickle\.loads?\b|\bimport pickle\b|joblib\.load",
    "torch.load": r"\btorch\.load\(",
    "code of a model repository": r"trust_remote_code\W*(?:=|:)\W*True",
    "a network call": r"\brequests\.(?:get|post)|urllib\.request|\bhttp\.client\b",
    "running a string": r"(?<![\w.])(?:eval|exec)\(",
}


ALLOWED = {("a network call", "datasets/fetch.py")}
"""Where a forbidden thing is the purpose: `data get` fetches public sets when a user asks for it."""


@pytest.mark.parametrize("what", FORBIDDEN)
def test_forbidden_words(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in FILES
        if (what, str(path)) not in ALLOWED
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found


def test_the_forbidden_words_are_recognised() -> None:
    bad = ["# TODO later", "open('/home/me/x')", "pickle.load(f)", "torch.load(p)", "trust_remote_code=True"]
    bad += ['"trust_remote_code": True', "requests.get(u)", "eval(s)"]
    for text in bad:
        assert any(re.search(pattern, text) for pattern in FORBIDDEN.values()), text
    for text in ["trust_remote_code=False", "model.eval()", "a/home/x"]:
        assert not any(re.search(pattern, text) for pattern in FORBIDDEN.values()), text


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 420
    assert not re.search(r"utils|helpers|manager", path.name)
    only_words = len(tree_of(path).body) == 1
    assert "from __future__ import annotations" in text or only_words or len(text.splitlines()) < 6
    if path.name != "__init__.py" or text.strip():
        assert ast.get_docstring(tree_of(path)), f"{path} does not say what it is for"


def test_test_markers_are_declared() -> None:
    """Every marker that a test of ours bears is one that pyproject.toml declares, and each is used rightly spelt."""
    declared = {m.split(":")[0] for m in pyproject()["tool"]["pytest"]["ini_options"]["markers"]}
    own = {"parametrize", "skipif", "skip", "xfail", "usefixtures", "filterwarnings", "timeout"}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"pytest\.mark\.(\w+)", path.read_text(encoding="utf-8")):
            assert name in declared | own, f"{path.name} uses the marker {name}"


# -- what is shipped --------------------------------------------------------------------------------------------


def pyproject() -> dict:  # type: ignore[type-arg]
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.lstrip().startswith("Apache License\n")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    project = pyproject()["project"]
    assert project["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE"]
    assert project["version"] == verticals.__version__


def test_every_dependency_has_a_lower_bound_and_the_fast_moving_ones_an_upper() -> None:
    needed = pyproject()["project"]["dependencies"]
    for one in needed:
        assert ">=" in one, one
    fast = {"torch", "transformers", "peft", "accelerate", "pandas", "numpy", "scikit-learn", "langchain", "typer"}
    upper = {re.split(r"[><=]", one)[0] for one in needed if ",<" in one}
    assert fast <= upper


def test_every_imported_library_is_declared() -> None:
    project = pyproject()["project"]
    names = {re.split(r"[><=\[;]", one)[0].strip().lower().replace("-", "_") for one in project["dependencies"]}
    extras = {
        re.split(r"[><=\[;]", one)[0].strip().lower().replace("-", "_")
        for listed in project["optional-dependencies"].values()
        for one in listed
    }
    spelt = {
        "sklearn": "scikit_learn",
        "huggingface_hub": "transformers",
        "tokenizers": "transformers",
        "markupsafe": "jinja2",
        "fhir": "fhir.resources",
    }
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            tops = [n.name.split(".")[0] for n in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                tops = [node.module.split(".")[0]]
            for top in tops:
                if top in sys.stdlib_module_names or top == "__future__":
                    continue
                assert spelt.get(top, top).lower() in names | extras, f"{path} imports {top}, which is not declared"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the sources as a user's pip would."""
    import shutil

    folder = tmp_path_factory.mktemp("wheel")
    skip = shutil.ignore_patterns(".*", "build", "dist", "runs", "*.egg-info", "__pycache__", "benchmarks", "docs")
    shutil.copytree(ROOT, folder / "source", ignore=skip)
    made = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(folder / "source")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_every_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = {Path(name) for name in wheel.namelist()}
    tops = {path.parts[0] for path in names}
    assert tops == {"verticals", f"verticals-{verticals.__version__}.dist-info"}
    shipped = {path.relative_to("verticals") for path in names if path.parts[0] == "verticals"}
    assert {path for path in shipped if path.suffix == ".py"} == set(FILES)
    assert not {path.parts[0] for path in shipped} & OUTSIDE


def test_the_wheel_holds_the_package_data(wheel: zipfile.ZipFile) -> None:
    shipped = set(wheel.namelist())
    data = [
        path.relative_to(ROOT)
        for folder in ("core", "datasets", "domains", "evaluation", "serving")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    assert any(path.suffix == ".jsonl" for path in data)
    assert any(path.suffix in (".html", ".css", ".j2") for path in data if path.parts[0] == "evaluation")
    lacking = [str(path) for path in [Path("py.typed"), *data] if f"verticals/{path.as_posix()}" not in shipped]
    assert not lacking, f"the wheel lacks {lacking}: add them to [tool.setuptools.package-data]"


def test_the_wheel_registers_command_and_domains(wheel: zipfile.ZipFile) -> None:
    folder = f"verticals-{verticals.__version__}.dist-info"
    points = wheel.read(f"{folder}/entry_points.txt").decode()
    assert "verticals = verticals.__main__:main" in points
    for name in DOMAINS:
        assert f"{name} = verticals.domains.{name}:DOMAIN" in points
    assert any(name.startswith(folder) and name.endswith("LICENSE") for name in wheel.namelist())


# -- the contract -----------------------------------------------------------------------------------------------


def test_our_domains_are_installed() -> None:
    assert set(DOMAINS) <= set(domain_names())
    for name in DOMAINS:
        domain = load_domain(name)
        assert isinstance(domain, Domain)
        assert all(task.name.startswith(name + ".") for task in domain.tasks)


@pytest.mark.parametrize("task", [t for t in load_tasks() if t.name.split(".")[0] in DOMAINS], ids=lambda t: t.name)
def test_our_tasks_keep_the_contract(task: Task) -> None:
    check_task(task)


@pytest.mark.parametrize("name", DOMAINS)
def test_every_domain_folder_looks_like_the_next(name: str) -> None:
    rooms = {path.name for path in (ROOT / "domains" / name).glob("*.py")}
    assert {"__init__.py", "api.py", "metrics.py", "readers.py", "safety.py", "simulator.py", "tasks.py"} <= rooms


def right(scored: Scored) -> float:
    return float((scored.scores.argmax(1) == scored.truth).mean()) if len(scored) else float("nan")


def coins(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    side = random.choice(["heads", "tails"], rows)
    return pd.DataFrame({"weight": random.normal(5, 1, rows), "side": side})


COIN = Task(
    name="toys.coin",
    version="1",
    title="Which side?",
    kind="classification",
    label="side",
    metrics=(Metric("accuracy", "Accuracy", right),),
    safety=SafetyPolicy("A toy."),
    fields=(Field("weight", "number", "g", 0, 10),),
    labels=("heads", "tails"),
    positive="heads",
    simulate=coins,
)


def changing(rows: int, seed: int) -> pd.DataFrame:
    return coins(rows, int(np.random.default_rng().integers(1 << 30)))


def nameless(record: object) -> list[Flag]:
    return [Flag("", "")]


FAULTS: list[tuple[str, Callable[[], Task], str]] = [
    ("name", lambda: replace(COIN, name="Coin"), "name 'Coin' must be domain.task in lower case"),
    ("no title", lambda: replace(COIN, title=" "), "title must not be empty"),
    ("no metrics", lambda: replace(COIN, metrics=()), "metrics must name at least one metric"),
    ("metric twice", lambda: replace(COIN, metrics=COIN.metrics * 2), "the metric 'accuracy' is named twice"),
    (
        "wrong direction",
        lambda: replace(COIN, metrics=(Metric("accuracy", "A", right, higher_is_better=False),)),
        "metric 'accuracy' prefers wrong scores to right ones: its direction is wrong",
    ),
    (
        "outside its range",
        lambda: replace(COIN, metrics=(Metric("percent", "P", lambda s: 100 * right(s)),)),
        r"metric 'percent' gave 100, outside \[0, 1\]",
    ),
    (
        "a value for no rows",
        lambda: replace(COIN, metrics=(Metric("zero", "Z", lambda s: right(s) if len(s) else 0.0),)),
        "metric 'zero' gave 0 for no rows; it must give NaN",
    ),
    ("positive", lambda: replace(COIN, positive="edge"), "positive 'edge' is not among the labels"),
    (
        "label is a field",
        lambda: replace(COIN, fields=(*COIN.fields, Field("side", "category"))),
        "the label 'side' is also a field: the model would read its own answer",
    ),
    ("field twice", lambda: replace(COIN, fields=COIN.fields * 2), "the field 'weight' is named twice"),
    (
        "bounds",
        lambda: replace(COIN, fields=(Field("weight", "number", "g", 9, 1),)),
        "field 'weight': low 9 must be below high 1",
    ),
    (
        "unit of a category",
        lambda: replace(COIN, fields=(Field("metal", "category", "g"),)),
        "field 'metal' is a category and cannot have a unit or a range",
    ),
    (
        "statement",
        lambda: replace(COIN, safety=SafetyPolicy("")),
        "safety.statement must say what the output is not",
    ),
    (
        "error share",
        lambda: replace(COIN, safety=SafetyPolicy("A toy.", max_error=10)),
        "safety.max_error is 10 and must lie between 0 and 1",
    ),
    (
        "capacity",
        lambda: replace(COIN, decision=Decision("capacity", capacity=50)),
        "decision.capacity is 50 and must lie between 0 and 1",
    ),
    ("split", lambda: replace(COIN, split=SplitRule(validation=0.5, test=0.5)), "leave rows to train on"),
    ("seed", lambda: replace(COIN, simulate=changing), "simulate gave other records for the same seed"),
    (
        "same for every seed",
        lambda: replace(COIN, simulate=lambda rows, seed: coins(rows, 0)),
        "simulate gave the same records for another seed",
    ),
    (
        "too few rows",
        lambda: replace(COIN, simulate=lambda rows, seed: coins(rows // 2, seed)),
        r"simulate\(200, 0\) gave 100 rows",
    ),
    (
        "lacking column",
        lambda: replace(COIN, fields=(Field("metal", "category", required=True),)),
        "simulated records lack the column 'metal'",
    ),
    (
        "strange label",
        lambda: replace(COIN, labels=("heads", "edge"), positive=None),
        "simulated records have the label 'tails', which is not allowed",
    ),
    (
        "flag without words",
        lambda: replace(COIN, safety=SafetyPolicy("A toy.", escalate=nameless)),
        "safety.escalate gave a flag without name or message",
    ),
    (
        "choice of nothing",
        lambda: replace(COIN, kind="choice", simulate=None),
        "a choice needs a bank, or the name of the column",
    ),
    (
        "bank without the answer",
        lambda: replace(
            COIN,
            kind="choice",
            labels=(),
            positive=None,
            bank=Bank(lambda: pd.DataFrame({"id": ["heads", "edge"], "text": ["a", "b"]})),
        ),
        "simulated records name the candidate 'tails', which the bank lacks",
    ),
    (
        "readers",
        lambda: replace(COIN, readers=(Reader("a", "x", pd.read_csv), Reader("a", "y", pd.read_csv))),
        "two readers have the same name",
    ),
    (
        "boxes",
        lambda: replace(COIN, page_one=lambda scored: [Box("", "")]),
        "page_one gave no boxes, or a box without title or value",
    ),
]


def test_the_toy_itself_keeps_the_contract() -> None:
    check_task(COIN)


@pytest.mark.parametrize(("make", "says"), [pytest.param(make, says, id=name) for name, make, says in FAULTS])
def test_the_conformance_kit_finds_the_fault(make: Callable[[], Task], says: str) -> None:
    with pytest.raises(TaskError, match=says):
        check_task(make())


def test_the_conformance_kit_tells_all_faults_at_once() -> None:
    with pytest.raises(TaskError) as caught:
        check_task(replace(COIN, name="Coin", title="", metrics=()))
    assert "in 3 places" in str(caught.value)
    assert str(caught.value).count("\n- ") == 3
