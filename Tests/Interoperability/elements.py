"""The interchange of elements between libraries: JSON Lines in C order, one element a line.

An element of a `string` array is a JSON string. Any other element is the base64 form of its bytes (standard alphabet,
padded) in a JSON string; numbers have the least significant byte first. Files are ASCII: other characters are escaped,
those beyond U+FFFF as surrogate pairs. Every line ends with a line feed. An array without elements is an empty file.
"""

import base64
import json


def element_to_json(element, data_type):
    """Returns the JSON value of `element`."""
    if data_type != "string":
        return base64.b64encode(element).decode("ascii")
    return element


def element_from_json(value, data_type):
    """Returns the element of a JSON value."""
    if data_type != "string":
        return base64.b64decode(value, validate=True)
    return value


def write_elements(path, elements, data_type):
    """Writes `elements`, a flat sequence in C order, to the file at `path`."""
    with open(path, "w", encoding="ascii", newline="\n") as file:
        for element in elements:
            file.write(json.dumps(element_to_json(element, data_type)) + "\n")


def read_elements(path, data_type):
    """Returns the elements in the file at `path`, flat and in C order."""
    with open(path, encoding="ascii", newline="\n") as file:
        return [element_from_json(json.loads(line), data_type) for line in file]


def first_difference(expected, found):
    """Returns a sentence on the first difference of two flat lists of elements, or None if they are equal."""
    for index, (one, other) in enumerate(zip(expected, found)):
        if one != other or type(one) is not type(other):
            return f"element {index}: expected {excerpt(one)}, found {excerpt(other)}"
    if len(expected) != len(found):
        return f"expected {len(expected)} elements, found {len(found)}"
    return None


def excerpt(element):
    """Returns a short description of an element for a message."""
    text = repr(element)
    size = f" ({len(element)} {'bytes' if isinstance(element, bytes) else 'characters'})"
    return (text if len(text) <= 80 else text[:77] + "...") + size
