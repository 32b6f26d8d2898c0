"""What the accounts hold of users."""

from __future__ import annotations

from functions.runtime.personal import PersonalData, PersonalTable


class UsersData(PersonalData):
    """Accounts, how they sign in, and their collections."""

    tables = (
        PersonalTable("users.phone_refusals", "phone_refusals", "began_at, refused"),
        PersonalTable("users.user_characters", "characters", "id, character_code, job_id, acquired_at"),
        PersonalTable(
            "users.social_accounts", "social_accounts", "provider, provider_user_id, email, created_at"
        ),
        PersonalTable(
            "users.accounts",
            "account",
            "id, username, nickname, email, phone_number, profile_image_url, provider, registered_at, last_login_at, "
            "created_at",
            of="id = %(user)s",
        ),
    )
