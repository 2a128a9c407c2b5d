-- The words that people may search for in the records of a batch, from their parts, of which few are new: a word of a
-- text that is searched never crosses a space, nor a hyphen.
SELECT DISTINCT word FROM (
    SELECT DISTINCT part FROM (
        SELECT first_name AS part FROM fill_leads
        UNION ALL SELECT last_name FROM fill_leads
        UNION ALL SELECT company FROM fill_leads WHERE ' ' || trade || ' ' NOT LIKE '%% \%%s %%'
        UNION ALL SELECT replace(trade, '%%s', '') FROM fill_leads
            WHERE company IS NOT NULL AND ' ' || trade || ' ' LIKE '%% \%%s %%'
        UNION ALL SELECT founder FROM fill_leads, string_to_table(founders, '-') founder
            WHERE company IS NOT NULL AND ' ' || trade || ' ' LIKE '%% \%%s %%'
        -- An address is no word, but what stands between two hyphens of it is one.
        UNION ALL SELECT split_part(email, '@', 1) || '@' FROM fill_leads WHERE email LIKE '%%-%%@%%'
        UNION ALL SELECT name FROM (
            SELECT DISTINCT coalesce(split_part(email, '@', 2), website) AS host FROM fill_leads
        ) hosts, string_to_table(substr(host, 1 + strpos(host, '-')), '-') name
    ) parts
) some_parts, crm_words(crm_fold(part)) word;
