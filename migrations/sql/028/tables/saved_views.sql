CREATE TABLE saved_views (
    id bigint GENERATED ALWAYS AS IDENTITY,
    list text NOT NULL,
    name text NOT NULL,
    address text DEFAULT '' NOT NULL,
    is_shared boolean DEFAULT false NOT NULL,
    owner_id bigint NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    updated_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    deleted_at timestamptz,
    deleted_by_id bigint,
    CONSTRAINT pk_saved_views PRIMARY KEY (id),
    CONSTRAINT uq_saved_views_id_list UNIQUE (id, list),
    CONSTRAINT ck_saved_views_list_known CHECK (list IN ('leads', 'customers')),
    CONSTRAINT ck_saved_views_name_length CHECK (char_length(name) <= 50),
    CONSTRAINT ck_saved_views_address_length CHECK (char_length(address) <= 4000),
    CONSTRAINT fk_saved_views_owner_id FOREIGN KEY(owner_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_saved_views_created_by_id FOREIGN KEY(created_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_saved_views_updated_by_id FOREIGN KEY(updated_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_saved_views_deleted_by_id FOREIGN KEY(deleted_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_saved_views_created_by_id ON saved_views (created_by_id);
CREATE INDEX ix_saved_views_deleted_by_id ON saved_views (deleted_by_id);
CREATE INDEX ix_saved_views_owner_id ON saved_views (owner_id);
CREATE INDEX ix_saved_views_shared ON saved_views (list) WHERE is_shared AND deleted_at IS NULL;
CREATE INDEX ix_saved_views_updated_by_id ON saved_views (updated_by_id);
CREATE UNIQUE INDEX uq_saved_views_name ON saved_views (owner_id, list, lower(name)) WHERE deleted_at IS NULL;
