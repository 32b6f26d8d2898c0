from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from cloudevents.http import from_http
from hypothesis import given
from hypothesis import strategies as st

from eventing.cloudevent import CloudEvent, InvalidCloudEvent, decode, is_cloudevent
from tests.eventing.documents import INVALID, MINIMAL, VALID

STRUCTURED = {"content-type": "application/cloudevents+json"}


def structured(document: object) -> CloudEvent:
    return decode(STRUCTURED, json.dumps(document).encode())


def binary(**attributes: str) -> CloudEvent:
    return decode({f"ce-{name}": value for name, value in {**MINIMAL, **attributes}.items()}, b"")


@pytest.mark.parametrize(("attribute", "document"), INVALID)
def test_an_invalid_structured_event_is_refused_with_its_finding(
    attribute: str, document: dict[str, Any]
) -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        structured(document)
    assert list(refused.value.findings) == [attribute]


@pytest.mark.parametrize(
    ("attribute", "document"),
    [
        (a, d)
        for a, d in INVALID
        if all(isinstance(v, str) and v.isascii() and v.isprintable() for v in d.values())
        and not {"data", "data_base64", "datacontenttype", "userId"} & d.keys()
    ],
)
def test_an_invalid_binary_event_is_refused_with_its_finding(
    attribute: str, document: dict[str, str]
) -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        decode({f"ce-{name}": value for name, value in document.items()}, b"")
    assert list(refused.value.findings) == [attribute]


@pytest.mark.parametrize(
    "attributes",
    VALID,
)
def test_a_valid_event_is_not_refused(attributes: dict[str, Any]) -> None:
    event = structured({**MINIMAL, **attributes})

    assert decode(*event.to_binary()) == event


def test_all_findings_come_at_once() -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        structured({"specversion": "2", "id": "", "time": "now", "Ext": "x", "data": 1, "data_base64": ""})
    assert set(refused.value.findings) == {"specversion", "id", "source", "type", "time", "Ext", "data"}


def test_an_invalid_value_cannot_be_built_or_changed() -> None:
    with pytest.raises(InvalidCloudEvent, match="source is missing or empty"):
        CloudEvent(id="1", source="", type="t")
    with pytest.raises(InvalidCloudEvent, match="core attribute"):
        CloudEvent(id="1", source="/s", type="t", extensions={"id": "2"})
    event = CloudEvent(id="1", source="/s", type="t", extensions={"userid": "u"})
    with pytest.raises(FrozenInstanceError):
        event.id = "2"  # type: ignore[misc]
    with pytest.raises(TypeError):
        event.extensions["userid"] = "v"  # type: ignore[index]
    assert len({event, replace(event), replace(event, id="2")}) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe",
        '{"specversion":"1.0"}'.encode("utf-16"),
        json.dumps({**MINIMAL, "data": float("nan")}).encode(),
        json.dumps({**MINIMAL, "data": float("inf")}).encode(),
        b'{"specversion":"1.0","id":"1","id":"2","type":"t","source":"/s"}',
        b'{"specversion":"1.0","id":"1","type":"t","source":"/s","data":{"a":1,"a":2}}',
        b'{"specversion":"1.0","id":"1","type":"t","source":"/s","data":"\\ud800"}',
        b'{"specversion":"1.0","id":"1","type":"t","source":"/s","data":' + b"9" * 5000 + b"}",
        json.dumps(MINIMAL).encode()[:-1] + b',"data":' + b"[" * 65 + b"]" * 65 + b"}",
        json.dumps(MINIMAL).encode()[:-1] + b',"data":' + b"[" * 30000 + b"]" * 30000 + b"}",
    ],
)
def test_a_document_that_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        decode(STRUCTURED, body)
    assert list(refused.value.findings) == ["document"]


def test_brackets_inside_strings_are_no_nesting() -> None:
    assert structured({**MINIMAL, "data": '[{"' * 100}).json() == '[{"' * 100


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(InvalidCloudEvent, match="document holds a number that is too large"):
        decode(STRUCTURED, json.dumps(MINIMAL).encode()[:-1] + b',"data":1e999}')


@pytest.mark.parametrize(
    "content_type",
    [
        "application/cloudevents-batch+json",
        "application/cloudevents+xml",
        "application/cloudevents",
        "Application/CloudEvents+JSON; charset=euc-kr",
    ],
)
def test_other_formats_and_batches_are_refused_by_content_type(content_type: str) -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        decode({"content-type": content_type}, b"[]")
    assert list(refused.value.findings) == ["content-type"]


def test_sizes_are_bounded() -> None:
    headers = {f"ce-{name}": value for name, value in MINIMAL.items()}
    assert len(decode(headers, bytes(65536)).data) == 65536
    with pytest.raises(InvalidCloudEvent, match="65537 bytes"):
        decode(headers, bytes(65537))
    with pytest.raises(InvalidCloudEvent, match="at most 10"):
        decode(STRUCTURED, b"{" + b" " * 10, max_bytes=10)
    with pytest.raises(InvalidCloudEvent, match="8192 characters"):
        decode({**headers, "ce-subject": "x" * 8192}, b"")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("%ED%8E%98%ED%8A%B8%EB%B3%91", "페트병"),
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%41%62c", "Abc"),
        ("100%", "100%"),
        ('"quoted \\"run\\" %22"', 'quoted "run" "'),
        ("a b", "a b"),
        ("페트병".encode().decode("latin-1"), "페트병"),
    ],
)
def test_header_values_are_decoded_as_the_http_binding_says(header: str, value: str) -> None:
    assert binary(subject=header).subject == value


@pytest.mark.parametrize("header", ["%C0%A0", "%ff", "caf\xe9", "%0A", "%EF%BF%BE"])
def test_header_values_that_are_no_string_are_refused(header: str) -> None:
    with pytest.raises(InvalidCloudEvent) as refused:
        binary(subject=header)
    assert "subject" in refused.value.findings


def test_the_content_type_of_binary_mode_is_no_ce_header() -> None:
    with pytest.raises(InvalidCloudEvent, match="Content-Type header"):
        binary(datacontenttype="application/json")


def test_data_in_structured_mode_follows_its_media_type() -> None:
    assert structured({**MINIMAL, "data": {"a": 1}}).datacontenttype == "application/json"
    assert structured({**MINIMAL, "data": "x", "datacontenttype": "text/plain"}).data == b"x"
    assert structured({**MINIMAL, "data": "x", "datacontenttype": "application/vnd.a+json"}).data == b'"x"'
    assert structured({**MINIMAL, "data_base64": "AP8="}).data == b"\x00\xff"
    event = CloudEvent("1", "/s", "t", datacontenttype="application/json", data=b'{"n": 1.10}')
    assert b'"data":{"n": 1.10}}' in event.to_structured()
    assert b'"data_base64"' in replace(event, data=b"null").to_structured()
    assert b'"data_base64"' in replace(event, data=b"{broken").to_structured()
    with pytest.raises(InvalidCloudEvent, match="data is not JSON"):
        replace(event, data=b"{broken").json()
    assert replace(event, data=b"").json() is None


def test_messages_that_claim_to_be_events_are_recognised() -> None:
    assert is_cloudevent({"ce-specversion": "1.0"})
    assert is_cloudevent({"ce-id": "1"})
    assert is_cloudevent({"content-type": "Application/CloudEvents+json; charset=utf-8"})
    assert not is_cloudevent({"content-type": "application/json"})
    assert not is_cloudevent({})


_text = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cn")).filter(lambda c: ord(c) & 0xFFFE != 0xFFFE),
    min_size=1,
    max_size=30,
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)
_content = (
    st.tuples(st.just("application/json"), _json.map(lambda value: json.dumps(value).encode()))
    | st.tuples(
        st.just("text/plain; charset=utf-8"), st.text(max_size=30).map(lambda t: t.encode("utf-8", "ignore"))
    )
    | st.tuples(st.sampled_from((None, "image/jpeg", "application/json")), st.binary(max_size=60))
)


@st.composite
def events(draw: st.DrawFn) -> CloudEvent:
    content_type, data = draw(_content)
    return CloudEvent(
        id=draw(_text),
        source=draw(st.sampled_from(("/eco2/scan/vision", "https://a.example/b", "#x"))),
        type=draw(_text),
        subject=draw(st.none() | _text),
        time=draw(st.none() | st.datetimes(timezones=st.timezones()).map(_rfc3339)),
        datacontenttype=content_type,
        dataschema=draw(st.none() | st.just("https://eco2.example/schemas/1#a")),
        extensions=draw(st.dictionaries(st.sampled_from(("userid", "shard", "x1", "tracestate")), _text)),
        data=data,
    )


def _rfc3339(time: Any) -> str:
    return str(time.replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")) + "+09:00"


@given(events())
def test_binary_mode_round_trips(event: CloudEvent) -> None:
    headers, body = event.to_binary()

    assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert decode(headers, body) == event


@given(events())
def test_structured_mode_round_trips(event: CloudEvent) -> None:
    back = decode(STRUCTURED, event.to_structured())

    assert back.attributes() == event.attributes()
    if event.datacontenttype == "application/json" and back.data != event.data:
        assert back.json() == event.json()  # the same value, written compactly
    else:
        assert back.data == event.data


@given(events())
def test_the_sdk_reads_what_we_write(event: CloudEvent) -> None:
    headers, body = event.to_binary()
    theirs = from_http(headers, body, data_unmarshaller=lambda data: data)
    assert theirs.get_attributes()["id"] == headers["ce-id"]  # the SDK does not percent-decode
    assert theirs.get_attributes()["source"] == event.source

    structured_theirs = from_http(STRUCTURED, event.to_structured(), data_unmarshaller=lambda data: data)
    ours = event.attributes()
    assert {name: structured_theirs.get_attributes()[name] for name in ours} == ours


@given(
    st.dictionaries(st.sampled_from(("ce-id", "ce-type", "ce-source", "ce-time", "content-type")), st.text()),
    st.binary(),
)
def test_any_message_is_an_event_or_refused_with_the_one_error(headers: dict[str, str], body: bytes) -> None:
    headers = {name: value.encode("utf-8", "ignore").decode("latin-1") for name, value in headers.items()}
    for extra in ({"ce-specversion": "1.0"}, STRUCTURED):
        try:
            decode({**headers, **extra}, body)
        except InvalidCloudEvent as refused:
            assert refused.findings  # noqa: PT017
