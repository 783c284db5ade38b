"""Reports as their readers see them: what overflows at three widths, in light and dark, and what axe-core calls serious.

    npm install --prefix /some/folder axe-core puppeteer-core
    python benchmarks/look.py --axe /some/folder runs/x/report/report.html --shots /some/other

Needs Node.js and a Chromium. Prints one line a file and one for each fault; the exit status is 1 when something is found and
2 when something that it needs is not there. The looking itself is `look.cjs`, since axe-core runs in the page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PACKAGES = ("axe-core", "puppeteer-core")


def lacking(axe: Path, files: list[Path]) -> str:
    """One sentence about what is not there; empty when all is."""
    if shutil.which("node") is None:
        return "Node.js is not installed; install it (for example `apt-get install nodejs`)."
    if browser() is None:
        return "No Chromium is installed; install one (for example `apt-get install chromium`) or name it in CHROMIUM."
    absent = [name for name in PACKAGES if not (axe / name).is_dir()]
    if absent:
        return f"{' and '.join(absent)} not found in {str(axe)!r}; `npm install --prefix FOLDER {' '.join(PACKAGES)}`."
    gone = [str(file) for file in files if not file.is_file()]
    return f"There is no file {gone[0]!r}." if gone else ""


def browser() -> str | None:
    """Path of the browser to use; None: there is none."""
    named = os.environ.get("CHROMIUM", "")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)


def main() -> int:
    """Look at the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="HTML files")
    parser.add_argument(
        "--axe", type=Path, required=True, help="folder that npm installed axe-core and puppeteer-core in"
    )
    parser.add_argument("--shots", type=Path, help="folder for pictures and the printed pages")
    asked = parser.parse_args()
    modules = (asked.axe if asked.axe.name == "node_modules" else asked.axe / "node_modules").resolve()
    fault = lacking(modules, asked.files)
    if fault:
        print(f"look: {fault}", file=sys.stderr)
        return 2
    shots = [] if asked.shots is None else ["--shots", str(asked.shots)]
    return subprocess.run(
        ["node", str(Path(__file__).with_suffix(".cjs")), *map(str, asked.files), *shots],
        env=os.environ | {"NODE_PATH": str(modules), "CHROMIUM": str(browser())},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
