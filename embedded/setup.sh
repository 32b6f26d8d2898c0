#!/bin/sh
# Set-up for `make`: `setup.sh python [PYTHON]` fills .venv; `setup.sh system` installs what tests need,
# `setup.sh cluster` what a cluster needs.
set -eu
PACKAGES="chromium fonts-nanum prometheus prometheus-alertmanager rabbitmq-server"
command -v npm >/dev/null || PACKAGES="$PACKAGES nodejs npm"
CLUSTER_PACKAGES="binutils containerd containernetworking-plugins iproute2 iptables mmdebstrap rabbitmq-server runc"

say() { printf '\033[1m%s\033[0m\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo "$@"; else return 1; fi
}

install_packages() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing system packages:$missing"
    # Debian starts services on installation; ours are started by those who need them, on ports of their own.
    guard=/usr/sbin/policy-rc.d
    made=""
    if [ ! -e $guard ] && printf '#!/bin/sh\nexit 101\n' | as_root tee $guard >/dev/null; then
        made=yes
        as_root chmod +x $guard
    fi
    # shellcheck disable=SC2086 # a list of names
    if as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
        status=0
    else
        status=1
    fi
    [ -z "$made" ] || as_root rm -f $guard
    if [ $status != 0 ]; then
        echo "These Debian packages are needed:$missing" >&2
        echo "Ask an administrator to run: apt-get update && apt-get install -y$missing" >&2
        exit 1
    fi
}

# Debian's interpreter first: it is built with profile-guided optimisation, which others on a machine often are not.
pick_python() {
    for candidate in /usr/bin/python3.11 python3.11 python3; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo python3
}

setup_python() {
    python=${1:-$(pick_python)}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
        echo "Python 3.11 or newer is needed; $python is not. Name one: make setup PYTHON=python3.11" >&2
        exit 1
    }
    say "preparing .venv (once)"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    # Only the first time: uv, once there, keeps itself at the lock's version, and may remove pip.
    [ -x .venv/bin/uv ] ||
        .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r bootstrap.lock
    .venv/bin/uv pip sync -q --compile-bytecode --python .venv/bin/python --require-hashes requirements.lock
    .venv/bin/uv pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
}

case ${1:-} in
    python) setup_python "${2:-}" ;;
    # shellcheck disable=SC2086 # a list of names
    system) install_packages $PACKAGES ;;
    # shellcheck disable=SC2086 # a list of names
    cluster) install_packages $CLUSTER_PACKAGES ;;
    *) echo "usage: setup.sh python [PYTHON] | system | cluster" >&2; exit 2 ;;
esac
