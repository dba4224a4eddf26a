"""Say on which line each key of a TOML text was written, which `tomllib` does not tell.

The scanner runs only after `tomllib` has accepted the text and an error must be reported, so it checks
nothing and may be simple: it steps over values and notes where keys, headers and array items begin.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_left

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of tables as strings, positions in arrays as whole numbers from 0."""

_PART = r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+'
_PARTS = re.compile(_PART)
_KEY = re.compile(rf"[ \t]*(?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'  # a multi-line string may end in quotes of its own: up to five in a row
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^,\]}\n#]+",
    re.DOTALL,
)


def lines_of(text: str) -> dict[KeyPath, int]:
    r"""Return the line, from 1, of every table, key and array item of a TOML text that `tomllib` accepts.

    A table that has a header is at its header; one that has none is where a key first goes through it.

    >>> lines_of('[stage]\ndelay_s = 5')
    {('stage',): 1, ('stage', 'delay_s'): 2}
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def split_assignment(text: str) -> tuple[list[str], str]:
    """Split `path.to.key = value` into the parts of its key and the text of its value.

    >>> split_assignment('facts."a b".at=09:10:00')
    (['facts', 'a b', 'at'], '09:10:00')

    Raises ValueError if the text does not begin with a TOML key and an equals sign.
    """
    match = _KEY.match(text)
    if match is None or not text.startswith("=", match.end()):
        raise ValueError("is not of the form path.to.key=value")
    return _parts(match[0]), text[match.end() + 1 :].strip()


def dotted(path: KeyPath) -> str:
    """Write a path as it would be typed: dots between parts, quotes where TOML wants them.

    >>> dotted(("facts", "a b", 3, "at"))
    'facts."a b".3.at'
    """
    parts = (str(part) for part in path)
    return ".".join(part if _BARE.fullmatch(part) else _in_quotes(part) for part in parts)


def _in_quotes(text: str) -> str:
    """Write a text as TOML does, which is as JSON does but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _parts(key: str) -> list[str]:
    """Return the parts of a dotted key, without quotes and escapes."""
    found = _PARTS.findall(key)
    return [tomllib.loads(f"part = {part}")["part"] if part[0] in "\"'" else part for part in found]


class _Scanner:
    """Step through a TOML text once, from key to key."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._breaks = [match.start() for match in re.finditer("\n", self.text)]
        # How many `[[items]]` each array of tables has so far: `[a.b]` after `[[a]]` is in the last of them.
        self._items: dict[KeyPath, int] = {}

    def document(self) -> None:
        """Note every line of the text."""
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        """Step over `[a.b]` or `[[a.b]]` and return the path of the table that it opens."""
        line = self._line()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        *above, last = self._key()
        self.at += brackets
        path: KeyPath = ()
        for part in above:
            path = (*path, part)
            self.lines.setdefault(path, line)
            if path in self._items:
                path = (*path, self._items[path] - 1)
        path = (*path, last)
        if brackets == 2:
            self.lines.setdefault(path, line)
            position = self._items.get(path, 0)
            self._items[path] = position + 1
            path = (*path, position)
        self.lines[path] = line
        return path

    def _pair(self, table: KeyPath) -> None:
        """Step over `key = value`."""
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self.at += 1
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        """Step over a value whose own line is already known."""
        self._skip(_SPACE)
        opening = self.text[self.at]
        if opening not in "[{":
            self._skip(_SCALAR)
            return
        self.at += 1
        position = 0
        self._skip(_BLANK)
        while self.text[self.at] not in "]}":
            if opening == "{":
                self._pair(path)
            else:
                self.lines[*path, position] = self._line()
                self._value((*path, position))
                position += 1
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self._skip(_BLANK)
        self.at += 1

    def _key(self) -> list[str]:
        start = self.at
        return _parts(self.text[start : self._skip(_KEY)])

    def _skip(self, pattern: re.Pattern[str]) -> int:
        """Step over what the pattern matches here and return the new position."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise AssertionError(f"no TOML at offset {self.at}: was this text accepted by tomllib?")
        self.at = match.end()
        return self.at

    def _line(self) -> int:
        return bisect_left(self._breaks, self.at) + 1
