-- Slots where a new vintage is not simply the newest: it repeats, precedes or ties with another look. Their history
-- changes from the first of the new vintages on.
CREATE OR REPLACE TEMP TABLE contested AS
SELECT number, slot, min(observed_at) AS since
FROM vintages
SEMI JOIN (
    {% if vintages_repeat %}
    SELECT number, slot FROM vintages GROUP BY number, slot HAVING count(*) > 1
    UNION ALL
    {% endif %}
    SELECT number, slot FROM vintages JOIN known USING (number, slot) WHERE known.last_seen >= vintages.observed_at
    UNION ALL
    SELECT number, slot
    FROM vintages
    JOIN series USING (number)
    JOIN covered USING (platform, account_id, level, grain, attribution)
    WHERE
        slot >= slot_from AND slot < slot_to
        AND conversion_type = '' AND covered.observed_at >= vintages.observed_at
) USING (number, slot)
GROUP BY number, slot;
