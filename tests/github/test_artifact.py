"""What a review leaves behind is read if it is just that, and refused as a whole otherwise."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keraviz_docs.github import artifact
from keraviz_docs.github.artifact import COMPARISON, ERROR, NUMBER, Review, SuspiciousError
from keraviz_docs.review.comparison import to_json
from tests.github.reviews import CHANGED, REVIEW, UNCHANGED, archive, named

GOOD = to_json(UNCHANGED)


@pytest.mark.parametrize(
    "review", [REVIEW, Review(comparison=UNCHANGED), Review(error="zoo.yml:3: no\n"), Review(error="", pull_request=1)]
)
def test_what_was_written_is_read(tmp_path: Path, review: Review) -> None:
    artifact.write(tmp_path / "new" / "directory", review)
    assert artifact.read(tmp_path / "new" / "directory") == review
    files = {file.name: file.read_bytes() for file in (tmp_path / "new" / "directory").iterdir()}
    assert artifact.read(archive(files)) == review
    (tmp_path / "review.zip").write_bytes(archive(files))
    assert artifact.read(tmp_path / "review.zip") == review


def test_what_an_earlier_review_left_does_not_stay(tmp_path: Path) -> None:
    artifact.write(tmp_path, REVIEW)
    artifact.write(tmp_path, Review(error="broken"))
    assert artifact.read(tmp_path) == Review(error="broken")


def test_files_that_nobody_asks_for_are_not_read() -> None:
    bomb = b"\0" * (64 << 20)
    assert artifact.read(archive({COMPARISON: GOOD, "report.html": bomb})) == Review(comparison=UNCHANGED)


def entry(name: str, content: bytes = b"7", **attributes: Any) -> bytes:
    """An archive with one entry more, whose header says something unusual."""
    data = io.BytesIO(archive({COMPARISON: GOOD}))
    with zipfile.ZipFile(data, "a") as written:
        info = zipfile.ZipInfo(name)
        for key, value in attributes.items():
            setattr(info, key, value)
        written.writestr(info, content)
    return data.getvalue()


def twice() -> bytes:
    data = io.BytesIO(archive({COMPARISON: GOOD}))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(data, "a") as written:
        written.writestr(COMPARISON, b"{}")
    return data.getvalue()


def claiming_to_be_small() -> bytes:
    """An archive in which the largest file says that it has ten bytes."""
    data = bytearray(archive({ERROR: "a" * (1 << 20)}))
    size = struct.pack("<L", 1 << 20)
    assert data.count(size) == 2
    return bytes(data.replace(size, struct.pack("<L", 10)))


def encrypted() -> bytes:
    data = bytearray(archive({COMPARISON: GOOD}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def bombed() -> bytes:
    return archive({COMPARISON: GOOD + b" " * artifact.LARGEST[COMPARISON]})


def with_method(method: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as written:
        written.writestr(COMPARISON, GOOD)
    return data.getvalue()


def changed(**settings: Any) -> bytes:
    """A comparison in which the first model says something else."""
    comparison = json.loads(to_json(CHANGED))
    comparison["models"][0].update(settings)
    return archive({COMPARISON: json.dumps(comparison)})


def costing(parameters: int) -> dict[str, list[int]]:
    return {"parameters": [1, parameters], "macs": [1, 1], "weight_bytes": [1, 1]}


def with_setting(value: bytes) -> bytes:
    """A comparison in which a setting has this value."""
    plain = to_json(named("the value"))
    assert plain.count(b'"units": [') == 1
    head, _, rest = plain.partition(b'"units": [')
    null, _, rest = rest.partition(b'"the value"')
    return head + b'"units": [' + null + value + rest


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no archive": lambda: b"PK\x03\x04 is how archives begin",
    "half an archive": lambda: archive()[:-40],
    "an archive without its beginning": lambda: archive()[40:],
    "an empty archive": lambda: archive({}),
    "no report": lambda: archive({NUMBER: "7"}),
    "too large": lambda: archive() + b"\0" * artifact.LARGEST_ARCHIVE,
    "many entries": lambda: archive({str(number): b"" for number in range(1000)}),
    "a path upwards": lambda: entry("../comparison.json"),
    "an absolute path": lambda: entry("/etc/passwd"),
    "a path of Windows": lambda: entry("..\\comparison.json"),
    "a drive": lambda: entry("c:evil"),
    "a stream": lambda: entry("error.txt:evil"),
    "a directory": lambda: entry("more/"),
    "a directory within": lambda: entry("more/error.txt"),
    "no name": lambda: entry("."),
    "a name that ends early": lambda: entry("error.txt_.html").replace(b"error.txt_.html", b"error.txt\0.html"),
    "a name with a line break": lambda: entry("error.txt\n::error::"),
    "a name that turns around": lambda: entry("error\u202etxt"),
    "a name in another case": lambda: entry("COMPARISON.json"),
    "the same name twice": twice,
    "a link": lambda: entry(NUMBER, b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16),
    "a device": lambda: entry(NUMBER, external_attr=(stat.S_IFCHR | 0o666) << 16),
    "encrypted": encrypted,
    "a bomb": bombed,
    "a bomb that says it is small": claiming_to_be_small,
    "bzip2": lambda: with_method(zipfile.ZIP_BZIP2),
    "LZMA": lambda: with_method(zipfile.ZIP_LZMA),
    "a number that is none": lambda: archive({COMPARISON: GOOD, NUMBER: "7; rm"}),
    "a negative number": lambda: archive({COMPARISON: GOOD, NUMBER: "-7"}),
    "a number in other digits": lambda: archive({COMPARISON: GOOD, NUMBER: "٧".encode()}),
    "a number without end": lambda: archive({COMPARISON: GOOD, NUMBER: "7" * 5000}),
    "an error that is no text": lambda: archive({ERROR: b"\xff\xfe"}),
    "a long error": lambda: archive({ERROR: b"x" * 100_000}),
    "empty JSON": lambda: archive({COMPARISON: b""}),
    "JSON of something else": lambda: archive({COMPARISON: b'{"schema": 1}'}),
    "a list": lambda: archive({COMPARISON: b"[]"}),
    "JSON that is not finished": lambda: archive({COMPARISON: GOOD[:-10]}),
    "JSON in another encoding": lambda: archive({COMPARISON: GOOD.decode().encode("utf-16")}),
    "JSON of a later version": lambda: archive({COMPARISON: GOOD.replace(b'"schema": 1', b'"schema": 2')}),
    "half a character": lambda: archive({COMPARISON: GOOD.replace(b'"toy"', b'"\\ud800"')}),
    "no number": lambda: archive({COMPARISON: GOOD.replace(b"1,", b"NaN,", 1)}),
    "lists within lists": lambda: archive({COMPARISON: b"[" * 200_000}),
    "lists within a setting": lambda: archive({COMPARISON: with_setting(b"[" * 5_000 + b"]" * 5_000)}),
    "a figure that no machine holds": lambda: changed(costs=costing(10**400)),
    "a negative figure": lambda: changed(costs=costing(-1)),
    "a figure of 5,000 digits": lambda: archive({COMPARISON: with_setting(b"9" * 5_000)}),
    "an unknown status": lambda: changed(status="<script>"),
    "an unknown verdict": lambda: changed(verdict="fine"),
    "a change without a place": lambda: changed(changes=[{"kind": "added", "class": "x", "base": None, "head": None}]),
    "a change without its setting": lambda: changed(
        changes=[{"kind": "renamed", "class": "x", "base": None, "head": {"number": 1, "path": ""}}]
    ),
    "a sum of what is not there": lambda: changed(
        changes=[{"kind": "added", "class": "x", "base": None, "head": {"number": 1, "path": ""}, "entries": [7]}]
    ),
}  # fmt: skip


def test_what_is_odd_about_them_is_all_that_is_odd() -> None:
    assert artifact.read(entry("other.txt")).comparison == UNCHANGED
    assert artifact.read(with_method(zipfile.ZIP_STORED)).comparison == UNCHANGED
    assert artifact.read(changed(verdict="loads")).comparison is not None
    assert artifact.read(archive({COMPARISON: with_setting(b"[[1]]")})).comparison is not None


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_is_odd_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(SuspiciousError):
        artifact.read(make())


def test_a_key_that_comes_twice_counts_once() -> None:
    data = GOOD.replace(b'"base": "main"', b'"base": "evil", "base": "main"')
    assert artifact.read(archive({COMPARISON: data})).comparison == UNCHANGED


@pytest.mark.parametrize("name", [COMPARISON, NUMBER, "other"])
def test_a_directory_with_a_link_is_refused(tmp_path: Path, name: str) -> None:
    artifact.write(tmp_path / "review", REVIEW)
    (tmp_path / "elsewhere").write_bytes(GOOD)
    (tmp_path / "review" / name).unlink(missing_ok=True)
    (tmp_path / "review" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SuspiciousError, match="plain file"):
        artifact.read(tmp_path / "review")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    artifact.write(tmp_path, REVIEW)
    (tmp_path / COMPARISON).unlink()
    os.mkfifo(tmp_path / COMPARISON)
    with pytest.raises(SuspiciousError, match="plain file"):
        artifact.read(tmp_path)


def test_a_large_file_in_a_directory_is_refused(tmp_path: Path) -> None:
    artifact.write(tmp_path, REVIEW)
    (tmp_path / ERROR).write_bytes(b"x" * (artifact.LARGEST[ERROR] + 1))
    with pytest.raises(SuspiciousError, match="too large"):
        artifact.read(tmp_path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_anywhere_is_refused_or_does_no_harm(data: st.DataObject) -> None:
    damaged = bytearray(archive())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        review = artifact.read(bytes(damaged))
    except SuspiciousError as error:
        assert str(error).isprintable()
        assert "toy" not in str(error)
    else:
        assert review.comparison is not None or review.error is not None
