"""A figure as SVG inside a page: no style that the page's policy forbids, ids of its own, and a fraction of the bytes.

matplotlib writes every property into a `style`, every group with an id, and coordinates with six digits.  Here
properties become attributes, only ids that are used stay and get the figure's prefix, and coordinates are told from
point to point, to a tenth of a point on paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG: Final = "{http://www.w3.org/2000/svg}"
HREF: Final = "{http://www.w3.org/1999/xlink}href"
SMALL_PT: Final = 24.0
"""A path that is no larger, such as a marker, keeps two decimals."""

CLOSE_PT: Final = 0.2
"""Points of a line nearer to the one before are left out where there are many."""

MANY: Final = 60
"""So many points of a path."""

LONG: Final = 60
"""Characters of a path that is worth a name."""

LETTERS: Final = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
"""The commands that matplotlib writes, all absolute, and how many numbers follow each."""

UNSEEN: Final = ("metadata", "title", "desc", "style")


def inline(figure: Figure, prefix: str, label: str) -> str:
    """Return a figure as an `svg` element of a page; `label` is what a screen reader says of it.

    All ids begin with `prefix`, so that several figures can stand in one page.  The same figure gives the same text.
    """
    data = io.StringIO()
    with style.house():
        figure.savefig(data, format="svg", metadata=style.METADATA["svg"])
    return compact(data.getvalue(), prefix, label)


def compact(text: str, prefix: str, label: str) -> str:
    """Return an SVG file of matplotlib as an element of a page."""
    root = ElementTree.fromstring(text)
    names = {name: f"{prefix}{number}" for number, name in enumerate(dict.fromkeys(_used(root)))}
    _tidy(root, names)
    _share(root, prefix)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    # What the file says for all elements by a style sheet; their own attributes come after it.
    root.attrib |= {"role": "img", "aria-label": label, "stroke-linejoin": "round"}
    ElementTree.register_namespace("", SVG[1:-1])
    return ElementTree.tostring(root, encoding="unicode")


def _share(root: ElementTree.Element, prefix: str) -> None:
    """Tell a long path that is drawn several times, as the halo of a text and the text, only once."""
    found: dict[str, list[ElementTree.Element]] = {}
    for element in root.iter(f"{SVG}path"):
        if "id" not in element.attrib:
            found.setdefault(element.get("d", ""), []).append(element)
    shared = ElementTree.Element(f"{SVG}defs")
    for told, elements in found.items():
        if len(elements) > 1 and len(told) > LONG:
            name = f"{prefix}p{len(shared)}"
            ElementTree.SubElement(shared, f"{SVG}path", {"id": name, "d": told})
            for element in elements:
                element.tag = f"{SVG}use"
                del element.attrib["d"]
                element.set("href", f"#{name}")
    if len(shared):
        root.insert(0, shared)


def _used(root: ElementTree.Element) -> Iterator[str]:
    """Yield the ids that something refers to."""
    for element in root.iter():
        for value in element.attrib.values():
            yield from re.findall(r"url\(#([^)]+)\)", value)
        href = element.get(HREF, "")
        if href.startswith("#"):
            yield href[1:]


def _tidy(element: ElementTree.Element, names: dict[str, str]) -> None:
    """Rewrite the attributes of an element and of all inside, and take away what is not drawn."""
    kept: list[ElementTree.Element] = []
    for child in element:
        if child.tag.removeprefix(SVG) in UNSEEN or not child.tag.startswith(SVG):
            continue
        _tidy(child, names)
        if child.tag == f"{SVG}g" and not child.attrib:
            kept.extend(child)
        elif len(child) or child.tag not in (f"{SVG}g", f"{SVG}defs"):
            kept.append(child)
    element[:] = kept
    element.text = element.tail = None
    found = {}
    for key, value in element.attrib.items():
        for name, told in _attributes(element, key, value, names):
            found[name] = told
    element.attrib.clear()
    element.attrib.update(found)


def _attributes(
    element: ElementTree.Element, key: str, value: str, names: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield what an attribute becomes: none, itself, or one for each property of a style."""
    if key == "id":
        if value in names:
            yield "id", names[value]
    elif key == HREF:
        yield "href", f"#{names[value[1:]]}" if value.startswith("#") else value
    elif key == "style":
        for part in filter(None, (each.strip() for each in value.split(";"))):
            name, _, told = part.partition(":")
            yield name.strip(), _shorter(name.strip(), told.strip())
    elif key == "d":
        yield "d", path(value)
    elif key in ("x", "y", "width", "height") and element.tag != f"{SVG}svg":
        yield key, _short(round(float(value), 2))
    elif key == "transform":
        yield key, re.sub(r"-?\d+\.\d{4,}", lambda found: _short(round(float(found[0]), 4)), value)
    else:
        yield key, re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{names[found[1]]})", value)


def _shorter(name: str, told: str) -> str:
    if re.fullmatch(r"#(.)\1(.)\2(.)\3", told):
        return f"#{told[1]}{told[3]}{told[5]}"
    if name in ("stroke-dasharray", "stroke-width"):
        return re.sub(r"\d+\.\d{3,}", lambda found: _short(round(float(found[0]), 2)), told)
    return told


def _short(number: float) -> str:
    """Write a number without what it does not need.

    >>> _short(-0.5), _short(3.0), _short(12.3), _short(-0.0)
    ('-.5', '3', '12.3', '0')
    """
    text = f"{number:.4f}".rstrip("0").rstrip(".")
    text = "0" if text in ("-0", "") else text
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def path(told: str) -> str:
    """Return a path of absolute commands as one of relative ones, rounded so that errors do not add up.

    >>> path("M 10 20 L 30.04 20 L 30.04 40 z")
    'M10 20l20 0 0 20z'
    """
    steps = list(_steps(told))
    numbers = [number for _, each in steps for number in each]
    if not numbers:
        return ""
    large = max(map(abs, numbers))
    digits = 2 if max(numbers) - min(numbers) < SMALL_PT and large < SMALL_PT else 1
    many = len(steps) > MANY and digits == 1
    written: list[str] = []
    at, start, before = (0.0, 0.0), (0.0, 0.0), ""
    for number, (letter, each) in enumerate(steps):
        if letter == "Z":
            written.append("z")
            at, before = start, ""
            continue
        rounded = [round(value, digits) for value in each]
        end = (rounded[-2], rounded[-1])
        lasts = number + 1 == len(steps) or steps[number + 1][0] != "L"
        if many and letter == "L" and not lasts and max(abs(end[0] - at[0]), abs(end[1] - at[1])) < CLOSE_PT:
            continue
        if letter == "M":
            written.append("M" + _joined(rounded))
            start = end
        else:
            moved = [value - at[place % 2] for place, value in enumerate(rounded)]
            small = letter.lower()
            written.append((" " if before == small else small) + _joined([round(m, digits) for m in moved]))
        at, before = end, letter.lower()
    return "".join(written).replace(" -", "-")


def _joined(numbers: list[float]) -> str:
    return " ".join(_short(number) for number in numbers)


def _steps(told: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the commands of a path with their numbers, one at a time."""
    parts = re.findall(r"[A-Za-z]|-?[\d.]+(?:e-?\d+)?", told)
    letter, place = "", 0
    while place < len(parts):
        if parts[place].isalpha():
            letter = parts[place].upper()
            place += 1
        count = LETTERS[letter]
        yield letter, [float(part) for part in parts[place : place + count]]
        place += count
