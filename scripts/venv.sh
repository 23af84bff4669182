#!/bin/sh
# Make a virtual environment: venv.sh FOLDER. Needs Python 3.11 or newer; PYTHON names one.
set -eu

folder=$1

recent() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if recent "$python"; then
        if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            # Debian keeps these in a package of their own.
            if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
                echo "\$ apt-get install python3-venv"
                DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null
                DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes \
                    --no-install-recommends python3-venv </dev/null
            else
                echo "$python cannot make virtual environments; as root: apt-get install python3-venv" >&2
                exit 1
            fi
        fi
        echo "Making $folder with $("$python" --version)"
        "$python" -m venv --clear "$folder"
        exit 0
    fi
done
echo "Trimtab needs Python 3.11 or newer; looked for: ${PYTHON:-python3 python3.13 python3.12 python3.11}" >&2
exit 1
