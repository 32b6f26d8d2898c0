"""etcd, the API server, the controllers and the scheduler, as plain processes on the node's address."""

from __future__ import annotations

from localcluster import network, processes
from localcluster.network import NODE, SERVICES
from localcluster.paths import PKI, STATE
from localcluster.pki import API_PORT
from localcluster.programs import program

_ETCD = "http://127.0.0.1:2379"
# No node addresses or routes to hand out on one node, no cloud, and tokens for joining that nobody needs.
_CONTROLLERS = (
    "*,-node-ipam-controller,-node-route-controller,-cloud-node-lifecycle-controller,"
    "-bootstrap-signer-controller,-token-cleaner-controller,-service-lb-controller"
)


def start_api() -> None:
    """etcd and the API server; it serves some seconds later."""
    processes.start(
        "etcd",
        [
            str(program("etcd")),
            f"--data-dir={STATE / 'etcd'}",
            *(f"--listen-client-urls={_ETCD}", f"--advertise-client-urls={_ETCD}"),
            *(
                "--listen-peer-urls=http://127.0.0.1:2380",
                "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            ),
            "--initial-cluster=default=http://127.0.0.1:2380",
            "--unsafe-no-fsync",  # the cluster's state does not outlive the machine
            "--log-level=warn",
        ],
    )
    processes.start(
        "kube-apiserver",
        [
            str(program("kube-apiserver")),
            f"--etcd-servers={_ETCD}",
            *(f"--advertise-address={NODE}", f"--bind-address={NODE}", f"--secure-port={API_PORT}"),
            f"--service-cluster-ip-range={SERVICES}",
            *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"),
            *("--allow-privileged=true", "--enable-priority-and-fairness=false"),
            f"--client-ca-file={PKI / 'ca.crt'}",
            *(f"--tls-cert-file={PKI / 'apiserver.crt'}", f"--tls-private-key-file={PKI / 'apiserver.key'}"),
            f"--kubelet-client-certificate={PKI / 'admin.crt'}",
            f"--kubelet-client-key={PKI / 'admin.key'}",
            f"--kubelet-certificate-authority={PKI / 'ca.crt'}",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={PKI / 'sa.pub'}",
            f"--service-account-signing-key-file={PKI / 'sa.key'}",
            f"--requestheader-client-ca-file={PKI / 'ca.crt'}",
            f"--proxy-client-cert-file={PKI / 'admin.crt'}",
            f"--proxy-client-key-file={PKI / 'admin.key'}",
        ],
    )


def start_controllers() -> None:
    """The controller manager and the scheduler."""
    manager, scheduler = PKI / "controller-manager.kubeconfig", PKI / "scheduler.kubeconfig"
    processes.start(
        "kube-controller-manager",
        [
            str(program("kube-controller-manager")),
            *(f"--kubeconfig={manager}", f"--authentication-kubeconfig={manager}"),
            f"--authorization-kubeconfig={manager}",
            f"--root-ca-file={PKI / 'ca.crt'}",
            f"--service-account-private-key-file={PKI / 'sa.key'}",
            "--use-service-account-credentials",
            f"--cluster-signing-cert-file={PKI / 'ca.crt'}",
            f"--cluster-signing-key-file={PKI / 'ca.key'}",
            "--leader-elect=false",
            *("--kube-api-qps=200", "--kube-api-burst=400"),
            f"--controllers={_CONTROLLERS}",
        ],
    )
    processes.start(
        "kube-scheduler",
        [
            str(program("kube-scheduler")),
            *(f"--kubeconfig={scheduler}", f"--authentication-kubeconfig={scheduler}"),
            f"--authorization-kubeconfig={scheduler}",
            "--leader-elect=false",
        ],
    )


def start_dns() -> None:
    """CoreDNS at the node's address, which pods are given as name server."""
    zone = f"""\
.:53 {{
    bind {network.NODE}
    errors
    ready {network.NODE}:8181
    hosts {{
        {network.EDGE} {network.HOST}
        fallthrough
    }}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {PKI / "admin.kubeconfig"} eco2
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""
    processes.configure("coredns", STATE / "Corefile", zone)
    processes.start("coredns", [str(program("coredns")), "-conf", str(STATE / "Corefile")])


def start_topology_operator() -> None:
    """The operator that makes RabbitMQ's exchanges and queues; needs its CRDs."""
    processes.start(
        "topology-operator",
        [str(program("topology-operator")), "--metrics-bind-address=127.0.0.1:8489"],
        {
            "OPERATOR_NAMESPACE": "rabbitmq-system",
            "ENABLE_WEBHOOKS": "false",
            "KUBECONFIG": str(PKI / "admin.kubeconfig"),
        },
    )
