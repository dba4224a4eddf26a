"""What all pages share: one file that may ask for nothing outside itself, with its data, style and script inside.

A page says so to the browser by a content security policy: nothing may be loaded, and only the style and the script
whose hashes stand in the policy may be used.  Text goes through Jinja2 with escaping on; data goes in as JSON in which
no `<` is left, so that a name with markup in it stays a name.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from sim import outputs
from sim.errors import InputError, Problem
from sim.extras import extra

MOST_BYTES: Final = 1_000_000
"""Largest page that is written: what a mail or a phone still takes well (assumption)."""


def page(name: str, title: str, data: Any, *, parts: Sequence[str] = (), **context: Any) -> str:
    """Return the HTML of a page.

    `name` is that of `templates/NAME.html`, which extends `frame.html`, and of `NAME.css` and `NAME.js` beside it;
    those of the frame come first, then the scripts `PART.js` of `parts`, if it has any.  `data` is what the script
    reads by `intercept.data`; `context` is what the template reads besides `title`.  The same arguments give the same
    text.  Raises ValueError for data that JSON does not know, and InputError if Jinja2 is not installed.
    """
    jinja2, markup = extra("jinja2", "page"), extra("markupsafe", "page").Markup
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text), autoescape=True, undefined=jinja2.StrictUndefined
    )
    style = _text("frame.css") + _text(f"{name}.css")
    script = "".join(_text(f"{part}.js") for part in ("frame", *parts, name))
    text: str = environment.get_template(f"{name}.html").render(
        title=title,
        policy=_policy(style, script),
        style=markup(style),
        script=markup(script),
        data=markup(as_json(data)),
        **context,
    )
    return text


def provenance(manifest: Mapping[str, Any], again: str | None = None) -> list[tuple[str, str]]:
    """Return what a page about one run was made from, as labels and values; `again` is how to make it once more."""
    made = [(key, str(manifest[key])) for key in ("scenario", "hash", "seed", "replication")]
    version = manifest.get("versions", {}).get("intercept-sim")
    made += [("version", f"intercept {version}")] if version else []
    return [*made, ("again", again)] if again else made


def check_free(path: Path, *, force: bool) -> None:
    """Raise InputError if a page may not be written here: no .html file, or a file is there that would be lost."""
    if path.suffix.lower() not in (".html", ".htm"):
        came = f'has the suffix "{path.suffix}"' if path.suffix else "has no suffix"
        raise InputError([Problem(str(path), None, "", f"{came}, wanted .html")])
    outputs.check_free(path, force=force)


def write(text: str, path: Path) -> None:
    """Write a page whole or not at all.

    Raises InputError if it is larger than `MOST_BYTES`, or if the file cannot be written.
    """
    content = text.encode("utf-8")
    if len(content) > MOST_BYTES:
        problem = f"would be {len(content):,} bytes, a page may have {MOST_BYTES:,}; nothing was written"
        raise InputError([Problem(str(path), None, "", problem)])
    with outputs.whole(path) as draft:
        draft.write_bytes(content)


def as_json(data: Any) -> str:
    """Return data as JSON that can stand inside a script element. Raises ValueError for NaN and infinity."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(name: str) -> str:
    return files("plots.pages").joinpath("templates", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing from anywhere, but this style, this script, and images inside."""
    parts = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{key} {value}" for key, value in parts.items())


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
