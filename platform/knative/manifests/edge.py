"""The edge on the cluster: Envoy as the only public door, configured from the functions' declarations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from edge.bootstrap import bootstrap
from edge.site import EdgeSite
from edge.table import EdgeRoute, declared
from manifests.objects import NAMESPACE, PART_OF, Object, made
from manifests.pods import RESTRICTED, secret
from manifests.yaml_text import dumped
from schemas.secrets import INSIDE

IMAGE = "eco2.local/envoy:dev"
REPLICAS = 2
DRAIN_S = 15
"""How long clients have, after a pod was told to stop, to go elsewhere (and their balancer to notice)."""
DEVELOPMENT_FACTOR = 100
"""On a developer's cluster a few accounts and addresses stand for many users."""
COLLECTOR = "http://collector.monitoring.svc.cluster.local:4318"
"""Where production's spans go (platform/cluster/observability/tracing); base/settings.env tells functions the same."""
PROXIES = 2
"""In production: the load balancer, then the mesh's gateway."""
SITE = EdgeSite(namespace=NAMESPACE, drain_s=DRAIN_S, collector=f"{COLLECTOR}/v1/traces", proxies=PROXIES)
_FOLDER = "/etc/envoy"
_LABELS = {"app.kubernetes.io/component": "edge"}
ACCOUNT = "edge"
"""Of its own: by it a mesh knows the edge from the broker's pods, whose account is the namespace's default."""


def edge_objects() -> list[Object]:
    """ConfigMap, Deployment, Service, PodDisruptionBudget and account."""
    config = configuration(declared())
    return [
        made("v1", "ConfigMap", "edge", labels=_LABELS, data=config),
        made("apps/v1", "Deployment", "edge", labels=_LABELS, spec=_deployment(config)),
        made(
            "v1",
            "Service",
            "edge",
            labels=_LABELS,
            spec={
                "type": "ClusterIP",  # overlays make it public
                "selector": {"app.kubernetes.io/name": "edge"},
                "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
            },
        ),
        made(
            "policy/v1",
            "PodDisruptionBudget",
            "edge",
            labels=_LABELS,
            spec={"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "edge"}}},
        ),
        made("v1", "ServiceAccount", ACCOUNT, labels=_LABELS, automountServiceAccountToken=False),
    ]


def development_limits(collector: str = "") -> list[Object]:
    """The ConfigMap with limits for development, where spans go to `collector` or nowhere; takes the base's place."""
    routes = [route.times(DEVELOPMENT_FACTOR) for route in declared()]
    site = replace(SITE, behind_tls=False, address_limit=None, collector=collector, proxies=0)
    return [made("v1", "ConfigMap", "edge", labels=_LABELS, data=configuration(routes, site))]


def configuration(table: Iterable[EdgeRoute], site: EdgeSite = SITE) -> dict[str, str]:
    """File name → content below /etc/envoy."""
    return {"envoy.yaml": dumped([bootstrap(table, site)])}


def _deployment(config: dict[str, str]) -> dict[str, Any]:
    names = {"app.kubernetes.io/name": "edge"}
    digest = hashlib.sha256("".join(config.values()).encode()).hexdigest()
    return {
        "replicas": REPLICAS,
        "selector": {"matchLabels": names},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {
            # Envoy reads its file once: another configuration is another pod.
            "metadata": {"labels": {**names, **_LABELS, **PART_OF}, "annotations": {"eco2/config": digest}},
            "spec": {
                "serviceAccountName": ACCOUNT,
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 2 * DRAIN_S,
                # Names are complete: without search domains each is one query instead of four.
                "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
                "securityContext": {"runAsNonRoot": True, "runAsUser": 65_532, "runAsGroup": 65_532},
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "kubernetes.io/hostname",
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": {"matchLabels": names},
                    }
                ],
                "containers": [_container()],
                "volumes": [{"name": "config", "configMap": {"name": "edge"}}],
            },
        },
    }


def _container() -> dict[str, Any]:
    # Listeners close some seconds before the preStop hook ends: then only streams are open.
    arguments = ["-c", f"{_FOLDER}/envoy.yaml", "--concurrency", "2", "--disable-hot-restart"]
    arguments += [
        "--log-level",
        "warning",
        "--drain-time-s",
        str(DRAIN_S - 5),
        "--drain-strategy",
        "immediate",
    ]
    return {
        "name": "envoy",
        "image": IMAGE,
        "command": ["/usr/local/bin/envoy"],
        "args": arguments,
        "env": [
            *(_setting(name) for name in ("ECO2_ENV", "ECO2_HOSTS", "ECO2_CORS_ORIGINS")),
            secret(INSIDE, optional=False),
        ],
        "ports": [
            {"name": "http", "containerPort": 8080},
            {"name": "operations", "containerPort": 8090},
        ],
        "startupProbe": _probe("/health/ready", periodSeconds=1, failureThreshold=60),
        "readinessProbe": _probe("/health/ready", periodSeconds=5),
        "livenessProbe": _probe("/health/live", periodSeconds=10, failureThreshold=3, timeoutSeconds=3),
        "lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": "operations"}}},
        "resources": {
            "requests": {"cpu": "25m", "memory": "64Mi"},
            "limits": {"cpu": "1000m", "memory": "256Mi"},
        },
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "config", "mountPath": _FOLDER, "readOnly": True}],
    }


def _setting(name: str) -> dict[str, Any]:
    source = {"configMapKeyRef": {"name": "eco2-settings", "key": name, "optional": True}}
    return {"name": name, "valueFrom": source}


def _probe(path: str, **options: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "operations"}, **options}
