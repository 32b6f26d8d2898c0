#!/bin/sh
# etcd-tools.sh IMAGE: etcdctl and etcdutl of the image that containerd has, in /usr/local/bin.
set -eu
note=/usr/local/share/etcd-tools
if [ "$(cat "$note" 2>/dev/null)" = "$1" ]; then
    echo "as they were"
    exit 0
fi
folder=$(mktemp -d)
trap 'ctr -n k8s.io images unmount --rm "$folder" >/dev/null 2>&1 || true; rmdir "$folder"' EXIT
ctr -n k8s.io images mount "$1" "$folder" >/dev/null
install -m 0755 "$folder/usr/local/bin/etcdctl" "$folder/usr/local/bin/etcdutl" /usr/local/bin/
mkdir -p "${note%/*}"
echo "$1" > "$note"
