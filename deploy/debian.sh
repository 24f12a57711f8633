# Sourced by the scripts beside it, which get tests what they need from Debian: into the system, or unpacked below
# var/tools, where tests look too.
tools=$PWD/var/tools

has() { command -v "$1" >/dev/null 2>&1 || [ -x "$tools/bin/$1" ]; }

# Download these packages and what they need and the system lacks, only those whose names match $only where it is set,
# and unpack them below var/tools/root: nothing of them is set up or started.
unpack() {
    mkdir -p "$tools/debs" "$tools/root" "$tools/bin"
    wanted=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances "$@" | grep '^[a-z0-9]' | grep -E "${only:-.}" | sort -u)
    missing=$(for name in $wanted; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || echo "$name"
    done)
    (cd "$tools/debs" && for name in $missing; do apt-get download -qq "$name" 2>/dev/null || true; done)
    for file in "$tools"/debs/*.deb; do [ ! -e "$file" ] || dpkg -x "$file" "$tools/root"; done
    rm -r "$tools/debs"
}

# A program below var/tools/root as var/tools/bin/$1; further arguments are settings of its environment.
wrap() {
    name=$1 program=$2
    shift 2
    libraries=$(find "$tools/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
    {
        echo "#!/bin/sh"
        echo "export LD_LIBRARY_PATH=\"$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}\""
        for setting; do echo "export $setting"; done
        echo "exec \"$tools/root/usr/$program\" \"\$@\""
    } > "$tools/bin/$name"
    chmod +x "$tools/bin/$name"
}
