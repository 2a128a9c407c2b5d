CREATE TABLE activities (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    lead_id bigint,
    customer_id bigint,
    subject text NOT NULL,
    body text,
    happened_at timestamptz DEFAULT now() NOT NULL,
    due_on date,
    done_at timestamptz,
    assignee_id bigint,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    updated_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    CONSTRAINT pk_activities PRIMARY KEY (id),
    CONSTRAINT ck_activities_on_one_record CHECK (num_nonnulls(lead_id, customer_id) = 1),
    CONSTRAINT ck_activities_due_on_sane CHECK (due_on BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT ck_activities_has_subject CHECK (btrim(subject) <> ''),
    CONSTRAINT ck_activities_only_tasks_due CHECK (kind = 'task' OR (due_on IS NULL AND done_at IS NULL AND assignee_id IS NULL)),
    CONSTRAINT ck_activities_kind_known CHECK (kind IN ('note', 'call', 'meeting', 'email', 'task')),
    CONSTRAINT fk_activities_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id) ON DELETE RESTRICT,
    CONSTRAINT fk_activities_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT ck_activities_subject_length CHECK (char_length(subject) <= 300),
    CONSTRAINT ck_activities_body_length CHECK (char_length(body) <= 20000),
    CONSTRAINT fk_activities_assignee_id FOREIGN KEY(assignee_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_activities_created_by_id FOREIGN KEY(created_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_activities_updated_by_id FOREIGN KEY(updated_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_activities_assignee_id ON activities (assignee_id);
CREATE INDEX ix_activities_created_by_id ON activities (created_by_id);
CREATE INDEX ix_activities_customer_happened ON activities (customer_id, happened_at, id);
CREATE INDEX ix_activities_happened ON activities (happened_at);
CREATE INDEX ix_activities_lead_happened ON activities (lead_id, happened_at, id);
CREATE INDEX ix_activities_open_tasks ON activities (assignee_id, due_on) WHERE kind = 'task' AND done_at IS NULL;
CREATE INDEX ix_activities_updated_by_id ON activities (updated_by_id);
