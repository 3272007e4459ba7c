"""Where the fuzzers of others are: `scripts/test-setup.sh` keeps them out of our environment."""

import sys
from pathlib import Path

from tests.support.requirements import REQUIREMENTS


def fuzzers() -> Path:
    """The folder of their virtual environment.

    Raises:
        SystemExit: it is not there; the text says how to have it.
    """
    found = REQUIREMENTS["fuzzers"].find()
    if found is None:
        raise SystemExit(f"not here: {REQUIREMENTS['fuzzers'].remedy}")
    return found


def use_their_modules() -> None:
    """Make atheris importable; what we have ourselves stays ours."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    sys.path.append(str(fuzzers() / "lib" / version / "site-packages"))
