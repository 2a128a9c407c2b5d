CREATE TABLE known_words (
    id bigint GENERATED ALWAYS AS IDENTITY,
    word text COLLATE "C" NOT NULL,
    CONSTRAINT pk_known_words PRIMARY KEY (id),
    CONSTRAINT ck_known_words_word_length CHECK (char_length(word) <= 50)
);

CREATE INDEX ix_known_words_slips ON known_words USING gin (crm_slips(word));
CREATE INDEX ix_known_words_word ON known_words (word);
