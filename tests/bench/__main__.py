"""Runs every module of tests.bench that has a `report` or a `main`, each under its heading.

`python -m tests.bench [name …]` runs those named alone.
"""

import sys
from importlib import import_module
from pkgutil import iter_modules

import tests.bench


def main() -> None:
    """Print the figures."""
    wanted = sys.argv[1:]
    for module in iter_modules(tests.bench.__path__):
        if module.name == "__main__" or (wanted and module.name not in wanted):
            continue
        loaded = import_module(f"tests.bench.{module.name}")
        report = getattr(loaded, "report", None) or getattr(loaded, "main", None)
        if report is not None:
            print(f"\n## {module.name}: {(loaded.__doc__ or '').splitlines()[0]}\n", flush=True)
            report()


if __name__ == "__main__":
    main()
