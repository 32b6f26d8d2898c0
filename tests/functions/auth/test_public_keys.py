"""Who only checks tokens gets no private key."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.auth.keys import SigningKeys
from functions.auth.public_keys import main, public_halves


def test_public_halves_are_the_same_keys_and_sign_nothing(key_folder: Path, tmp_path: Path) -> None:
    main(str(key_folder), str(tmp_path / "public"))
    written = {path.name: path.read_text() for path in (tmp_path / "public").iterdir()}
    assert "PRIVATE" not in str(written)
    assert written.keys() == {"current", *(path.name for path in key_folder.glob("*.pem"))}
    verifying = SigningKeys.load(tmp_path / "public")
    assert verifying.private is None
    assert verifying.jwks() == SigningKeys.load(key_folder).jwks()
    assert public_halves(written) == written


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match="PEM"):
        public_halves({"current": "abcd", "abcd.pem": "nonsense"})
