#!/bin/sh
# Copies the primary the first time, then follows it. When it takes over, it waits for no standby of its own.
set -eu
umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    rm -rf "$PGDATA"
    pg_basebackup --dbname "host=database user=$POSTGRES_USER application_name=standby" --pgdata "$PGDATA" \
        --write-recovery-conf --checkpoint=fast
fi
exec postgres -c synchronous_standby_names= -c wal_receiver_status_interval=1s
