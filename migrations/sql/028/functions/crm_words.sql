CREATE OR REPLACE FUNCTION crm_words(search_text text) RETURNS SETOF text
LANGUAGE sql
IMMUTABLE PARALLEL SAFE STRICT
AS $$
    SELECT word
    FROM string_to_table(translate(search_text, '()[]{}<>,;&/|"!?*+=_-', repeat(' ', 21)), ' ') AS word
    WHERE char_length(word) BETWEEN 3 AND 24 AND word !~ '[0-9@:.]'
$$;
