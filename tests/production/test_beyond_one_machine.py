"""The same models, read by several machines: as shards, or on a Dask cluster."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keraviz_docs.errors import UserError
from keraviz_docs.manifest.entries import BuilderTarget, DiscoverEntry, Limits, ModelEntry
from keraviz_docs.outcome import Failure, Reading
from keraviz_docs.production import Cache, LocalPool, Shard, open_pool, produce
from keraviz_docs.production.messages import Request
from keraviz_docs.production.sharding import ShardError, parse

Entry = Callable[..., ModelEntry]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "-1/3", "1/3/5", "", "1.5/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ShardError, match="shard"):
        parse(text)


@given(st.integers(1, 50), st.integers(0, 1_000))
def test_every_model_belongs_to_exactly_one_shard(count: int, position: int) -> None:
    shards = [parse(f"{number}/{count}") for number in range(1, count + 1)]
    assert sum(shard.holds(position) for shard in shards) == 1


def test_caches_filled_by_shards_and_copied_together_hold_everything(
    tmp_path: Path, project: Path, pool: LocalPool
) -> None:
    target = BuilderTarget("wellbehaved", "small")
    entries: list[ModelEntry | DiscoverEntry] = [
        DiscoverEntry(module="wellbehaved"),
        *(ModelEntry(id=f"m{number}", target=target, kwargs={"units": number}) for number in range(1, 6)),
    ]
    read: list[str] = []
    for number in (1, 2, 3):
        cache = Cache(tmp_path / f"shard-{number}")
        report = produce(entries, project, cache=cache, pool=pool, shard=Shard(number, 3))
        read += report.outcomes
        shutil.copytree(cache.directory, tmp_path / "merged", copy_function=shutil.copyfile, dirs_exist_ok=True)
    assert sorted(read) == ["m1", "m2", "m3", "m4", "m5", "small", "witness"]
    whole = produce(entries, project, cache=Cache(tmp_path / "merged"), pool=pool)
    assert all(model.from_cache for model in whole.models)
    assert list(whole.outcomes) == ["small", "witness", "m1", "m2", "m3", "m4", "m5"]


def test_an_executor_that_does_not_exist_is_named() -> None:
    with pytest.raises(UserError, match="'ray' is no executor: there is local, dask and dask:ADDRESS"):
        open_pool("ray")


@pytest.fixture
def cluster() -> Iterator[Any]:
    import distributed

    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as started,
    ):
        yield started


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_reads_what_this_machine_reads(
    cluster: Any, project: Path, entry: Entry, pool: LocalPool, tmp_path: Path
) -> None:
    entries = [
        entry("wellbehaved", "witness"),
        entry("wellbehaved", "small"),
        entry("misbehaving", "raises"),
        entry("misbehaving", "segfaults"),
        entry("misbehaving", "hangs", timeout=1.0),
    ]
    cache = Cache(tmp_path / "cache")
    remote = open_pool(f"dask:{cluster.scheduler_address}")
    try:
        report = produce(entries, project, pool=remote, cache=cache)
    finally:
        remote.shutdown()
    assert report.outcomes == produce(entries, project, pool=pool).outcomes
    again = produce(entries[:2], project, pool=pool, cache=cache)
    assert [model.from_cache for model in again.models] == [True, True]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_a_worker_that_dies_was_reading_is_read_by_another(cluster: Any, project: Path, entry: Entry) -> None:
    entries = []
    for number in range(6):
        slow = entry("misbehaving", "hangs", timeout=1.0)
        entries.append(ModelEntry(id=f"slow-{number}", target=slow.target, limits=slow.limits))
        good = entry("wellbehaved", "small", units=number + 1)
        entries.append(ModelEntry(id=f"good-{number}", target=good.target, kwargs=good.kwargs))
    remote = open_pool(f"dask:{cluster.scheduler_address}")
    victim = next(iter(cluster.workers.values())).pid
    killed: list[float] = []

    class KillingAWorker:
        def expect(self, total: int) -> None: ...

        def begin(self, id: str) -> None: ...  # noqa: A002 - the field's own word

        def finish(self, model: object) -> None:
            del model
            if not killed:
                killed.append(time.monotonic())
                os.kill(victim, signal.SIGKILL)

        def close(self, report: object) -> None: ...

        def note(self, text: str) -> None: ...

    try:
        report = produce(entries, project, pool=remote, progress=KillingAWorker())
    finally:
        remote.shutdown()
    assert killed
    for model in report.models:
        if model.entry.id.startswith("good"):
            assert isinstance(model.outcome, Reading)
        else:
            assert isinstance(model.outcome, Failure)
            assert model.outcome.kind == "timeout"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_command_line_reads_on_a_cluster_of_which_a_worker_dies(cluster: Any, project: Path) -> None:
    slow = [f'  - {{id: slow-{number}, builder: "patient:slow", timeout: 60}}\n' for number in range(8)]
    (project / "zoo.yml").write_text("models:\n" + "".join(slow))
    victim = next(iter(cluster.workers.values())).pid
    executor = f"dask:{cluster.scheduler_address}"
    command = [sys.executable, "-m", "keraviz_docs", "extract", "zoo.yml", "-o", "out", "--executor", executor]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        os.kill(victim, signal.SIGKILL)
        _, complaints = process.communicate()
    assert first.startswith("[1/8] slow-")
    assert process.returncode == 0, complaints
    assert sorted(path.name for path in (project / "out").iterdir()) == [f"slow-{number}.json" for number in range(8)]
    assert [line for line in complaints.splitlines() if not line.startswith("[")] == [complaints.splitlines()[-1]]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_project_that_the_workers_do_not_have_is_named(cluster: Any, project: Path, entry: Entry) -> None:
    remote = open_pool(f"dask:{cluster.scheduler_address}")
    try:
        request = Request(entry=entry("wellbehaved", "small"), project=project / "elsewhere", limits=Limits())
        with pytest.raises(UserError, match=r"has no directory .*elsewhere; the project must lie at the same path"):
            remote.submit(request).result()
    finally:
        remote.shutdown()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_that_goes_away_is_one_clear_error(project: Path, entry: Entry) -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as scheduler:
        try:
            remote = open_pool(f"dask:{address}")
            future = remote.submit(Request(entry=entry("wellbehaved", "small"), project=project, limits=Limits()))
        finally:
            scheduler.kill()
    with pytest.raises(UserError, match="went away while it read models"):
        future.result()
    remote.kill_workers()


def test_what_is_no_scheduler_is_a_mistake_within_bounded_time() -> None:
    pytest.importorskip("distributed")  # first: what it adds to Dask's settings would be undone with ours
    import dask

    with socket.socket() as deaf, dask.config.set({"distributed.comm.timeouts.connect": "500ms"}):
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        address = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(UserError, match=f"no Dask scheduler answers at {address}"):
            open_pool(f"dask:{address}").submit(NOTHING)


def test_a_scheduler_that_does_not_answer_is_a_mistake_that_names_it() -> None:
    pytest.importorskip("distributed")  # first: what it adds to Dask's settings would be undone with ours
    import dask

    impatient = dask.config.set({"distributed.comm.timeouts.connect": "200ms"})
    with impatient, pytest.raises(UserError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        open_pool("dask:tcp://127.0.0.1:9").submit(NOTHING)


def test_an_address_that_is_none_is_a_mistake_that_names_it() -> None:
    with pytest.raises(UserError, match="no Dask scheduler answers at nonsense: missing port number"):
        open_pool("dask:nonsense").submit(NOTHING)


def test_no_cluster_has_to_be_there_when_nothing_is_to_be_read(
    tmp_path: Path, project: Path, entry: Entry, pool: LocalPool
) -> None:
    cache = Cache(tmp_path / "cache")
    produce([entry("wellbehaved", "small")], project, cache=cache, pool=pool)
    report = produce([entry("wellbehaved", "small")], project, cache=cache, pool=open_pool("dask:tcp://127.0.0.1:9"))
    assert report.models[0].from_cache


def test_without_dask_it_is_said_how_to_install_it(project: Path) -> None:
    (project / "zoo.yml").write_text('executor: dask\nmodels:\n  - builder: "wellbehaved:small"\n')
    program = "import sys; sys.modules['distributed'] = None; from keraviz_docs.cli import main; main()"
    command = [sys.executable, "-c", program, "extract", "zoo.yml"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Dask is not installed; `pip install keraviz-docs[dask]` installs it" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_wins_over_the_manifest(project: Path) -> None:
    (project / "zoo.yml").write_text('executor: dask:nowhere\nmodels:\n  - builder: "wellbehaved:small"\n')
    command = [sys.executable, "-m", "keraviz_docs", "extract", "zoo.yml", "-q"]
    manifest, option = (
        subprocess.run([*command, *more], cwd=project, capture_output=True, text=True, check=False)
        for more in ([], ["--executor", "local"])
    )
    assert "no Dask scheduler answers at nowhere" in manifest.stderr
    assert (option.returncode, option.stderr) == (0, "")


NOTHING = Request(
    entry=ModelEntry(id="nothing", target=BuilderTarget("nowhere", "nothing")), project=Path("nowhere"), limits=Limits()
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
