"""What the machine has: threads, the faster exact matrix product, and the facts that a manifest records."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from .errors import RecipeError

__all__ = ["cores", "facts", "has_bfloat16", "prefer_fast_matmul", "resident_bytes", "use_threads", "versions"]

PACKAGES = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "scikit-learn",
    "numpy",
    "pandas",
    "safetensors",
    "tokenizers",
)


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_threads(threads: int = 0) -> int:
    """Set the CPU threads of this process: as asked, else all cores for a lone process and one for a worker of several.

    A worker is known by WORLD_SIZE (torchrun, accelerate launch) or OMP_NUM_THREADS.
    """
    if threads < 0:
        raise RecipeError(f"{threads} threads were asked for; name at least 1, or 0 to use all cores.")
    if not threads:
        said = os.environ.get("OMP_NUM_THREADS", "")
        alone = int(os.environ.get("WORLD_SIZE", "1")) == 1
        threads = int(said) if said.isdigit() and int(said) else (cores() if alone else 1)
    torch.set_num_threads(threads)
    return threads


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


@lru_cache(maxsize=1)
def prefer_fast_matmul() -> str:
    """Send float32 matrix products to oneDNN on AMD processors, where it is over twice as fast as MKL; still float32.

    The same switch would round to bfloat16 where the processor has AMX tiles, so it stays off there. The choice rests on
    the processor alone, never on a measurement, so that equal runs stay equal.

    Returns:
        "onednn" or "default".
    """
    amx = bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: True)())
    onednn: Any = torch.backends.mkldnn
    if "AMD" in _processor().upper() and not amx and onednn.is_available():
        onednn.matmul.fp32_precision = "bf16"
        return "onednn"
    return "default"


def has_bfloat16() -> bool:
    """The hardware multiplies bfloat16 matrices itself: most GPUs since 2020, CPUs with AVX512-BF16 or AMX."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, probe, lambda: False)()) for probe in probes)


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a result."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def facts() -> dict[str, Any]:
    """The machine in a few words: processor, cores, memory, accelerator."""
    page = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_gb": round(page / 2**30, 1),
        "accelerator": gpu,
        "system": platform.system(),
    }


def resident_bytes() -> int:
    """Peak memory of this process so far, in bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if platform.system() == "Darwin" else peak * 1024)
