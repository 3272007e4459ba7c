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
