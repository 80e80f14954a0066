#!/bin/sh
# Makes the secrets that docker-compose.yml names, in deploy/secrets. What is there already stays as it is.
#   sh deploy/compose/make-secrets.sh [FOLDER]
set -eu
folder=${1:-$(dirname "$0")/../secrets}
mkdir -p "$folder"
# A container's user reads its secrets, whoever that is; on this machine, only the owner may enter the folder.
chmod 700 "$folder"
cd "$folder"
umask 022

# make NAME COMMAND...: what the command prints becomes the secret, whole or not at all.
make() {
  name=$1
  shift
  if [ -e "$name" ]; then
    echo "kept: $name"
    return
  fi
  "$@" >"$name.new"
  mv "$name.new" "$name"
  echo "made: $name"
}

random() {
  openssl rand -hex 24 | tr -d '\n'
}

key_ring() {
  printf '{ "keys": [{ "id": "%s", "key": "%s" }] }\n' "$(date +%Y-%m)" "$(openssl rand -base64 32)"
}

# The simulator's and the codec server's: for this machine, and for the names they have among the containers.
certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 825 -keyout tls-key.new -subj '/CN=marketplace on this machine' \
    -addext 'subjectAltName=DNS:localhost,DNS:simulator,DNS:codec-server,IP:127.0.0.1' \
    -addext 'basicConstraints=critical,CA:FALSE' -addext 'extendedKeyUsage=serverAuth' 2>/dev/null
  chmod 644 tls-key.new
  mv tls-key.new tls-key
}

make postgres-password random
make grafana-password random
make codec-token random
make codec-keys.json key_ring
# The simulator's own. For a real portal, put GitLab's client secret in this file.
make client-secret printf 'demo-secret'
make tls-cert certificate
