CREATE TABLE view_choices (
    employee_id bigint NOT NULL,
    view_id bigint NOT NULL,
    list text NOT NULL,
    is_pinned boolean DEFAULT false NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    CONSTRAINT pk_view_choices PRIMARY KEY (employee_id, view_id),
    CONSTRAINT fk_view_choices_view_id_list FOREIGN KEY(view_id, list) REFERENCES saved_views (id,
        list) ON DELETE CASCADE,
    CONSTRAINT fk_view_choices_employee_id FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT ck_view_choices_list_known CHECK (list IN ('leads', 'customers'))
);

CREATE INDEX ix_view_choices_view ON view_choices (view_id);
CREATE UNIQUE INDEX uq_view_choices_default ON view_choices (employee_id, list) WHERE is_default;
