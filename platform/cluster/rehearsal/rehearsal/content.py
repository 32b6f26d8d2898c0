"""What the rehearsed git repository holds: production's Applications, and an overlay for these machines.

Applications of what is beside the cluster here (stores, secrets), of charts, and of what watches are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from gitops import remotes
from gitops.repository import APPS, bring_manifests, redirect
from localcluster import network, upstream

from rehearsal import platform_images

ARGOCD = "platform/cluster/argocd"
BOOTSTRAP = f"{ARGOCD}/bootstrap"
OVERLAY = "platform/knative/overlays/machines"
"""Of the functions."""
APPLICATIONS = ("00-namespaces", "24-rabbitmq", "28-knative-serving", "30-knative-eventing", "40-eco2")
URL = f"http://{network.EDGE}:{network.PORT}"
"""Of the platform: for clients on the wire, which upload pictures, and for pods, which look at them."""
_PROD = "platform/knative/overlays/prod"
# Production's own: order, and pools that are rehearsed. `machines` has the others' place on the general node.
_PATCHES = (
    "no-namespace.yaml",
    "second-wave.yaml",
    "third-wave.yaml",
    "pool-worker-ai.yaml",
    "pool-general.yaml",
)
_ONE_EACH = ("activator", "controller", "webhook", "3scale-kourier-gateway")
_KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../local
configMapGenerator:
  - name: eco2-settings
    namespace: eco2
    behavior: merge
    literals:
      - ECO2_HOSTS={host}
      - ECO2_OBJECTS_URL={url}/objects
      - ECO2_CDN_URL={url}/objects/eco2-images/public
generatorOptions:
  disableNameSuffixHash: true
patches:
  - path: no-namespace.yaml
  - target: {{kind: NetworkPolicy, name: eco2-ingress}} # comes with Knative Serving, as in production
    patch: |
      $patch: delete
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {{name: any}}
  - target: {{group: serving.knative.dev, version: v1, kind: Service}}
    path: second-wave.yaml
  - target: {{group: apps, version: v1, kind: Deployment}}
    path: second-wave.yaml
  - target: {{group: eventing.knative.dev, version: v1, kind: Trigger}}
    path: third-wave.yaml
  - target: {{group: sources.knative.dev, version: v1, kind: PingSource}}
    path: third-wave.yaml
  - target: {{group: serving.knative.dev, version: v1, kind: Service, labelSelector: eco2/pool=worker-ai}}
    path: pool-worker-ai.yaml
  - target: {{group: serving.knative.dev, version: v1, kind: Service, labelSelector: eco2/pool=general}}
    path: pool-general.yaml
images:
  - name: eco2.local/functions
    newName: {functions[0]}
    digest: {functions[1]}
  - name: eco2.local/envoy
    newName: {envoy[0]}
    digest: {envoy[1]}
"""


def fit(tree: Path, url: str) -> None:
    """Make `tree`, a copy of the checkout that is served at `url`, what these machines get."""
    redirect(tree, url)
    for path in (tree / APPS).glob("*.yaml"):
        if path.stem not in APPLICATIONS:
            path.unlink()
    eco2 = tree / APPS / "40-eco2.yaml"
    eco2.write_text(eco2.read_text().replace(_PROD, OVERLAY))
    for name in ("rabbitmq/cluster", "rabbitmq/topology", "knative-serving", "knative-eventing"):
        bring_manifests(tree / ARGOCD / name / "kustomization.yaml", _manifest)
    serving = tree / ARGOCD / "knative-serving/kustomization.yaml"
    replicas = [{"name": name, "count": 1} for name in _ONE_EACH]
    serving.write_text(serving.read_text() + yaml.safe_dump({"replicas": replicas}))
    _write_overlay(tree)


def _write_overlay(tree: Path) -> None:
    overlay = tree / OVERLAY
    overlay.mkdir()
    for name in _PATCHES:
        (overlay / name).write_bytes((tree / _PROD / name).read_bytes())
    functions, envoy = (platform_images.reference(name).split("@") for name in ("functions", "envoy"))
    text = _KUSTOMIZATION.format(host=network.EDGE, url=URL, functions=functions, envoy=envoy)
    (overlay / "kustomization.yaml").write_text(text)


def _manifest(url: str) -> list[dict[str, Any]]:
    """A released file, fitted to few cores; of RabbitMQ, whose operator runs beside the cluster, its definitions."""
    found = [each for each in remotes.manifest(url) if upstream.used(each)]
    if "/rabbitmq/" in url:
        return [each for each in found if each["kind"] == "CustomResourceDefinition"]
    return [upstream.fitted(each, platform_images.reference) for each in found]
