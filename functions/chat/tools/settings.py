"""Settings of what the chat asks outside."""

from __future__ import annotations

from dataclasses import dataclass

from process.settings import Names, Secret, Url, setting


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """Keys and addresses of public data; what has no key is not asked, and the answer says what is missing."""

    kma_key: Secret = setting(
        Secret(""), "data.go.kr key for the weather (기상청 단기예보)", read_by="functions.chat.tools.kma"
    )
    kma_url: Url = setting("https://apis.data.go.kr", "weather: data.go.kr")
    kma_timeout_s: float = setting(2, "longest wait for one answer about the weather", least=0.1, most=10)
    mois_key: Secret = setting(
        Secret(""),
        "data.go.kr key for how municipalities collect (행정안전부 생활쓰레기배출정보)",
        read_by="functions.chat.tools.mois",
    )
    mois_url: Url = setting("https://apis.data.go.kr", "municipal collection: data.go.kr")
    odcloud_key: Secret = setting(
        Secret(""), "odcloud key for collection boxes", read_by="functions.chat.tools.odcloud"
    )
    odcloud_url: Url = setting("https://api.odcloud.kr", "collection boxes: odcloud")
    odcloud_points: Names = setting(
        (),
        "files of collection boxes as kind=path, such as clothes=15068871/v1/uddi:…; kinds: clothes, battery, "
        "fluorescent_lamp, phone",
        may_be_empty=True,
    )
    public_data_timeout_s: float = setting(
        4, "longest wait for one answer of the two above", least=0.1, most=10
    )
    chat_prices: str = setting("", "price table of recyclables (JSON) to use instead of the packaged one")
