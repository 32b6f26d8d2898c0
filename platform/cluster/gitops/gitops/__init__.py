"""A rehearsal of GitOps: ArgoCD brings platform/cluster/argocd from a git repository onto a control plane."""
