"""The RS256 keys that sign tokens: PEM files named by key id in one folder.

`<kid>.pem` holds a private key (this process may sign with it) or a public key (it may only verify); the file
`current` names the key that signs. To rotate: name the other key in `current`, add a new one, and leave the old
one – its public half is enough – until its last refresh token has expired. Verifiers know the next key before
it is used because all are in the JWKS.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from functions.auth.errors import SigningKeysError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

CURRENT = "current"
BITS = 2048
_KID = re.compile(r"[A-Za-z0-9_-]{4,64}")


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys of a process, parsed once; `private` is None where only the public half is mounted."""

    kid: str
    private: RSAPrivateKey | None
    public: Mapping[str, RSAPublicKey]

    @classmethod
    def load(cls, folder: Path) -> SigningKeys:
        """The keys of `folder`. Raises SigningKeysError."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

        private: dict[str, RSAPrivateKey] = {}
        public: dict[str, RSAPublicKey] = {}
        try:
            kid = (folder / CURRENT).read_text().strip()
            for path in sorted(folder.glob("*.pem")):
                pem = path.read_bytes()
                secret = b"PRIVATE KEY" in pem
                key = load_pem_private_key(pem, None) if secret else load_pem_public_key(pem)
                if isinstance(key, RSAPrivateKey):
                    private[path.stem], public[path.stem] = key, key.public_key()
                elif isinstance(key, RSAPublicKey):
                    public[path.stem] = key
                if (
                    path.stem not in public
                    or public[path.stem].key_size < BITS
                    or not _KID.fullmatch(path.stem)
                ):
                    raise SigningKeysError(f"{path.name}: not an RSA key of {BITS} bits named by its key id")
        except (OSError, ValueError, TypeError) as error:
            raise SigningKeysError(
                f"the signing keys in {folder} can't be read: {type(error).__name__}"
            ) from error
        if kid not in public:
            raise SigningKeysError(f"{folder / CURRENT} names no key of the folder")
        return cls(kid, private.get(kid), public)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JSON Web Key Set (RFC 7517), the current one first."""
        from jwt.algorithms import RSAAlgorithm

        kids = sorted(self.public, key=lambda kid: (kid != self.kid, kid))
        found = []
        for kid in kids:
            numbers = RSAAlgorithm.to_jwk(self.public[kid], as_dict=True)
            found.append(
                {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": numbers["n"], "e": numbers["e"]}
            )
        return {"keys": found}


def ensure_keys(folder: Path) -> None:
    """Make a current and a next key unless the folder has a current one; files are readable by us only.

    Safe against a second process doing the same: whoever names the current key first, wins.
    """
    if (folder / CURRENT).exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    current, _next = _generate(folder), _generate(folder)
    _write(folder / CURRENT, current.encode())


def _generate(folder: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    kid = secrets.token_hex(8)
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    _write(folder / f"{kid}.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return kid


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, with mode 0600; a file that is there already stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
