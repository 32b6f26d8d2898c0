"""What the pictures hold of users."""

from __future__ import annotations

from functions.runtime.personal import PersonalData, PersonalTable


class ImagesData(PersonalData):
    """Uploads, and the objects that came of them."""

    tables = (
        PersonalTable(
            "images.uploads",
            "pictures",
            "key, channel, filename, content_type, metadata, created_at, confirmed_at, size, width, height",
        ),
    )

    async def forget(self, user_id: str) -> None:
        """Delete the uploads, and have their objects removed: now, and once no URL takes a PUT any more."""
        from functions.images.copies import CopyName
        from functions.images.uploads import SURELY_EXPIRED_S, original

        rows = await self._database.all(_KEYS, (user_id,))
        names = [
            name
            for (key,) in rows
            for name in (original(key), CopyName(key, False).object, CopyName(key, True).object)
        ]
        await self._database.run(_REMOVE, (SURELY_EXPIRED_S, names, [key for (key,) in rows], user_id))


_KEYS = "SELECT key FROM images.uploads WHERE user_id = %s"
_REMOVE = """
WITH removed AS (
    INSERT INTO images.removals (name, until)
    SELECT name, now() + make_interval(secs => %s) FROM unnest(%s::text[]) AS name
    ON CONFLICT (name) DO UPDATE SET due_at = now(), until = excluded.until
)
DELETE FROM images.uploads WHERE key = ANY(%s) AND user_id = %s
"""
