"""The page on detection quality is made of figures that are counted as it says."""

import json
from pathlib import Path

import pytest
import yaml

from tests.bench import quality

BENCH = Path(quality.__file__).parent
KNOWN = yaml.safe_load((BENCH / "corpora.yaml").read_text())["corpora"]


def write(folder: Path, name: str, *records: dict[str, object]) -> None:
    lines = [json.dumps({"id": f"{name}-{at}", **one}) for at, one in enumerate(records)]
    (folder / f"{name}.dev.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """A corpus of each measure, small."""
    write(
        tmp_path,
        "dcg_commands",
        {"kind": "shell", "label": "risky", "input": "rm -rf /"},
        {"kind": "shell", "label": "risky", "input": "ls"},
        {"kind": "shell", "label": "benign", "input": "git status"},
        {"kind": "shell", "label": "benign", "input": "rm -rf src"},
        {"kind": "shell", "label": "benign", "input": "cat .env", "meta": {"rule": "secrets.x"}},
    )
    write(
        tmp_path,
        "leaky_repo",
        {"kind": "text", "label": "secret", "parts": ["id AKIAQ3EGRF", "B4WUS5LP2M"]},
        {"kind": "text", "label": "no_secret", "input": "nothing"},
    )
    card = {"entity": "CREDIT_CARD", "strong": True}
    write(
        tmp_path,
        "pii_generated",
        {"kind": "text", "label": "pii", "input": "card 4111 1111 1111 1111", "meta": card},
        {"kind": "text", "label": "no_pii", "input": "card 4111 1111 1111 1112", "meta": card},
    )
    return tmp_path


def test_shares_are_of_what_the_labels_say(corpora: Path, capsys: pytest.CaptureFixture[str]):
    assert 0 == quality.run(["--corpora", str(corpora), "--misses", "5"])

    shown = capsys.readouterr().out
    assert "| dcg_commands | risk | 1 of 2 | 50.0 % | 2 | 50.0 % |" in shown
    assert "| leaky_repo | secrets | 1 of 1 | 100.0 % | 1 | 0.0 % |" in shown
    assert "| pii_generated | pii | 1 of 1 | 100.0 % | 1 | 0.0 % |" in shown
    assert "dcg_commands missed: 'ls'" in shown
    assert "dcg_commands alarm: 'rm -rf src'" in shown
    assert "safety_net_commands |" not in shown.split("## Where the texts")[0]


def test_every_corpus_says_where_it_comes_from_and_what_is_aimed_for():
    for corpus in KNOWN:
        assert corpus["source"]
        assert corpus["licence"]
        assert corpus["best"]
        assert corpus["measure"] in ("risk", "secrets", "pii")


def test_the_page_holds_every_corpus():
    page = quality.PAGE.read_text()

    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for corpus in KNOWN:
        assert any(row.startswith(f"| {corpus['name']} |") for row in rows)
