#!/usr/bin/env bash
# What the browser and document tests need from Debian: Chromium, pdftotext, a font with Chinese.
# As root (or with sudo) they are installed; otherwise unpacked below var/tools, which tests look into.
set -eu
cd "$(dirname "$0")/.."
. deploy/debian.sh
packages="chromium poppler-utils fonts-noto-cjk"

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

unpack $packages
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
fonts="FONTCONFIG_FILE=\"$tools/root/etc/fonts/canbao.conf\""
wrap chromium lib/chromium/chromium "$fonts"
for name in pdftotext pdffonts pdfinfo pdftoppm; do wrap "$name" "bin/$name" "$fonts"; done
complete
