#!/bin/sh
# Makes Temporal's two databases in PostgreSQL, or brings them to this version. It may run again at any time.
# Needs SQL_HOST, SQL_USER and SQL_PASSWORD_FILE; SQL_PORT is 5432 unless set.
set -eu
SQL_PASSWORD=$(cat "$SQL_PASSWORD_FILE")
export SQL_PASSWORD

tool() {
  temporal-sql-tool --plugin postgres12 --endpoint "$SQL_HOST" --port "${SQL_PORT:-5432}" --user "$SQL_USER" "$@"
}

# database NAME SCHEMA
database() {
  tool --database "$1" create
  tool --database "$1" setup-schema --version 0.0
  tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}

database temporal temporal
database temporal_visibility visibility
