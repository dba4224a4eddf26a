"""The package says one thing about itself wherever it says it."""

import ast
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_installed_version_is_that_of_the_project_file() -> None:
    """The installed distribution bears the version of `pyproject.toml`."""
    assert metadata.version(PROJECT["name"]) == PROJECT["version"]


def test_citation_names_the_same_version() -> None:
    """CITATION.cff cites the version of `pyproject.toml`."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [PROJECT["version"]]


def test_changelog_begins_with_the_same_version() -> None:
    """The newest entry of CHANGELOG.md is for the version of `pyproject.toml`."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.*?)\]", changelog, re.MULTILINE)[0] == PROJECT["version"]


@pytest.mark.parametrize("package", ["sim", "plots"])
def test_package_init_is_a_docstring_and_nothing_else(package: str) -> None:
    """Importing a package imports nothing else: its `__init__` holds one docstring."""
    body = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    assert isinstance(body[0].value.value, str)
