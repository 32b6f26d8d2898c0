"""Packages, images and a bucket on the rehearsal's wire."""

from __future__ import annotations

import json
import sys

import yaml
from cryptography.hazmat.primitives.serialization import Encoding
from localcluster import programs
from localcluster.pki import Authority
from localcluster.waiting import wait_for

from rehearsal import children, images, network, packages, platform_images, rootfs
from rehearsal.inventory import HOSTS, kubernetes
from rehearsal.paths import CLUSTER, STATE
from rehearsal.serving import ARCHIVES, BUCKET, CERTIFICATE, PRIVATE_KEY, SITE
from rehearsal.stage import Stage, told
from rehearsal.versions import numbered, pair

KEYS = STATE / "gnupg"
AUTHORITY = STATE / "authority.crt"
URL = f"http://{network.GATEWAY}"
REGION = "ap-northeast-2"


def run(stage: Stage) -> str:
    """Packages and images that production fetches from the internet are served here, signed."""
    tree, debian = rootfs.prepare(stage.report)
    packages.make_key(KEYS)
    packages.publish(debian, SITE / "debian", KEYS)
    versions = pair(kubernetes())
    packages.publish(packages.build(versions, stage.report), SITE / "kubernetes", KEYS)
    packages.end_agent(KEYS)
    wanted = [each for version in versions for each in images.wanted(_listed(version))]
    archives = {f"{each.name}:{each.tag}": images.build(each, tree, stage.report).archive for each in wanted}
    archives |= {name: image.archive for name, image in platform_images.build(stage.report).items()}
    ARCHIVES.write_text(json.dumps({reference: str(path) for reference, path in archives.items()}))
    _certify(bucket_host())
    BUCKET.mkdir()
    network.up()
    paths = ":".join(str(CLUSTER / name) for name in ("rehearsal", "local", "checks"))
    children.start(
        "sources",
        network.inside(sys.executable, "-m", "rehearsal.serving"),
        {"PYTHONPATH": f"{paths}:{CLUSTER.parents[1]}"},
    )
    wait_for("the sources", lambda: _answers(stage), 20)
    debs, kubes = (len(list((SITE / name).glob("*.deb"))) for name in ("debian", "kubernetes"))
    return f"{debs} packages of Debian, {kubes} of Kubernetes, {len(archives)} images"


def undo(_: Stage) -> None:
    """End the servers and remove the wire."""
    packages.end_agent(KEYS)
    children.stop("sources")
    network.kill_left()
    network.down()


def build(stage: Stage) -> None:
    """Build what is compiled. Raises ClusterError."""
    programs.build(stage.report, (*programs.PROGRAMS, *programs.INSTALLERS, *programs.DELIVERY))


def bucket_host() -> str:
    """The name at which machines look for the bucket of backups."""
    settings = yaml.safe_load(HOSTS.read_text())["all"]["vars"]
    return f"{settings['eco2_backups_bucket']}.s3.{REGION}.amazonaws.com"


def _listed(version: str) -> str:
    """What kubeadm asks for."""
    return told(
        [str(numbered("kubeadm", version)), "config", "images", "list", f"--kubernetes-version=v{version}"]
    )


def _certify(host: str) -> None:
    """A certificate for the bucket's name, and the authority that machines shall trust."""
    authority = Authority()
    certificate, key = authority.issue(host, names=[host])
    AUTHORITY.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    CERTIFICATE.write_bytes(certificate)
    PRIVATE_KEY.touch(mode=0o600)
    PRIVATE_KEY.write_bytes(key)


def _answers(stage: Stage) -> bool:
    children.must_run("sources")
    probe = f"import socket; socket.create_connection(('{network.GATEWAY}', 80), 1)"
    try:
        stage.inside(sys.executable, "-c", probe, timeout_s=5)
    except RuntimeError:
        return False
    return True
