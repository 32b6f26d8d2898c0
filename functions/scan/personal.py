"""What the scan holds of users."""

from __future__ import annotations

from functions.runtime.personal import PersonalData, PersonalTable

_OF_JOBS = "job_id IN (SELECT id FROM scan.jobs WHERE user_id = %(user)s)"


class ScanData(PersonalData):
    """Scans with what each stage made of them, and which characters were won by them."""

    tables = (
        PersonalTable(
            "scan.stage_results",
            "scan_stages",
            "job_id, stage, started_at, finished_at, convert_from(output, 'UTF8')::json AS output",
            of=_OF_JOBS,
        ),
        PersonalTable("scan.grants", "won_characters", "character, job_id, granted_at"),
        PersonalTable(
            "scan.jobs",
            "scans",
            "id, status, image_url, user_input, model, region, idempotency_key, created_at, ended_at, outcome",
        ),
    )

    async def forget(self, user_id: str) -> None:
        """Stop whoever works on the user's scans, then delete them."""
        await self._database.run(_STOP, {"user": user_id})
        await super().forget(user_id)


_STOP = """
SELECT pg_notify('eco2_cancel', id::text) FROM scan.jobs WHERE user_id = %(user)s AND status = 'active'
"""
