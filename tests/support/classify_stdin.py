"""The classifier as a filter: JSON lines with an input in, JSON lines with the verdict out.

In: `{"id", "kind": "shell" | "text" | "file", "input", "path"?}`; out: `{"id", "risk_level", "pii",
"secrets", "rules"}`. For scoring the rules on labelled corpora; run as
`python -m tests.support.classify_stdin`.
"""

import json
import sys
from typing import Any

from agentaudit_processor.model import Action, ToolCall
from agentaudit_processor.pipeline import Judge
from tests.support.builders import a_request


def as_call(record: dict[str, Any]) -> ToolCall:
    """The ToolCall that a corpus record stands for."""
    text, kind = record["input"], record["kind"]
    if kind == "shell":
        return a_request(arguments={"command": text}, cwd=None)
    if kind == "file":
        path = record.get("path", "input.txt")
        return a_request(
            "Write",
            action=Action.FILE_WRITE,
            arguments={"file_path": f"fixtures/{path}", "content": text},
            cwd=None,
        )
    return a_request("run_code", action=Action.OTHER, arguments={"code": text}, cwd=None)


def main() -> None:
    """Judge every line of standard input."""
    judge = Judge.load()
    for line in sys.stdin:
        if not line.strip():
            continue
        record = json.loads(line)
        exam = judge.examine(as_call(record))
        answer = {
            "id": record["id"],
            "risk_level": exam.risk_level.label,
            "pii": sorted({f.pii for f in exam.findings if f.pii}),
            "secrets": sorted({f.secret for f in exam.findings if f.secret}),
            "rules": sorted({f.rule_id for f in exam.findings}),
        }
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
