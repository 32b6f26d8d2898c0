"""Keys are made once, stay private and can be rotated."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from functions.auth.errors import SigningKeysError
from functions.auth.keys import CURRENT, SigningKeys, ensure_keys


def test_made_keys_are_a_current_and_a_next_one_that_only_we_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ensure_keys(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    keys = SigningKeys.load(folder)
    assert keys.private is not None
    assert len(keys.public) == 2
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_making_keys_again_changes_nothing(key_folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in key_folder.iterdir()}
    ensure_keys(key_folder)
    assert {path.name: path.read_bytes() for path in key_folder.iterdir()} == before


def test_the_set_of_public_keys_starts_with_the_current_one_and_has_nothing_private(
    keys: SigningKeys,
) -> None:
    published = keys.jwks()["keys"]
    assert published[0]["kid"] == keys.kid
    assert len(published) == 2
    for key in published:
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}


def test_a_public_half_is_enough_to_verify(key_folder: Path, keys: SigningKeys, tmp_path: Path) -> None:
    for kid, key in keys.public.items():
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{kid}.pem").write_bytes(pem)
    (tmp_path / CURRENT).write_text(keys.kid)
    mounted = SigningKeys.load(tmp_path)
    assert mounted.private is None
    assert mounted.jwks() == keys.jwks()


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("what", ["no current", "other current", "garbage", "short", "elliptic"])
def test_a_folder_that_is_wrong_is_refused_with_a_reason(key_folder: Path, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "keys"
    shutil.copytree(key_folder, folder)
    if what == "no current":
        (folder / CURRENT).unlink()
    if what == "other current":
        (folder / CURRENT).write_text("another")
    if what == "garbage":
        (folder / "more.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    if what == "short":
        (folder / "more.pem").write_bytes(
            _pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))
        )
    if what == "elliptic":
        (folder / "more.pem").write_bytes(_pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(SigningKeysError):
        SigningKeys.load(folder)
