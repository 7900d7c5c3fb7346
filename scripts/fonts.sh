#!/bin/sh
# Makes crates/text/fonts from packages of npm, by version and hash: rarely needed, the fonts are committed.
#
# Kept are the letters of Latin, Greek, Cyrillic, Hebrew and Arabic; hinting is dropped, as text is drawn at any size.
set -eu
folder=$(cd "$(dirname "$0")/.." && pwd)/crates/text/fonts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv tools
tools/bin/pip -q install fonttools==4.68.0

fetch() { # package, version, SHA-256 of the archive
  npm pack --silent "@expo-google-fonts/$1@$2" >/dev/null
  echo "$3  expo-google-fonts-$1-$2.tgz" | sha256sum --check --quiet
  mkdir "$1"
  tar xzf "expo-google-fonts-$1-$2.tgz" -C "$1" --strip-components 1
}
cut_down() { # package, style, result, code points
  tools/bin/pyftsubset "$work/$1/$2"/*.ttf --unicodes="$4" --output-file="$folder/$3.ttf" --no-hinting --notdef-outline \
    --layout-features=kern,liga,mark,mkmk,ccmp,locl,calt,init,medi,fina,isol,rlig,curs \
    --name-IDs=0,1,2,3,4,5,6,13,14
}

fetch noto-sans 0.4.2 98cf14a19b8e67a0e76bfd4d5df98937b9734e6dde570bd750f2259042042548
fetch noto-serif 0.4.2 78810a8143112a326def7ec976601ecb9855a9e79082c727246beec4f0531d0c
fetch noto-sans-mono 0.4.2 fc1ae36c3c68e50fa7c12a37e987d7fa1325d280969912d181548ff8f1ce2e2b
fetch noto-sans-hebrew 0.4.1 f82f8e852e3355521c511f2762a0130216d208d108bf4739aa977eb6a6d3012c
fetch noto-sans-arabic 0.4.3 29e966f9d48a4ce7dd3c2c4c016f29cd888089538217303fb2c87de9e7f048ed

letters=U+0020-007E,U+00A0-024F,U+0259,U+02BB-02DD,U+0300-036F,U+0370-03FF,U+0400-052F,U+1E00-1EFF,U+1F00-1FFF
signs=U+2000-206F,U+2070-209F,U+20A0-20CF,U+2100-214F,U+2150-2199,U+2212,U+221E,U+2248,U+2260,U+2264,U+2265,U+25CA,U+25CC,U+FB00-FB06,U+FFFD
marks=U+200C-200F,U+25CC
cut_down noto-sans 400Regular noto-sans "$letters,$signs"
cut_down noto-sans 700Bold noto-sans-bold "$letters,$signs"
cut_down noto-serif 400Regular noto-serif "$letters,$signs"
cut_down noto-serif 700Bold noto-serif-bold "$letters,$signs"
cut_down noto-sans-mono 400Regular noto-sans-mono "$letters,$signs"
cut_down noto-sans-hebrew 400Regular noto-sans-hebrew "U+0590-05FF,U+20AA,U+FB1D-FB4F,$marks"
cut_down noto-sans-arabic 400Regular noto-sans-arabic "U+0600-06FF,U+0750-077F,U+FB50-FDFF,U+FE70-FEFC,$marks"
cp noto-sans/LICENSE_FONT "$folder/OFL.txt"
