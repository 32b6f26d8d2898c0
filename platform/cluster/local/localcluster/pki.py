"""Certificates and kubeconfigs: one authority, made anew with every cluster.

Source: Kubernetes documentation, "PKI certificates and requirements": the common names and organisations that
the API server's default roles are bound to.
"""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcluster.network import API_SERVICE, NODE
from localcluster.paths import PKI

NODE_NAME = "node1"
API_PORT = 6443
_LIFE = timedelta(days=30)
_API_NAMES = [
    *("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    *("kubernetes.default.svc.cluster.local", "127.0.0.1", NODE, API_SERVICE),
]
# Of each client: common name, organisation.
_CLIENTS = {
    "admin": ("eco2-admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
    "proxy": ("system:kube-proxy", ""),
}


class Authority:
    """Signs what the cluster's parts show each other."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = _name("eco2-cluster")
        self.certificate = (
            _builder(name, name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return self.certificate.public_bytes(_PEM)

    def issue(self, name: str, organisation: str = "", names: list[str] | None = None) -> tuple[bytes, bytes]:
        """Certificate and key (PEM); with `names` (hosts, addresses or URIs) for a server too."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])
        builder = _builder(_name(name, organisation), self.certificate.subject, key.public_key())
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(list(map(_general, names))), critical=False
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(_PEM), _pem(key)


_PEM = serialization.Encoding.PEM


def make() -> None:
    """Write all keys, certificates and kubeconfigs to `PKI`, unless they are there."""
    if (PKI / "sa.key").exists():
        return
    PKI.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority = Authority()
    ca = authority.pem
    _write("ca.crt", ca)
    _write("ca.key", _pem(authority.key))
    for server, names in (("apiserver", _API_NAMES), ("kubelet-server", [NODE_NAME, NODE])):
        certificate, key = authority.issue(server, names=names)
        _write(f"{server}.crt", certificate)
        _write(f"{server}.key", key)
    for client, (name, organisation) in _CLIENTS.items():
        certificate, key = authority.issue(name, organisation)
        _write(f"{client}.crt", certificate)
        _write(f"{client}.key", key)
        _write(f"{client}.kubeconfig", json.dumps(kubeconfig(ca, certificate, key)).encode())
    accounts = rsa.generate_private_key(
        public_exponent=65537, key_size=2048
    )  # signs service accounts' tokens
    public = accounts.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write("sa.pub", public)
    _write("sa.key", _pem(accounts))


def kubeconfig(
    ca: bytes, certificate: bytes, key: bytes, server: str = f"https://{NODE}:{API_PORT}"
) -> dict[str, Any]:
    """A kubeconfig with everything inline (JSON is YAML)."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "eco2", "cluster": {"server": server, "certificate-authority-data": _base64(ca)}}
        ],
        "users": [
            {
                "name": "eco2",
                "user": {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)},
            }
        ],
        "contexts": [{"name": "eco2", "context": {"cluster": "eco2", "user": "eco2", "namespace": "eco2"}}],
        "current-context": "eco2",
    }


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
    )


def _name(common: str, organisation: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organisation:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, plain)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _write(name: str, data: bytes) -> None:
    path: Path = PKI / name
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
