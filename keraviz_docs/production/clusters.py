"""Models read on the machines of a Dask cluster (https://distributed.dask.org).

Every worker keeps a :class:`~keraviz_docs.production.pool.LocalPool`, so a model has the same process of its own, the
same limits and the same fate there as here.  When a worker dies, Dask has another one do its work.

The project must lie at the same path on every worker, as on a shared file system, with the same packages installed.  An
answer that was made from something else than what lies here is shown, but not remembered.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import CancelledError, Future, InvalidStateError
from typing import Any

import msgspec

from keraviz_docs.errors import Code, UserError
from keraviz_docs.production.fingerprints import Fingerprints
from keraviz_docs.production.messages import Observed, Request, packed, unpacked
from keraviz_docs.production.pool import LocalPool, Result, default_jobs

try:
    import dask
    import distributed
    from dask.utils import parse_timedelta
    from distributed.security import Security
except ImportError as error:  # an optional dependency
    raise UserError("Dask is not installed; `pip install keraviz-docs[dask]` installs it", Code.DASK_MISSING) from error

_PLUGIN = "keraviz-docs"

_log = logging.getLogger("keraviz_docs.production")


class ClusterPool:
    """Reads models on a Dask cluster."""

    def __init__(self, address: str | None = None, *, jobs: int | None = None) -> None:
        """Connect to a cluster, or start one.

        Args:
            address: of the scheduler, such as ``tcp://10.0.0.1:8786``; a cluster on this machine when not given.
            jobs: how many workers a cluster on this machine has.

        Raises:
            UserError: no scheduler answers at the address, or its workers cannot run this program.
        """
        self._place = address or "this machine"
        # What happens to a cluster is told once, as what it means here, and not with Dask's tracebacks, too.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        if address is None:
            self._client = distributed.Client(
                n_workers=jobs or default_jobs(),
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        else:
            workers = _workers(address)
            if not workers:
                _log.warning("the Dask cluster at %s has no worker yet; models wait for one to join", address)
            self._client = distributed.Client(address)
        try:
            self._client.register_plugin(_PoolOfWorker(), name=_PLUGIN)
        except Exception as error:  # whatever a worker without this package, or with another version of it, raises
            self._client.close()
            raise UserError(
                f"the workers of the Dask cluster at {self._place} cannot run keraviz-docs: {type(error).__name__}: "
                f"{error}; install the same packages there as here",
                Code.DASK_WORKER,
            ) from error
        self._executor = self._client.get_executor(pure=False)

    def submit(self, request: Request, /) -> Future[Result]:
        """Have a worker serve a request."""
        outer: Future[Result] = Future()
        inner = self._executor.submit(_serve, packed(request))
        outer.set_running_or_notify_cancel()
        inner.add_done_callback(lambda done: _pass_on(done, outer, request, self._place))
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
    if not asked.project.is_dir():
        raise UserError(
            f"the Dask worker {distributed.get_worker().address} has no directory {asked.project}; the project must "
            "lie at the same path on every worker, as on a shared file system",
            Code.DASK_WORKER,
        )
    result = distributed.get_worker().plugins[_PLUGIN].pool.submit(asked).result()
    dependencies = Fingerprints(asked.project.resolve(), asked.environment).settle(result.observed)
    unknown = () if dependencies is not None else (Observed("unobserved", "another machine"),)
    return msgspec.msgpack.encode(
        msgspec.structs.replace(result, dependencies=dependencies, observed=(*result.observed, *unknown))
    )


def _pass_on(done: Future[bytes], outer: Future[Result], request: Request, place: str) -> None:
    with contextlib.suppress(InvalidStateError):  # nobody waits for it any more
        try:
            outer.set_result(msgspec.msgpack.decode(done.result(), type=Result))
        except distributed.KilledWorker:
            failure = request.failure("crash", "Every worker of the cluster that began to read it died.")
            outer.set_result(Result(answer=failure))
        except CancelledError:
            lost = f"the Dask cluster at {place} went away while it read models; what it had read is in the cache"
            outer.set_exception(UserError(lost, Code.NO_SCHEDULER))
        except BaseException as error:  # the worker's, passed on with the future as every executor does
            outer.set_exception(error)


def _workers(address: str) -> int:
    """Return how many workers the scheduler at an address has now.

    Raises:
        UserError: none answers there, within as long as Dask's ``distributed.comm.timeouts.connect`` says.
    """
    seconds = parse_timedelta(dask.config.get("distributed.comm.timeouts.connect"))
    try:
        identity = asyncio.run(_identity(address, seconds))
    except (OSError, ValueError, asyncio.TimeoutError) as error:  # it is the builtin TimeoutError from Python 3.11 on
        reason = str(error) or f"what listens there is no scheduler, or did not answer within {seconds:g} s"
        message = f"no Dask scheduler answers at {address}: {reason}"
        raise UserError(f"{message}; `dask scheduler` starts one", Code.NO_SCHEDULER) from error
    if identity.get("type") != "Scheduler":
        what = str(identity.get("type")).lower()
        raise UserError(f"at {address} is a Dask {what}; give the address of its scheduler", Code.NO_SCHEDULER)
    return len(identity["workers"])


async def _identity(address: str, seconds: float) -> dict[str, Any]:
    """Ask who listens at an address; `distributed.Client` alone would wait for ever for what is no scheduler."""
    remote = distributed.rpc(address, timeout=seconds, connection_args=Security().get_connection_args("client"))
    try:
        identity: dict[str, Any] = await asyncio.wait_for(remote.identity(), seconds)
        return identity
    finally:
        await remote.close_rpc()
