"""The session that the guide tells: a small shop project, and what the model does in it."""

from pathlib import Path

from tests.support.model_server import Script, says, uses

PROMPT = "Read the README, check the test files, and add a new test for the login function"

README = """# Shop

A small web shop. `login(name, password)` in `shop.py` lets a customer in.

Maintained by Jonas Weber, jonas.weber@shop-weber.de, +49 30 23125042.
"""

SHOP = '''"""A small web shop."""

PASSWORDS = {"jonas": "correct horse"}


def login(name: str, password: str) -> bool:
    """Tell whether the password is the customer's."""
    return PASSWORDS.get(name) == password
'''

FIRST_TEST = """from shop import login


def test_the_right_password_lets_a_customer_in():
    assert login("jonas", "correct horse")
"""

NEW_TEST = """from shop import login


def test_a_wrong_password_keeps_a_stranger_out():
    assert not login("jonas", "battery staple")
"""


def a_shop(project: Path) -> Path:
    """Fill a project folder with the shop; gives the folder back."""
    (project / "tests").mkdir(parents=True)
    (project / "README.md").write_text(README)
    (project / "shop.py").write_text(SHOP)
    (project / ".env").write_text("STRIPE_KEY=sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc" + "\n")
    (project / "tests" / "test_login.py").write_text(FIRST_TEST)
    return project


def guide_script(project: Path) -> Script:
    """Six calls: read, list, write a test, run the tests, edit, and a command that fails."""

    def path(name: str) -> str:
        return str(project / name)

    pytest = "python3 -m pytest -q -p no:cacheprovider tests"
    edit = {"old_string": "# Shop\n", "new_string": "# Shop\n\nTests are in `tests/`.\n"}
    new_test = {"file_path": path("tests/test_wrong_password.py"), "content": NEW_TEST}
    return (
        uses(("Read", {"file_path": path("README.md")})),
        uses(("Bash", {"command": "ls tests", "description": "List the test files"})),
        uses(("Write", new_test)),
        uses(("Bash", {"command": pytest, "description": "Run the tests"})),
        uses(("Edit", edit | {"file_path": path("README.md")})),
        uses(("Bash", {"command": "cat tests/test_logout.py", "description": "Look for more"})),
        says("I added a test for a wrong password; all tests pass."),
    )


def eventful_script(project: Path) -> Script:
    """A session worth a picture: harmless work, personal data, secrets, and things to refuse.

    Whatever is not refused really runs, so nothing here can do harm outside `project`.
    """

    def path(name: str) -> str:
        return str(project / name)

    def shell(command: str, description: str) -> tuple[str, dict[str, str]]:
        return "Bash", {"command": command, "description": description}

    pytest = "python3 -m pytest -q -p no:cacheprovider tests"
    customers = "name,email,iban\nErika Muster,erika.muster@gmx.net,DE89370400440532013000\n"
    edit = {"old_string": "return PASSWORDS.get(name) == password"}
    edit |= {"new_string": "return name in PASSWORDS and PASSWORDS[name] == password"}
    return (
        uses(("Read", {"file_path": path("README.md")})),
        uses(("Read", {"file_path": path("shop.py")}), shell("ls tests", "List the test files")),
        uses(("Read", {"file_path": path(".env")})),
        uses(("Write", {"file_path": path("tests/test_wrong_password.py"), "content": NEW_TEST})),
        uses(shell(pytest, "Run the tests")),
        uses(("Edit", edit | {"file_path": path("shop.py")})),
        uses(shell(pytest, "Run the tests again")),
        uses(("Write", {"file_path": path("customers.csv"), "content": customers})),
        uses(shell("psql -h prod-db.internal -c 'DELETE FROM sessions'", "Clean up sessions")),
        uses(shell("git status --short", "See what changed")),
        uses(shell("rm -rf ../project", "Start afresh")),
        says("I added a test for a wrong password; all tests pass."),
    )
