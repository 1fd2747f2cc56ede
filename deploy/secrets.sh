#!/bin/sh
# Makes the secrets that compose.yaml mounts, each in a file of its own, in deploy/secrets/ or the folder given.
# What is there already stays as it is: to change a secret, remove its file (and those made from it) first.
set -eu
umask 022
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
# The folder keeps others on this machine out. The files themselves can be read by all: containers see
# each as a mount of its own, and read it under user ids that differ from image to image.
chmod 700 "$folder"
cd "$folder"

secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "$1" ] || cat >"$1"; }

for name in postgres_password redis_password s3_access_key s3_secret_key \
  admin_api_key internal_api_key artifact_token_secret grafana_password; do
  secret | keep "$name"
done
keep redis_url <<EOF
redis://:$(cat redis_password)@redis:6379/0
EOF
keep redis_config <<EOF
requirepass $(cat redis_password)
EOF
keep s3_config <<EOF
{"identities": [{"name": "retrospec",
  "credentials": [{"accessKey": "$(cat s3_access_key)", "secretKey": "$(cat s3_secret_key)"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
EOF
