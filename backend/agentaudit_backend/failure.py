"""The one error that a person who starts the server gets to see."""


class CannotStart(Exception):
    """Why it cannot be done, in words for the person at the keyboard."""


class WrongLine(Exception):
    """An option of the command line means nothing; the text names it."""
