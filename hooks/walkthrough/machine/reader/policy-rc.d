#!/bin/sh
# Asked by invoke-rc.d whether a service may be started. All may, but for two that set up the kernel, which belongs to the
# machine around this one: AppArmor, which Docker's package recommends, and procps, which writes kernel parameters.
case $1 in
    apparmor | procps) exit 101 ;;
esac
exit 0
