"""The namespace of functions: its rights, their account, the database's migrations."""

from __future__ import annotations

from manifests.objects import NAMESPACE, PART_OF, Object, made
from manifests.pods import IMAGE, RESTRICTED, secret
from schemas.func_yaml import ACCOUNT

POD_SECURITY = "pod-security.kubernetes.io"


def namespace() -> Object:
    """The namespace, which enforces `baseline` by label.

    The rest of `restricted` is enforced by pod-security.yaml, which says why.
    """
    return made(
        "v1",
        "Namespace",
        NAMESPACE,
        namespace=None,
        labels={
            f"{POD_SECURITY}/enforce": "baseline",
            f"{POD_SECURITY}/warn": "restricted",
            f"{POD_SECURITY}/audit": "restricted",
        },
    )


def account() -> Object:
    """The account of functions, without a token: they ask the API server nothing."""
    return made("v1", "ServiceAccount", ACCOUNT, automountServiceAccountToken=False)


def migrations() -> Object:
    """The Job that migrates the database: idempotent, and safe beside another one.

    Argo CD makes it anew at every sync (a Job can't be changed).
    """
    name = "eco2-migrate"
    return made(
        "batch/v1",
        "Job",
        name,
        annotations={
            "argocd.argoproj.io/hook": "Sync",
            "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
        },
        spec={
            "backoffLimit": 10,
            "activeDeadlineSeconds": 600,
            "template": {
                "metadata": {
                    "labels": {
                        "app.kubernetes.io/name": name,
                        "app.kubernetes.io/component": "migrations",
                        **PART_OF,
                    }
                },
                "spec": {
                    "restartPolicy": "OnFailure",
                    "serviceAccountName": ACCOUNT,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "containers": [
                        {
                            "name": "migrate",
                            "image": IMAGE,
                            "command": ["python3", "-m", "schemas.migrate"],
                            "env": [secret("ECO2_DATABASE_URL", optional=False)],
                            "resources": {
                                "requests": {"cpu": "50m", "memory": "64Mi"},
                                "limits": {"cpu": "1000m", "memory": "256Mi"},
                            },
                            "securityContext": RESTRICTED,
                        }
                    ],
                },
            },
        },
    )
