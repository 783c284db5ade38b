"""The main job with every socket blocked: prepare, tune, evaluate, predict; nobody even tried."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

JOB = """
import json, os, socket, sys

tried = []

def refuse(name):
    def refused(*arguments, **named):
        tried.append([name, repr(arguments)[:200]])
        raise OSError("the network is blocked")
    return refused

class Blocked(socket.socket):
    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        if family == getattr(socket, "AF_UNIX", None) or fileno is not None:
            super().__init__(family, type, proto, fileno)  # between processes of this machine
            return
        refuse("socket")(family, type)

socket.socket = Blocked
for name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_server"):
    setattr(socket, name, refuse(name))

try:
    socket.getaddrinfo("localhost", 80)
except OSError:
    assert len(tried) == 1
    tried.clear()
try:
    socket.socket(socket.AF_INET)
except OSError:
    assert len(tried) == 1
    tried.clear()

import verticals
from verticals.core.recipe import with_settings
from verticals.datasets.stream import predict_file

backbone, place = sys.argv[1:]
data = verticals.prepare("finance.credit", rows=150, seed=1)
settings = {"epochs": 1, "batch_rows": 32, "rank": 4, "threads": 1, "backbone": backbone}
run = verticals.tune(data, with_settings(verticals.Recipe(), settings), out=place + "/run", progress=False)
report = verticals.evaluate(run, threads=1, progress=False)
data.test.drop(columns="outcome").to_csv(place + "/new.csv", index=False)
count = predict_file(verticals.Predictor.load(run, threads=1), place + "/new.csv", place + "/scored.csv")
print(json.dumps({"tried": tried, "rows": count.rows, "expected": len(data.test), "simulated": report.data["simulated"],
                  "headline": report.headline, "baselines": len(report.data["baselines"])}))
"""


def said_by(backbone: str, place: Path) -> dict[str, object]:
    """Run the job in a fresh interpreter, with nothing set that would keep a library offline by itself."""
    hushed = (
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_DATASETS_OFFLINE",
        "DO_NOT_TRACK",
        "HF_HUB_DISABLE_TELEMETRY",
    )
    environment = {key: value for key, value in os.environ.items() if key not in hushed}
    environment |= {"OMP_NUM_THREADS": "1", "HF_HOME": str(place / "empty"), "HOME": str(place)}
    made = subprocess.run(
        [sys.executable, "-c", JOB, backbone, str(place)],
        capture_output=True, text=True, env=environment, timeout=300, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
    found: dict[str, object] = json.loads(made.stdout.splitlines()[-1])
    return found


def check(found: dict[str, object]) -> None:
    assert found["tried"] == []
    assert found["rows"] == found["expected"] == 30
    assert found["simulated"] is True
    assert found["baselines"]


def test_the_main_job_needs_no_network(backbones: dict[str, Path], tmp_path: Path) -> None:
    check(said_by(str(backbones["bert"]), tmp_path))


@pytest.mark.slow
def test_the_embedded_backbone_needs_no_network(tmp_path: Path) -> None:
    check(said_by("minilm", tmp_path))
