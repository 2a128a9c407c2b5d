CREATE OR REPLACE FUNCTION crm_learn_words() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        INSERT INTO known_words (word)
        SELECT w.word FROM (SELECT DISTINCT word FROM crm_words(NEW.search_text) AS word OFFSET 0) w
        WHERE (SELECT k.id FROM known_words k WHERE k.word = w.word LIMIT 1) IS NULL;
    ELSE
        INSERT INTO known_words (word)
        SELECT w.word FROM (SELECT DISTINCT word FROM new_rows n, crm_words(n.search_text) AS word OFFSET 0) w
        WHERE (SELECT k.id FROM known_words k WHERE k.word = w.word LIMIT 1) IS NULL;
    END IF;
    RETURN NULL;
END
$$;
