"""What goes of pictures: old ones, uploads that hold none after a day, originals once there is a copy.

Table `images.removals` holds names of objects, and nothing of whose they were. An object is removed when it is due and
once more when no URL for it can be good any more, so that nothing stays that was put there in between.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from functions.images.bucket import Bucket
from functions.images.copies import OBJECTS
from functions.images.errors import ImageUnavailable
from functions.images.settings import ImageSettings
from functions.images.signing import Store
from functions.images.uploads import SURELY_EXPIRED_S
from functions.runtime import telemetry
from functions.runtime.resources import Service

if TYPE_CHECKING:
    from functions.runtime.database import Database
    from functions.runtime.resources import Resources

BATCH: Final = 200
AT_ONCE: Final = 8
UNUSED_S: Final = 24 * 3600
"""An upload that was neither confirmed, scanned nor shown by then is ended."""
AGAIN_S: Final = 60
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removals(Service):
    """Removals from store and table; safe to run at any time and in several places at once."""

    database: Database
    bucket: Bucket
    days: int

    @classmethod
    async def open(cls, resources: Resources) -> Self:
        """Over the database and the configured store."""
        await asyncio.to_thread(__import__, "botocore.auth")
        settings = resources.settings(ImageSettings)
        bucket = Bucket(Store.inner(settings))
        resources.on_close(bucket.close)
        return cls(await resources.database(), bucket, settings.image_days)

    async def sweep(self) -> None:
        """End uploads that nobody used and pictures that are old, and remove what is due; a bounded number of each."""
        unused = await self.database.all(_UNUSED, (UNUSED_S, BATCH, SURELY_EXPIRED_S, list(OBJECTS)))
        old = await self.database.all(_OLD, (self.days, BATCH, SURELY_EXPIRED_S, list(OBJECTS)))
        removed = await self._remove()
        counts = {
            "unused": len(unused) // len(OBJECTS),
            "expired": len(old) // len(OBJECTS),
            "removed": removed,
        }
        for action, count in counts.items():
            telemetry.metrics().swept.labels(action).inc(count)

    async def _remove(self) -> int:
        due = await self.database.all(_TAKE, (BATCH, AGAIN_S))
        turns, down = asyncio.Semaphore(AT_ONCE), asyncio.Event()

        async def removed(name: str) -> bool:
            async with turns:
                try:
                    if not down.is_set():
                        await self.bucket.delete(name)
                except ImageUnavailable:
                    down.set()
            return not down.is_set()

        names = [name for (name,) in due]
        done = await asyncio.gather(*map(removed, names))
        gone = [name for name, is_gone in zip(names, done, strict=True) if is_gone]
        await self.database.run(_DONE, {"names": gone})
        if len(gone) < len(names):
            log.warning("%d objects could not be removed yet", len(names) - len(gone))
        return len(gone)


def _gone(which: str) -> str:
    """Rows of uploads go, and in the same breath all objects that there can be of them are noted for removal."""
    return f"""
WITH gone AS (
    DELETE FROM images.uploads WHERE key IN (SELECT key FROM images.uploads WHERE {which}) RETURNING key
)
INSERT INTO images.removals (name, until)
SELECT format(object, key), now() + make_interval(secs => %s) FROM gone, unnest(%s::text[]) AS object
ON CONFLICT (name) DO UPDATE SET due_at = now(), until = excluded.until
RETURNING name
"""  # noqa: S608 - put together from constants


_UNUSED = _gone("""
    published_at IS NULL AND created_at < now() - make_interval(secs => %s)
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
""")
_OLD = _gone("""
    published_at < now() - make_interval(days => %s) AND channel <> 'my'
    ORDER BY published_at LIMIT %s FOR UPDATE SKIP LOCKED
""")
_TAKE = """
WITH due AS (
    SELECT name FROM images.removals WHERE due_at <= now() ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE images.removals r SET due_at = now() + make_interval(secs => %s) FROM due WHERE r.name = due.name
RETURNING r.name
"""
_DONE = """
WITH done AS (
    DELETE FROM images.removals WHERE name = ANY (%(names)s::text[]) AND until <= now()
)
UPDATE images.removals SET due_at = until WHERE name = ANY (%(names)s::text[]) AND until > now()
"""
