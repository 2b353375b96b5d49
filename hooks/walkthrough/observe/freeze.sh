#!/bin/sh
# Stops all that descends from process 1, by a shell's builtins alone.
#
# What the engine starts in a container beside that, a health check say, has a parent outside (PPid 0) and goes on: a
# probe that is stopped while it starts would block the container's shim, and no probe would ever end.
frozen=" 1 "
more=yes
while [ "$more" ]; do
    more=
    for process in /proc/[0-9]*; do
        parent=
        while read -r key value; do
            [ "$key" != PPid: ] || parent=$value
        done < "$process/status"
        case $frozen in *" ${process#/proc/} "*) continue ;; esac
        case $frozen in *" $parent "*)
            kill -s STOP "${process#/proc/}"
            frozen="$frozen${process#/proc/} "
            more=yes ;;
        esac
    done
done 2>/dev/null
