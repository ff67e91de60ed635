"""What callers give: checked where it comes in, so that errors name it."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_progress", "choice", "seconds", "truth", "whole"]

# The largest number that the engine takes.
LARGEST = 2**63 - 1


def whole(name: str, value: Any, least: int = 0, most: int = LARGEST) -> int:
    """Return a whole number.

    Raises
    ------
    TypeError
        If it is none; True and False are none.
    ValueError
        If it is too small or too large.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is a whole number, found {_shown(value)}")
    try:
        number = index(value)
    except TypeError as error:
        # An array of several numbers.
        raise TypeError(f"{name} is a whole number, found {_shown(value)}") from error
    if not least <= number <= most:
        end = "on" if number < least else f"to {most}"
        raise ValueError(f"{name} is a whole number from {least} {end}, found {_shown(number)}")
    return number


def seconds(name: str, value: Any) -> float:
    """Return a time in seconds.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is negative or NaN.
    """
    if isinstance(value, bool) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"{name} is a number of seconds, found {_shown(value)}")
    try:
        number = float(value)
    except (TypeError, OverflowError) as error:
        raise TypeError(f"{name} is a number of seconds, found {_shown(value)}") from error
    if not number >= 0:
        raise ValueError(f"{name} is a number of seconds from 0 on, found {number}")
    return number


def choice(name: str, value: Any, choices: Iterable[str]) -> Any:
    """Check that a text is one of some.

    Raises
    ------
    ValueError
        If it is not.
    """
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        *others, last = [f'"{known}"' for known in choices]
        raise ValueError(f"{name} is {', '.join(others)} or {last}, found {_shown(value)}")
    return value


def truth(name: str, value: Any) -> bool:
    """Return a truth value.

    Raises
    ------
    TypeError
        If it is none: texts such as "no" would count as true.
    """
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"{name} is True or False, found {_shown(value)}")
    return bool(value)


def check_progress(value: Any) -> None:
    """Check that progress can be told.

    Raises
    ------
    TypeError
        If it has no function `update`, or is a class or a dictionary that has another one.
    """
    if value is None:
        return
    if isinstance(value, type | dict | set) or not callable(getattr(value, "update", None)):
        raise TypeError(f"progress is an object with update(n), such as tqdm.tqdm(), found {_shown(value)}")


def _shown(value: Any) -> str:
    """Return the type of a value, and the value if it is short."""
    kind = type(value).__name__
    if isinstance(value, int) and value.bit_length() > 128:
        # CPython does not write numbers of any size.
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, int | float):
        return repr(value)
    text = repr(value) if isinstance(value, str | bytes) else ""
    return f"the {kind} {text}" if 0 < len(text) < 50 else f"a {kind}"
