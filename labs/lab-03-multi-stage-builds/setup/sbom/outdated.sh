# Reads lines "PACKAGE VERSION". Prints those of which Debian offers something newer, and then how many there were.
apt-get update -qq
count=0
outdated=0
while read -r name version; do
    newest=$(apt-cache policy "$name" | sed -n 's/^  Candidate: //p')
    count=$((count + 1))
    if [ -z "$newest" ] || dpkg --compare-versions "$version" lt "$newest"; then
        outdated=$((outdated + 1))
        echo "$name $version: Debian offers ${newest:-nothing of that name}"
    fi
done
echo "$count Debian packages, $outdated of them outdated"
