#!/bin/sh
# Makes Temporal's two databases and brings their schema to the version of this image: the first time and after each upgrade,
# before the server starts. Running it again changes nothing.
#
# temporal-sql-tool takes where and who from SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD: no password stands
# among its arguments.
set -eu

set_up() { # database, its schema
  temporal-sql-tool --database "$1" create-database
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "postgresql/v12/$2"
}
set_up temporal temporal
set_up temporal_visibility visibility
