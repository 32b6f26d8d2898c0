"""Keys are made once, stay private and can be rotated."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from functions.auth.errors import SigningKeysError
from functions.auth.issuing import Issuing
from functions.auth.keys import CURRENT, NEXT, KeyFolder, SigningKeys, ensure_keys, rotate
from functions.auth.tokens import Tokens


def test_made_keys_are_a_current_and_a_next_one_that_only_we_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ensure_keys(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    keys = SigningKeys.load(folder)
    assert keys.private is not None
    assert [key.key_size for key in keys.public.values()] == [3072, 3072]
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


def test_a_rotation_signs_with_the_next_key_and_keeps_only_the_public_half_of_the_old(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    ensure_keys(folder)
    before = SigningKeys.load(folder)
    following = (folder / NEXT).read_text()
    after = rotate(folder, keep_s=60)
    assert (after.kid, set(after.public) > set(before.public)) == (following, True)
    assert b"PRIVATE" not in (folder / f"{before.kid}.pem").read_bytes()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    again = rotate(folder, keep_s=60)
    assert again.kid not in before.public
    assert set(before.public) < set(again.public)


def test_a_key_goes_when_nothing_that_it_signed_is_left(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    first = SigningKeys.load(tmp_path).kid
    rotate(tmp_path, keep_s=60)
    os.utime(tmp_path / f"{first}.pem", (0, 0))
    assert first not in rotate(tmp_path, keep_s=60).public
    assert len(SigningKeys.load(tmp_path).public) == 3


def test_a_folder_of_before_or_of_a_rotation_that_was_broken_off_can_be_rotated(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    (tmp_path / NEXT).unlink()
    left_over = rotate(tmp_path, keep_s=60)
    (tmp_path / NEXT).write_text("gone")
    ensure_keys(tmp_path / "other")
    for path in (tmp_path / "other").glob("*.pem"):
        shutil.copy(path, tmp_path)
    rotated = rotate(tmp_path, keep_s=60)
    assert left_over.kid != rotated.kid
    private = [path.stem for path in tmp_path.glob("*.pem") if b"PRIVATE" in path.read_bytes()]
    assert sorted(private) == sorted([rotated.kid, (tmp_path / NEXT).read_text()])


def test_keys_are_rotated_where_the_private_one_is(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    kid = SigningKeys.load(tmp_path).kid
    rotate(tmp_path, keep_s=60)
    (tmp_path / CURRENT).write_text(kid)
    with pytest.raises(SigningKeysError, match="holds no private key"):
        rotate(tmp_path, keep_s=60)
    with pytest.raises(SigningKeysError):
        rotate(tmp_path / "nowhere", keep_s=60)


def test_a_process_notices_rotations_and_outlives_a_folder_that_can_t_be_read(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    folder = KeyFolder(tmp_path)
    first = folder.keys()
    assert folder.keys() is first
    for _ in range(2):
        rotate(tmp_path, keep_s=60)
    now = folder.keys()
    assert now.kid == (tmp_path / CURRENT).read_text()
    (tmp_path / CURRENT).write_text("unknown")
    assert folder.keys() is now
    (tmp_path / CURRENT).unlink()
    assert folder.keys() is now


def test_after_two_rotations_nobody_is_locked_out(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    old = Tokens(KeyFolder(tmp_path).keys, issuer="i", audience="a")
    before, _ = Issuing(old).issue("access", "u", "local", "s")
    for _ in range(2):
        rotate(tmp_path, keep_s=60)
        young = Tokens(KeyFolder(tmp_path).keys, issuer="i", audience="a")
        after, issued = Issuing(young).issue("access", "u", "local", "s")
        assert old.verify(after, "access") == issued
        assert young.verify(before, "access").session == "s"
        assert young.verify(Issuing(old).issue("refresh", "u", "local", "s")[0], "refresh").session == "s"
