"""A server of raw HTTP answers on loopback, with and without TLS, and pictures to put on it."""

from __future__ import annotations

import asyncio
import datetime
import io
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from PIL import Image

HOST = "img.example.com"


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **save: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    image.save(written, kind, **save)
    return written.getvalue()


def answer(body: bytes, *, status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """A raw HTTP answer; `length` may lie, -1 leaves it out."""
    lines = [f"HTTP/1.1 {status}", "connection: close"]
    if length != -1:
        lines.append(f"content-length: {len(body) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass
class Server:
    """Answers a path with bytes; a path mapped to None is never answered."""

    port: int
    answers: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            self.asked.append(path)
            self.requests.append(head)
            reply = self.answers.get(path, answer(b"", status="404 Not Found"))
            if reply is None:
                await reader.read()  # until the client gives up
            else:
                writer.write(reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client left, which some tests are about
        finally:
            writer.close()


@dataclass
class Names(AbstractResolver):
    """A resolver with fixed answers: one list of addresses for each time a name is asked, the last one stays."""

    answers: Mapping[str, Sequence[Sequence[str]]]
    port: int
    asked: int = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        turns = self.answers[host]
        addresses = turns[min(self.asked, len(turns) - 1)]
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=self.port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        return None


StartServer = Callable[..., Any]


@pytest.fixture
async def start() -> AsyncIterator[StartServer]:
    async with AsyncExitStack() as opened:

        async def begin(tls: ssl.SSLContext | None = None) -> Server:
            server = Server(0)
            listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
            server.port = listening.sockets[0].getsockname()[1]

            async def stop() -> None:
                listening.close()
                await listening.wait_closed()

            opened.push_async_callback(stop)
            return server

        yield begin


@dataclass(frozen=True)
class Certificate:
    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for `HOST`, and a client that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    pem = signed.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return Certificate(server, ssl.create_default_context(cadata=pem.decode()))
