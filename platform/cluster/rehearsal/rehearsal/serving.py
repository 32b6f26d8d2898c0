"""What machines fetch from the internet in production, on the rehearsal's wire: packages, images, and a bucket.

`python -m rehearsal.serving` runs in the rehearsal's network until SIGTERM.
"""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rehearsal.network import GATEWAY
from rehearsal.paths import STATE
from rehearsal.registry import Registry

SITE = STATE / "site"
"""Files by their URL's path: sources of packages."""
BUCKET = STATE / "bucket"
ARCHIVES = STATE / "archives.json"
"""`name:tag` → archive of an image."""
CERTIFICATE, PRIVATE_KEY = STATE / "bucket.crt", STATE / "bucket.key"
_MOST_BYTES = 1 << 30
_IDLE_S = 60


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        raise NotImplementedError

    @property
    def place(self) -> str:
        """The path that is asked for; one that leads up is nobody's."""
        path = unquote(urlsplit(self.path).path)
        return "" if ".." in path.split("/") else path

    def send_part(self, file: Path, offset: int, size: int, headers: dict[str, str]) -> None:
        """Answer with `size` bytes of a file; nothing but headers to HEAD."""
        self.send_response(200)
        for name, value in {"Content-Length": str(size), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        with file.open("rb") as content:
            content.seek(offset)
            while size and (chunk := content.read(min(size, 1 << 20))):
                self.wfile.write(chunk)
                size -= len(chunk)

    def refuse(self, status: int) -> None:
        """Answer with a status and no more."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Sources(_Quiet):
    """Sources of packages, and a registry of images."""

    registry: Registry

    def do_GET(self) -> None:
        """Answer from the registry or from files."""
        found = self.registry.find(self.place)
        if found:
            headers = {"Content-Type": found.media_type, "Docker-Content-Digest": found.digest}
            self.send_part(found.archive, found.offset, found.size, headers)
            return
        file = SITE / self.place.lstrip("/")
        if self.place == "/v2/":
            self.send_part(Path("/dev/null"), 0, 0, {})
        elif self.place and file.is_file():
            self.send_part(file, 0, file.stat().st_size, {"Content-Type": "application/octet-stream"})
        else:
            self.refuse(404)


class Bucket(_Quiet):
    """As much of S3 as `aws s3 cp` of one part needs. The host's first label is the bucket."""

    def do_GET(self) -> None:
        """Answer with an object."""
        file = self._object()
        if file.is_file():
            self.send_part(
                file, 0, file.stat().st_size, {"ETag": '"-"', "Last-Modified": self.date_time_string()}
            )
        else:
            self.refuse(404)

    def do_PUT(self) -> None:
        """Take an object of a known length."""
        size = int(self.headers.get("Content-Length", _MOST_BYTES + 1))
        if size > _MOST_BYTES or not self.place:
            self.refuse(400)
            return
        file = self._object()
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as target:
            while size and (chunk := self.rfile.read(min(size, 1 << 20))):
                target.write(chunk)
                size -= len(chunk)
        self.send_part(Path("/dev/null"), 0, 0, {"ETag": '"-"'})

    def _object(self) -> Path:
        host = self.headers.get("Host", "").partition(".")[0]
        return BUCKET / host / self.place.lstrip("/")


def main() -> None:
    """Serve packages and images on port 80, the bucket on 443."""
    archives = {reference: Path(path) for reference, path in json.loads(ARCHIVES.read_text()).items()}
    Sources.registry = Registry(archives)
    plain = ThreadingHTTPServer((GATEWAY, 80), Sources)
    sealed = ThreadingHTTPServer((GATEWAY, 443), Bucket)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, PRIVATE_KEY)
    sealed.socket = context.wrap_socket(sealed.socket, server_side=True)
    threading.Thread(target=sealed.serve_forever, daemon=True).start()
    plain.serve_forever()


if __name__ == "__main__":
    main()
