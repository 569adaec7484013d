"""What workers that were killed, or froze, have left behind."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

from tocsin.store.protocol import Store
from tocsin.worker.tasks import lease_owner
from tocsin.worker.threads import in_thread

#: Seconds without a sign of life after which a worker counts as gone; it gives one every two seconds.
GONE_AFTER = 10.0


async def sweep(app: App, store: Store) -> bool:
    """Free what workers hold that gave no sign of life for too long; return whether there were any.

    Their jobs are removed and not done again: a job may wait already that is like them, and what there is to do stands
    in our tables. Any worker may do this at any time. Where one dies over it, leases that were to be released end by
    themselves within a minute.

    Raises:
        procrastinate.exceptions.ConnectorException: The database cannot be read.
        StoreError: The store cannot be written.
    """
    gone = await app.job_manager.prune_stalled_workers(GONE_AFTER)
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=GONE_AFTER):
        # Another worker may have removed it meanwhile.
        with contextlib.suppress(ConnectorException):
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
    if gone:
        await in_thread(release, store, gone)
    return bool(gone)


def release(store: Store, worker_ids: Collection[int]) -> None:
    """Let others send what these workers were sending when they ended.

    Raises:
        StoreError: The store cannot be written.
    """
    with store.writing() as tx:
        for worker_id in worker_ids:
            tx.release(lease_owner(worker_id))
