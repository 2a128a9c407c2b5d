CREATE TABLE changes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    entity text NOT NULL,
    entity_id bigint NOT NULL,
    action text NOT NULL,
    fields jsonb NOT NULL,
    actor_id bigint,
    at timestamptz DEFAULT now() NOT NULL,
    door text NOT NULL,
    request_id text,
    version integer,
    xact xid8 DEFAULT crm_xact() NOT NULL,
    CONSTRAINT pk_changes PRIMARY KEY (id),
    CONSTRAINT ck_changes_entity_length CHECK (char_length(entity) <= 50),
    CONSTRAINT ck_changes_action_known CHECK (action IN ('created', 'changed', 'deleted')),
    CONSTRAINT fk_changes_actor_id FOREIGN KEY(actor_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT ck_changes_door_known CHECK (door IN ('web', 'api', 'import', 'bulk', 'command', 'sql'))
);

CREATE INDEX ix_changes_actor ON changes (actor_id, id);
CREATE INDEX ix_changes_at ON changes (at, id);
CREATE INDEX ix_changes_deleted ON changes (at, id) WHERE action = 'deleted';
CREATE INDEX ix_changes_door ON changes (door, at, id) WHERE door IN ('web', 'api', 'bulk');
CREATE INDEX ix_changes_record ON changes (entity, entity_id, id);
CREATE INDEX ix_changes_xact ON changes (xact, id);
