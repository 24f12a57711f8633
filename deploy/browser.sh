#!/usr/bin/env bash
# What the browser and document tests need from Debian: Chromium, pdftotext, a font with Chinese.
# As root (or with sudo) they are installed; otherwise unpacked below var/tools, which tests look into.
set -eu
cd "$(dirname "$0")/.."
tools=$PWD/var/tools
packages="chromium poppler-utils fonts-noto-cjk"

has() { command -v "$1" >/dev/null 2>&1 || [ -x "$tools/bin/$1" ]; }
has_font() { command -v fc-list >/dev/null 2>&1 && fc-list :lang=zh-cn | grep -q .; }
complete() { has chromium && has pdftotext && { has_font || [ -d "$tools/root/usr/share/fonts" ]; }; }

complete && exit 0
command -v apt-get >/dev/null 2>&1 || {
    echo "Please install: $packages" >&2
    exit 1
}
as_root=
[ "$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && as_root="sudo -n"; } || as_root=no

if [ "$as_root" != no ]; then
    $as_root apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null
    exit 0
fi

mkdir -p "$tools/debs" "$tools/root" "$tools/bin"
wanted=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances $packages | grep '^[a-z0-9]' | sort -u)
missing=$(for name in $wanted; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || echo "$name"
done)
(cd "$tools/debs" && for name in $missing; do apt-get download -qq "$name" 2>/dev/null || true; done)
for file in "$tools"/debs/*.deb; do dpkg -x "$file" "$tools/root"; done
rm -r "$tools/debs"

libraries=$(find "$tools/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
mkdir -p "$tools/root/etc/fonts"
cat > "$tools/root/etc/fonts/canbao.conf" <<FONTS
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>$tools/root/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>$tools/fontcache</cachedir>
</fontconfig>
FONTS
wrap() {
    cat > "$tools/bin/$1" <<WRAPPER
#!/bin/sh
export LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export FONTCONFIG_FILE="$tools/root/etc/fonts/canbao.conf"
exec "$tools/root/usr/$2" "\$@"
WRAPPER
    chmod +x "$tools/bin/$1"
}
wrap chromium lib/chromium/chromium
for name in pdftotext pdffonts pdfinfo pdftoppm; do wrap "$name" "bin/$name"; done
complete
