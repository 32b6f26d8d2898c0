"""Settings of places: Kakao's keyword search."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Secret, Url, setting


@dataclass(frozen=True, slots=True)
class LocationSettings:
    """How Kakao Local is asked; without a key our own places answer."""

    kakao_local_key: Secret = setting(
        Secret(""), "Kakao REST API key, for the search of places", read_by="functions.locations.kakao"
    )
    kakao_local_url: Url = setting("https://dapi.kakao.com", "Kakao Local API")
    kakao_local_timeout_s: float = setting(2, "longest wait for Kakao's places", least=0.1, most=10)
    kakao_local_cache_s: int = setting(600, "how long Kakao's places are kept in the cache", least=1)
