"""What a program only says is no deed, and what looks like that still is one."""

import pytest

from agentaudit_processor.classify.code import without_commentary
from agentaudit_processor.classify.deeds import Access
from agentaudit_processor.classify.read import deeds_of_program

RUNS = {
    "python": "os.system('rm -rf src')",
    "javascript": "execSync('rm -rf src')",
    "ruby": "system('rm -rf src')",
    "perl": "system('rm -rf src');",
    "php": "system('rm -rf src');",
    "lua": "os.execute('rm -rf src')",
}


def deletes(code: str, language: str) -> bool:
    deeds = deeds_of_program(code.replace("RUN", RUNS[language]), language, "/srv/a")
    return any(deed.access is Access.DELETE_TREE for deed in deeds)


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "# RUN\nprint(1)"),
        ("python", "x = 1  # RUN"),
        ("python", '"""Calls RUN."""\nx = 1'),
        ("python", 'def f():\n    """Calls RUN."""\n    return 1'),
        ("python", 'print("RUN")'),
        ("javascript", "// RUN\nconsole.log(1)"),
        ("javascript", "/* RUN\n RUN */ f()"),
        ("javascript", 'console.log("RUN")'),
        ("ruby", "# RUN\nputs 1"),
        ("perl", "# RUN\nprint 1;"),
        ("php", "// RUN\n# RUN\necho 1;"),
        ("lua", "-- RUN\nprint(1)"),
    ],
)
def test_comments_and_printed_texts_are_no_deeds(language: str, code: str):
    found = deletes(code, language)

    assert found is False


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "x = '# '; RUN"),
        ("python", "print('a # b'); RUN"),
        ("python", "print(RUN)"),
        ("python", "print('a', RUN)"),
        ("python", "'''# '''; RUN"),
        ("python", 'x = f"{RUN} # "'),
        ("python", 'x = f"""\n# {RUN}"""'),
        ("python", 'exec(\n"""\nRUN\n"""\n)'),
        ("python", 'x = """a\n# """; RUN'),
        ("python", "class A { #f() { RUN } }"),
        ("python", "x = `# ${RUN}`"),
        ("javascript", "a = /[/]//1; RUN"),
        ("javascript", "a = /[/]/*1; RUN; b */ 1"),
        ("javascript", "fetch('http://x.test//z'); RUN"),
        ("javascript", "RUN // done"),
        ("javascript", "a = 1 /* x */; RUN; /* y */"),
        ("javascript", "console.log(`${RUN}`)"),
        ("ruby", "x = <<~A\n  #{RUN}\nA"),
        ("perl", "$#a; RUN"),
        ("lua", "--[[ x ]] RUN"),
    ],
)
def test_what_only_looks_like_a_comment_is_still_read(language: str, code: str):
    found = deletes(code, language)

    assert found is True


def test_a_language_that_is_not_known_keeps_its_text():
    code = "# os.remove('a')\n// os.remove('b')"

    kept = without_commentary(code, "haskell")

    assert kept == code


def test_no_more_comments_are_looked_at_than_a_bound():
    code = "# a\n" * 3_000 + "x = 1"

    kept = without_commentary(code, "python")

    assert kept.count("# a") == 2_000
    assert kept.endswith("x = 1")


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", 's = "RUN"'),
        ("python", 'x = {"a": "RUN"}\nprint(x["a"])'),
        ("python", 'import re\nprint(re.findall("a", "RUN"))'),
        ("python", 'for line in ["RUN"]:\n    print(line.upper())'),
        ("javascript", 'const s = "RUN"; console.log(s.length)'),
        ("javascript", 'const bad = ["RUN"]; if (bad.includes("x")) { console.log(bad) }'),
    ],
)
def test_texts_of_a_program_that_runs_nothing_are_no_deeds(language: str, code: str):
    found = deletes(code, language)

    assert found is False


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", 's = "RUN"; exec(s)'),
        ("python", 'print = exec\nprint("RUN")'),
        ("python", 'from os import system as print\nprint("rm -rf src")'),
        ("python", 'exec "RUN"'),
        ("python", "print(f'{RUN}')"),
        ("python", '__builtins__["exec"]("RUN")'),
        ("python", 'import runner\nrunner.log("RUN")'),
        ("javascript", 'eval("RUN")'),
        ("javascript", 'const log = eval; log("RUN")'),
        ("javascript", 'new Function("RUN")()'),
        ("javascript", 'globalThis["eval"]("RUN")'),
        ("javascript", "console.log(`${RUN}`)"),
        ("javascript", "x = /'/; RUN; y = /'/"),
        ("javascript", 'import "data:text/javascript,RUN"'),
    ],
)
def test_a_text_that_may_be_run_is_read(language: str, code: str):
    found = deletes(code, language)

    assert found is True
