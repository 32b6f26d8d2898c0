"""What is mounted where tokens are checked and none is issued: the signing keys' public halves.

`python -m functions.auth.public_keys KEYS FOLDER` writes them into a new folder.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from functions.auth.keys import CURRENT


def public_halves(files: Mapping[str, str]) -> dict[str, str]:
    """The files of a folder of keys (functions.auth.keys) without anything private. Raises ValueError."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
        load_pem_public_key,
    )

    halves = {CURRENT: files[CURRENT]}
    for name, pem in files.items():
        if name.endswith(".pem"):
            data = pem.encode()
            public = (
                load_pem_private_key(data, None).public_key()
                if b"PRIVATE KEY" in data
                else load_pem_public_key(data)
            )
            halves[name] = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return halves


def main(keys: str, folder: str) -> None:
    """Write the public halves of the folder `keys`."""
    Path(folder).mkdir(parents=True)
    for name, text in public_halves({path.name: path.read_text() for path in Path(keys).iterdir()}).items():
        Path(folder, name).write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
