"""A store gives back what was put there, whole, or nothing."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs.digests import digest
from keraviz_docs.errors import UserError
from keraviz_docs.production import Cache, Store

KEY = digest(b"key")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def stored_file(store: Store) -> Path:
    (path,) = (entry.path for entry in store.entries())
    return path


@given(data=st.binary(max_size=200))
def test_what_was_put_is_got(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    store = Store(tmp_path_factory.getbasetemp() / "store")
    store.put(digest(data), data)
    assert store.get(digest(data)) == data


def test_what_was_never_put_is_missing(store: Store) -> None:
    assert store.get(KEY) is None
    assert store.get_files(KEY) is None


def test_a_second_put_replaces_the_first(store: Store) -> None:
    store.put(KEY, b"old")
    store.put(KEY, b"new")
    assert store.get(KEY) == b"new"


@pytest.mark.parametrize("damage", [b"", b"short", b"\n", b"\xff\xfe\n\x00"])
def test_damaged_content_is_missing_and_can_be_put_again(store: Store, damage: bytes) -> None:
    store.put(KEY, b"data")
    stored_file(store).write_bytes(damage)
    assert store.get(KEY) is None
    assert store.entries() == []
    store.put(KEY, b"data")
    assert store.get(KEY) == b"data"


def test_a_changed_byte_is_noticed(store: Store) -> None:
    store.put(KEY, b"data")
    path = stored_file(store)
    path.write_bytes(path.read_bytes().replace(b"data", b"dada"))
    assert store.get(KEY) is None


def test_bundles_come_back_as_files(store: Store) -> None:
    put = store.put_files(KEY, {"a.svg": b"<svg/>", "a.pdf": b"%PDF"})
    got = store.get_files(KEY)
    assert got == put
    assert got is not None
    assert {name: path.read_bytes() for name, path in got.items()} == {"a.svg": b"<svg/>", "a.pdf": b"%PDF"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "a.svg").write_bytes(b"<svg"),
        lambda folder: (folder / "a.svg").write_bytes(b"<gvs/>"),
        lambda folder: (folder / "a.svg").unlink(),
        lambda folder: (folder / "index.json").unlink(),
        lambda folder: (folder / "index.json").write_text("{"),
    ],
)
def test_a_damaged_bundle_is_missing_and_can_be_put_again(store: Store, damage: object) -> None:
    assert callable(damage)
    store.put_files(KEY, {"a.svg": b"<svg/>"})
    damage(stored_file(store))
    assert store.get_files(KEY) is None
    assert store.put_files(KEY, {"a.svg": b"<svg/>"})["a.svg"].read_bytes() == b"<svg/>"


def test_a_bundle_of_somebody_else_is_as_good_as_ours(store: Store) -> None:
    store.put_files(KEY, {"a.svg": b"<svg/>"})
    assert store.put_files(KEY, {"a.svg": b"<svg/>"}) == store.get_files(KEY)


def test_a_store_can_be_copied(store: Store, tmp_path: Path) -> None:
    store.put(KEY, b"data")
    store.put_files(digest(b"other"), {"a.svg": b"<svg/>"})
    for entry in store.entries():  # `cp -r` without `-p` gives files the time of the copy
        shutil.copytree(store.directory, tmp_path / "copy", copy_function=shutil.copyfile, dirs_exist_ok=True)
        assert entry.size > 0
    copy = Store(tmp_path / "copy")
    assert copy.get(KEY) == b"data"
    assert copy.get_files(digest(b"other")) is not None


@pytest.mark.parametrize("name", ["../a.svg", "a/b.svg", "", "index.json"])
def test_a_bundle_cannot_reach_outside_its_folder(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        store.put_files(KEY, {name: b""})
    assert store.entries() == []


@pytest.mark.parametrize("key", ["", "abc", "../../etc", "ab/cd"])
def test_a_key_cannot_reach_outside_the_store(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        store.put(key, b"")


def test_many_writers_and_readers_never_see_half_a_thing(store: Store) -> None:
    contents = [bytes([number]) * 100_000 for number in range(4)]
    seen: set[bytes | None] = set()
    bundles: set[bytes] = set()

    def work(number: int) -> None:
        for _ in range(10):
            store.put(KEY, contents[number])
            seen.add(store.get(KEY))
            files = store.put_files(digest(b"bundle"), {"f": contents[0]})
            bundles.add(files["f"].read_bytes())

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen <= set(contents)
    assert bundles == {contents[0]}


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=3_000)
    for number in range(5):
        cache.diagrams.put(digest(bytes([number])), bytes(1_000))
        (new,) = (e for e in cache.diagrams.entries() if e.path.name == digest(bytes([number]))[2:])
        os.utime(new.path, (time.time() - 10_000 * (10 - number),) * 2)
    assert cache.diagrams.get(digest(bytes([0]))) is not None  # used again
    cache.trim()
    kept = {number for number in range(5) if cache.diagrams.get(digest(bytes([number]))) is not None}
    assert kept == {0, 4}
    assert cache.usage().size <= 3_000


def test_what_a_dead_process_left_half_written_goes_in_the_end(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.diagrams.put(KEY, b"data")
    left = cache.diagrams.directory / "unfinished" / "1-dead"
    left.write_bytes(b"da")
    cache.trim()
    assert left.exists()
    os.utime(left, (time.time() - 7_200,) * 2)
    cache.trim()
    assert not left.exists()
    assert cache.diagrams.get(KEY) == b"data"


def test_a_cleared_cache_is_empty_and_can_be_used_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.diagrams.put(KEY, b"data")
    assert cache.usage().diagrams.entries == 1
    cache.clear()
    usage = cache.usage()
    assert (usage.readings.entries, usage.diagrams.entries, usage.size) == (0, 0, 0)
    cache.diagrams.put(KEY, b"data")
    assert cache.diagrams.get(KEY) == b"data"


def test_clearing_removes_what_was_stored_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    cache = Cache(tmp_path)
    cache.diagrams.put(KEY, b"data")
    Store(tmp_path / "0" / "diagrams").put(KEY, b"of another version")
    assert cache.usage().others.entries == 1
    cache.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_who_stores_while_the_cache_is_cleared_succeeds(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cleared = threading.Event()
    troubles: list[Exception] = []

    def store(number: int) -> None:
        while not cleared.is_set():
            try:
                cache.diagrams.put(digest(bytes([number])), bytes(10_000))
                cache.diagrams.put_files(digest(bytes([number, 1])), {"a.svg": bytes(1_000), "a.pdf": bytes(1_000)})
            except OSError as error:  # noqa: PERF203 - each attempt counts
                troubles.append(error)

    threads = [threading.Thread(target=store, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        cache.clear()
    cleared.set()
    for thread in threads:
        thread.join()
    assert troubles == []


def test_what_other_versions_left_counts_and_goes_with_the_rest(tmp_path: Path) -> None:
    older = Store(tmp_path / "0" / "diagrams")
    older.put(KEY, bytes(2_000))
    (entry,) = older.entries()
    os.utime(entry.path, (time.time() - 10_000,) * 2)
    cache = Cache(tmp_path, limit=3_000)
    cache.diagrams.put(KEY, bytes(2_000))
    cache.trim()
    assert older.entries() == []
    assert cache.diagrams.get(KEY) is not None


def test_a_bound_that_is_no_number_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAVIZ_CACHE_SIZE", "4G")
    with pytest.raises(UserError, match="KERAVIZ_CACHE_SIZE is '4G'; write a number of MiB"):
        Cache.of(tmp_path)


def test_the_directory_and_its_bound_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Cache.of(tmp_path).directory == tmp_path / ".keraviz" / "cache"
    monkeypatch.setenv("KERAVIZ_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("KERAVIZ_CACHE_SIZE", "5")
    assert Cache.of(tmp_path).directory == tmp_path / "elsewhere"
    assert Cache.of(tmp_path).limit == 5 * 1024 * 1024
