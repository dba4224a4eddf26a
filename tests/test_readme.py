"""The README's two commands are those that CI runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ["install-and-run", "install-and-test"]


def readme_command(mark: str) -> str:
    """Give the text of the one fenced block that follows `<!-- mark -->` in the README."""
    pattern = rf"^<!-- {mark} -->\n```sh\n(.*?)\n```$"
    blocks = re.findall(pattern, (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"README.md: {len(blocks)} blocks marked {mark}, must be one"
    return blocks[0]


def ci_run_lines() -> list[str]:
    """Give the lines of the script that CI runs."""
    return (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("mark", COMMANDS)
def test_ci_holds_the_readme_command_letter_for_letter(mark: str) -> None:
    """Each marked command of the README stands in `.ci/run` under its own name, unchanged."""
    name = mark.replace("-", "_")
    assert f"{name}='{readme_command(mark)}'" in ci_run_lines()


def test_ci_runs_both_readme_commands_in_their_order() -> None:
    """`.ci/run` runs the README's commands one after the other, with no input and nothing around them."""
    run = [line for line in ci_run_lines() if line.startswith("bash -c ")]
    assert run == [f'bash -c "${mark.replace("-", "_")}" </dev/null' for mark in COMMANDS]


@pytest.mark.parametrize("mark", COMMANDS)
def test_a_readme_command_is_one_line_that_sets_up_by_itself(mark: str) -> None:
    """Each marked command is one line, begins by making its environment, and uses nothing outside it."""
    steps = readme_command(mark).split(" && ")
    assert steps[0] == "python3 -m venv .venv"
    assert all(step.startswith(".venv/bin/") for step in steps[1:])
    assert "\n" not in readme_command(mark)
