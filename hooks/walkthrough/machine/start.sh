#!/bin/sh
# The first process of the embedded engine: moves to the engine's root, connects its network, keeps dockerd.
# Arguments: root folder, data folder, run folder. Descriptor 3 is the machine's own network namespace.
set -eu
root=$1 data=$2 run=$3

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mkdir -p "$root/var/lib/docker" "$root/run/labs"
mount --bind "$data" "$root/var/lib/docker"
mount --bind "$run" "$root/run/labs"
cp /etc/resolv.conf "$root/etc/resolv.machine.conf"
# slirp4netns answers names at this address and asks the machine's own servers, a loopback one included.
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
cd "$root"
pivot_root . mnt
umount -l /mnt
rm -rf /run/docker /run/docker.pid /run/containerd

ip link set lo up
# shellcheck disable=SC2016
nsenter --net=/proc/self/fd/3 unshare --mount sh -c '
    mount --bind /etc/resolv.machine.conf /etc/resolv.conf
    exec slirp4netns --configure --mtu=65520 --disable-host-loopback "$1" tap0 3<&-
' sh $$ >/run/labs/network.log 2>&1 &
network=$!
exec 3<&-
until ip route show dev tap0 2>/dev/null | grep -q default; do
    kill -0 "$network" || exit 1
    sleep 0.02
done
dockerd --host=unix:///run/labs/docker.sock --exec-root=/run/docker --pidfile=/run/docker.pid \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent=/docker-labs --dns=10.0.2.3 \
    >/run/labs/dockerd.log 2>&1 &
engine=$!
trap 'kill "$engine"; wait "$engine"; exit 0' TERM INT
wait "$engine"
