"""Let schemathesis ask the API what its OpenAPI description allows, and what it does not.

`python -m tests.fuzz.api [seconds]`: a real server, an admin's key. No answer may be a 500, and
each must be as the description says. It prints how to repeat what it finds.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.peers import fuzzers
from tests.support.server import a_server

SECONDS = 120
_CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance,ignored_auth"


def main() -> int:
    """0, if nothing was found."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with TemporaryDirectory() as folder, a_server(Path(folder)) as server:
        command = [
            str(fuzzers() / "bin" / "schemathesis"),
            *("run", f"{server.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {server.key}"),
            *("--checks", _CHECKS, "--max-time", str(seconds), "--no-color"),
        ]
        status = subprocess.run(command, check=False, cwd=folder).returncode
        said = server.output.splitlines()
    broken = [line for line in said if "Traceback" in line]
    print(*(line for line in said if " WARNING " in line or " ERROR " in line), sep="\n")
    print(f"{len(broken)} tracebacks in the server's log")
    return status or int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
