"""Files that a command writes: there whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InputError
from sim.outputs import check_free, check_place, whole


def test_a_file_is_there_when_it_is_written(tmp_path: Path) -> None:
    """The draft has the file's suffix, takes its place at the end, and can be read by others."""
    path = tmp_path / "board.png"
    with whole(path) as draft:
        draft.write_bytes(b"all of it")
        assert draft.suffix == ".png"
        assert not path.exists()
    assert path.read_bytes() == b"all of it"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["board.png"]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), ValueError("x"), OSError(28, "No space left on device")]
)
def test_what_breaks_off_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    """Ctrl-C, a defect and a full disk leave the file of before, and no draft; of the disk the user is told."""
    path = tmp_path / "board.png"
    path.write_bytes(b"before")
    wanted = InputError if isinstance(error, OSError) else type(error)

    def write() -> None:
        with whole(path) as draft:
            draft.write_bytes(b"half")
            raise error

    with pytest.raises(wanted) as caught:
        write()
    if isinstance(error, OSError):
        assert str(caught.value) == f"{path}: cannot be written: No space left on device; choose another path"
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["board.png"]


def test_where_nothing_can_be_written_is_told_first(tmp_path: Path) -> None:
    """A folder in the file's place, none around it, a file in the folder's place, and a file that would be lost."""
    (tmp_path / "there.png").write_bytes(b"before")
    for name, words in (
        (".", "is a folder; choose a file"),
        ("no/x.png", f"there is no folder {tmp_path / 'no'}; make it first"),
        ("there.png/x.png", f"there is no folder {tmp_path / 'there.png'}; make it first"),
    ):
        with pytest.raises(InputError) as caught:
            check_place(tmp_path / name)
        assert words in str(caught.value)
    with pytest.raises(InputError, match="already exists; choose another file, or --force"):
        check_free(tmp_path / "there.png", force=False)
    check_free(tmp_path / "there.png", force=True)
