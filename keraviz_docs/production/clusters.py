"""Models read on the machines of a Dask cluster (https://distributed.dask.org).

Every worker keeps a :class:`~keraviz_docs.production.pool.LocalPool`, so a model has the same process of its own, the
same limits and the same fate there as here.  When a worker dies, Dask has another one do its work.

The project must lie at the same path on every worker, as on a shared file system, with the same packages installed.  An
answer that was made from something else than what lies here is shown, but not remembered.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from typing import Any

import msgspec

from keraviz_docs.errors import Code, UserError
from keraviz_docs.production.fingerprints import Fingerprints
from keraviz_docs.production.messages import Observed, Request, packed, unpacked
from keraviz_docs.production.pool import LocalPool, Result

try:
    import distributed
except ImportError as error:  # an optional dependency
    raise UserError("Dask is not installed; `pip install keraviz-docs[dask]` installs it", Code.DASK_MISSING) from error

_PLUGIN = "keraviz-docs"


class ClusterPool:
    """Reads models on a Dask cluster."""

    def __init__(self, address: str | None = None, *, jobs: int | None = None) -> None:
        """Connect to a cluster, or start one.

        Args:
            address: of the scheduler, such as ``tcp://10.0.0.1:8786``; a cluster on this machine when not given.
            jobs: how many workers a cluster on this machine has.

        Raises:
            UserError: no scheduler answers at the address.
        """
        try:
            if address is not None:
                self._client = distributed.Client(address)
            else:
                self._client = distributed.Client(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
        except (OSError, TimeoutError, ValueError) as error:
            raise UserError(f"no Dask scheduler answers at {address}: {error}", Code.NO_SCHEDULER) from error
        self._client.register_plugin(_PoolOfWorker(), name=_PLUGIN)
        self._executor = self._client.get_executor(pure=False)

    def submit(self, request: Request, /) -> Future[Result]:
        """Have a worker serve a request."""
        outer: Future[Result] = Future()
        inner = self._executor.submit(_serve, packed(request))
        outer.set_running_or_notify_cancel()
        inner.add_done_callback(lambda done: _pass_on(done, outer, request))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster once everything is done; one that was started for this pool ends."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()

    def kill_workers(self) -> None:
        """Leave the cluster at once, and have it forget what it was asked for."""
        self._executor.shutdown(wait=False)
        self._client.close()


class _PoolOfWorker(distributed.WorkerPlugin):  # type: ignore[misc]  # Dask's classes are not typed
    """Gives a worker its pool, for as long as it lives."""

    name = _PLUGIN

    def setup(self, worker: Any) -> None:
        self.pool = LocalPool(worker.state.nthreads)

    def teardown(self, worker: Any) -> None:
        del worker
        self.pool.kill_workers()

    def __reduce__(self) -> tuple[type[_PoolOfWorker], tuple[()]]:
        return _PoolOfWorker, ()


def _serve(request: bytes) -> bytes:
    """Serve a request on a worker."""
    asked = unpacked(request)
    result = distributed.get_worker().plugins[_PLUGIN].pool.submit(asked).result()
    dependencies = Fingerprints(asked.project.resolve(), asked.environment).settle(result.observed)
    unknown = () if dependencies is not None else (Observed("unobserved", "another machine"),)
    return msgspec.msgpack.encode(
        msgspec.structs.replace(result, dependencies=dependencies, observed=(*result.observed, *unknown))
    )


def _pass_on(done: Future[bytes], outer: Future[Result], request: Request) -> None:
    with contextlib.suppress(Exception):  # nobody waits for it any more
        try:
            outer.set_result(msgspec.msgpack.decode(done.result(), type=Result))
        except distributed.KilledWorker:
            failure = request.failure("crash", "Every worker of the cluster that began to read it died.")
            outer.set_result(Result(answer=failure))
        except BaseException as error:  # the worker's, passed on with the future as every executor does
            outer.set_exception(error)
