# Reads lines "PACKAGE VERSION". Prints those of which Debian offers something newer, and then how many there were.
apt-get update -qq
# Some lists also name the source that a package was built from, so both are offered.
apt-cache dumpavail | awk '
    $1 == "Package:" { package = source = $2; built = "" }
    $1 == "Source:" { source = $2; built = $3; gsub(/[()]/, "", built) }
    $1 == "Version:" { version = $2 }
    $0 == "" { print package, version; print source, built ? built : version }' >/tmp/offered
count=0
outdated=0
while read -r name version; do
    newest=$(awk -v name="$name" '$1 == name { print $2; exit }' /tmp/offered)
    count=$((count + 1))
    if [ -z "$newest" ] || dpkg --compare-versions "$version" lt "$newest"; then
        outdated=$((outdated + 1))
        echo "$name $version: Debian offers ${newest:-nothing of that name}"
    fi
done
echo "$count Debian packages, $outdated of them outdated"
