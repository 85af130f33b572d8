from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from keraviz_docs.errors import UserError
from keraviz_docs.pages.model_page import Documented
from keraviz_docs.pages.writing import write

Make = Callable[..., Documented]


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_all_published_files_exist_and_pages_are_among_them(documented: Make, tmp_path: Path) -> None:
    written = write("Zoo", [documented(id="a"), documented(id="b", section="Text")], tmp_path / "out")
    assert all((tmp_path / "out" / name).is_file() for name in written.files)
    assert [page.path for page in written.pages] == ["index.md", "a/index.md", "b/index.md"]
    assert {page.path for page in written.pages} <= set(written.files)
    assert {"a/a.json", "a/a-layers.js", "keraviz.css", "keraviz.js", "panzoom.min.js"} <= set(written.files)
    assert [(section.title, len(section.pages)) for section in written.sections] == [("", 1), ("Text", 1)]


def test_the_same_zoo_gives_the_same_bytes_anywhere(documented: Make, tmp_path: Path) -> None:
    for place in ("one", "two/below"):
        write("Zoo", [documented(id="a"), documented(id="b")], tmp_path / place)
    assert contents(tmp_path / "one") == contents(tmp_path / "two/below")
    assert str(tmp_path).encode() not in b"".join(contents(tmp_path / "one").values())


@pytest.mark.parametrize("embed", [True, False])
def test_what_is_up_to_date_is_not_touched(documented: Make, tmp_path: Path, embed: bool) -> None:
    zoo = [documented(id="a"), documented(id="b")]
    write("Zoo", zoo, tmp_path, embed=embed)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    write("Zoo", zoo, tmp_path, embed=embed)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_only_what_changed_is_written(documented: Make, tmp_path: Path) -> None:
    write("Zoo", [documented(id="a"), documented(id="b")], tmp_path)
    before = contents(tmp_path)
    write("Zoo", [documented(id="a"), documented(id="b", title="New")], tmp_path)
    after = contents(tmp_path)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"index.md", "b/index.md", ".keraviz-files.json"}


def test_a_page_that_somebody_spoiled_is_written_again(documented: Make, tmp_path: Path) -> None:
    write("Zoo", [documented()], tmp_path)
    before = contents(tmp_path)
    (tmp_path / "siamese" / "index.md").write_text("spoiled")
    (tmp_path / "siamese" / "siamese-layers.js").unlink()
    write("Zoo", [documented()], tmp_path)
    assert contents(tmp_path) == before


def test_a_new_variant_appears_on_the_pages_of_the_others(documented: Make, tmp_path: Path) -> None:
    write("Zoo", [documented()], tmp_path)
    write("Zoo", [documented(), documented(id="small", variant_of="siamese", title="Small")], tmp_path)
    assert "../small/index.html" in (tmp_path / "siamese" / "index.md").read_text()


def test_a_damaged_record_is_no_obstacle(documented: Make, tmp_path: Path) -> None:
    write("Zoo", [documented()], tmp_path)
    before = contents(tmp_path)
    (tmp_path / ".keraviz-files.json").write_text("{")
    write("Zoo", [documented()], tmp_path)
    assert contents(tmp_path) == before


def test_what_is_no_longer_in_the_zoo_is_removed_and_nothing_else(documented: Make, tmp_path: Path) -> None:
    write("Zoo", [documented(id="a"), documented(id="b")], tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "b" / "mine.txt").write_text("mine")
    write("Zoo", [documented(id="a")], tmp_path)
    assert (tmp_path / "notes.txt").exists()
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["mine.txt"]
    (tmp_path / "b" / "mine.txt").unlink()
    write("Zoo", [documented(id="a"), documented(id="b")], tmp_path)
    write("Zoo", [documented(id="a")], tmp_path)
    assert not (tmp_path / "b").exists()


def test_a_directory_with_somebody_elses_pages_is_refused(documented: Make, tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# My home page")
    with pytest.raises(UserError, match=r"holds an index\.md that keraviz did not write"):
        write("Zoo", [documented()], tmp_path)
    assert (tmp_path / "index.md").read_text() == "# My home page"


def test_a_file_in_the_way_is_a_clear_error(documented: Make, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"):
        write("Zoo", [documented()], tmp_path / "out")


def test_heavy_parts_are_kept_aside_or_embedded(documented: Make, tmp_path: Path) -> None:
    aside = write("Zoo", [documented()], tmp_path / "aside", embed=False)
    embedded = write("Zoo", [documented()], tmp_path / "embedded")
    assert "data-keraviz" in (tmp_path / "aside/siamese/index.md").read_text()
    assert 'id="layer-3"' in aside.part("siamese/index.md", "layers")
    assert not any(".parts" in name for name in aside.files)
    page = (tmp_path / "embedded/siamese/index.md").read_text()
    assert "data-keraviz" not in page
    assert 'id="layer-3"' in page
    assert 'src="../keraviz.js"' in page
    assert embedded.files == aside.files
