#!/bin/sh
# Starts the command. The official entrypoint adds certificates first where USE_SYSTEM_CA_CERTS is set.
exec "$@"
