# Compares /installed, lines of a package and its version, with what Debian offers today. Prints "of DATE" for each suite,
# "newer PACKAGE VERSION OFFERED" for each package of which there is something newer, and "done".
set -eu
apt-get update -qq -o APT::Update::Error-Mode=any
cd /var/lib/apt/lists
ls | grep -q security # a list without security updates is no scan
for suite in *Release; do
    sed -n 's/^Date: /of /p' "$suite"
done
# A package is known by its own name or, as some lists have it, by that of its source.
apt-cache dumpavail | awk '
    $1 == "Package:" { name = source = $2; built = "" }
    $1 == "Source:" { source = $2; built = $3; gsub(/[()]/, "", built) }
    $1 == "Version:" { version = $2 }
    $0 == "" { print name, version; print source, built ? built : version }' >/tmp/offered
while read -r name version; do
    newest=
    for offered in $(awk -v name="$name" '$1 == name { print $2 }' /tmp/offered | sort -u); do
        if [ -z "$newest" ] || dpkg --compare-versions "$offered" gt "$newest"; then newest=$offered; fi
    done
    if [ -z "$newest" ]; then
        echo "Debian offers nothing of the name $name" >&2
        exit 1
    fi
    if dpkg --compare-versions "$version" lt "$newest"; then echo "newer $name $version $newest"; fi
done </installed
echo done
