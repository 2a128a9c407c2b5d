#!/bin/sh
# Run once, when the database is made: the standby may connect, and from the next start on every commit waits for it. Set
# earlier, it would keep the server from ever being made.
set -eu
echo "host replication all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command "ALTER SYSTEM SET synchronous_standby_names = 'standby'"
