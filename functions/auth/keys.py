"""The RS256 keys that sign tokens: PEM files named by key id in one folder.

`<kid>.pem` holds a private key (this process may sign with it) or a public key (it may only verify); the file
`current` names the key that signs, `next` the one that will. `rotate` (`eco2 keys rotate`) makes the next one current
and leaves the public half of the old one until the last refresh token that it signed has expired. Verifiers elsewhere
know the next key before it is used because all are in the JWKS; our processes read the folder again when it changes.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from functions.auth.errors import SigningKeysError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

log = logging.getLogger(__name__)
CURRENT, NEXT = "current", "next"
BITS, LEAST_BITS = 3072, 2048
"""Of keys that are made, and of those that may be used: 3072 bits are worth 128 (NIST SP 800-57, part 1, table 2)."""
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
                    or public[path.stem].key_size < LEAST_BITS
                    or not _KID.fullmatch(path.stem)
                ):
                    raise SigningKeysError(
                        f"{path.name}: not an RSA key of {LEAST_BITS} bits named by its key id"
                    )
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


class KeyFolder:
    """The keys of a folder as they are now: read again when the folder has changed, which two calls of stat tell."""

    def __init__(self, folder: Path) -> None:
        """Read the keys. Raises SigningKeysError."""
        self._folder, self._seen = folder, _seen(folder)
        self._keys = SigningKeys.load(folder)

    def keys(self) -> SigningKeys:
        """The keys; those of before where the folder can't be read now."""
        seen = _seen(self._folder)
        if seen != self._seen:
            try:
                self._keys, self._seen = SigningKeys.load(self._folder), seen
                log.info("signing with key %s from now on", self._keys.kid)
            except SigningKeysError:
                log.exception("the signing keys have changed and can't be used; those of before are")
        return self._keys


def _seen(folder: Path) -> tuple[int, ...]:
    """What changes with a folder of keys; a mounted secret's files are links into a folder that is replaced."""
    try:
        current, whole = (folder / CURRENT).stat(), folder.stat()
    except OSError:
        return ()
    return current.st_mtime_ns, current.st_ino, whole.st_mtime_ns


def ensure_keys(folder: Path) -> None:
    """Make a current and a next key unless the folder has a current one; files are readable by us only.

    Safe against a second process doing the same: whoever names the current key first, wins.
    """
    if (folder / CURRENT).exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    current, following = _generate(folder), _generate(folder)
    _write(folder / NEXT, following.encode())
    _write(folder / CURRENT, current.encode())


def rotate(folder: Path, keep_s: float) -> SigningKeys:
    """Sign with the next key from now on and make another next one; keys that were retired `keep_s` ago go.

    Whatever step it is broken off at, the folder can be used, and rotated again. Raises SigningKeysError.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    keys = SigningKeys.load(folder)
    private = [path.stem for path in sorted(folder.glob("*.pem")) if b"PRIVATE KEY" in path.read_bytes()]
    if keys.kid not in private:
        raise SigningKeysError(
            f"{folder} holds no private key {keys.kid}: keys are rotated where they are made"
        )
    named = (folder / NEXT).read_text().strip() if (folder / NEXT).exists() else ""
    waiting = [kid for kid in private if kid != keys.kid]
    current = named if named in waiting else (waiting or [_generate(folder)])[0]
    following = _generate(folder)
    _replace(folder / NEXT, following.encode())
    _replace(folder / CURRENT, current.encode())
    for kid in {keys.kid, *waiting} - {current}:  # more than one where a rotation was broken off
        pem = keys.public[kid].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        _replace(folder / f"{kid}.pem", pem)
    for path in folder.glob("*.pem"):
        if path.stem not in {current, following} and path.stat().st_mtime < time.time() - keep_s:
            path.unlink()
    return SigningKeys.load(folder)


def _generate(folder: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    kid = secrets.token_hex(8)
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    _write(folder / f"{kid}.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return kid


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, with mode 0600, in place of what was there."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:  # 0600
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


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
