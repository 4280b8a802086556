-- Looks in any order. The history of a slot is a step function of the moment of observation, one per quantity: it
-- takes the value of each look and holds it until the next. New looks are laid into it (an equal moment replaces the
-- older look), and the difference between the wanted and the recorded steps is posted: +d at the new look, -d at the
-- look that follows it. Nothing changes before `since`, the first moment that is new.
INSERT INTO postings
WITH recorded AS (
    SELECT
        number, slot, l.observed_at,
        l.observed_at < any_value(since) AS is_settled,
        any_value(day_local) AS day_local, any_value(hour_of_week) AS hour_of_week,
        any_value(ad_group_id) AS ad_group_id, any_value(creative_id) AS creative_id,
        {% for q in quantities %}
        sum(l.{{ q }}) AS {{ q }},
        bool_or(alive AND l.{{ q }} IS NOT NULL) AS saw_{{ q }},
        {% endfor %}
        arg_max(l.reach, batch) FILTER (alive AND l.reach IS NOT NULL) AS reach
    FROM (SELECT *, sighted AND batch NOT IN (SELECT batch FROM undone) AS alive FROM ledger) l
    JOIN series USING (series)
    JOIN contested USING (number, slot)
    GROUP BY number, slot, l.observed_at
),
looked AS (
    SELECT
        {% for q in quantities %}
        bool_or(list_contains(c.quantities, '{{ q }}')) AS saw_{{ q }},
        {% endfor %}
        number, slot, c.observed_at
    FROM contested
    JOIN series USING (number)
    JOIN covered c USING (platform, account_id, level, grain, attribution)
    WHERE slot >= c.slot_from AND slot < c.slot_to AND conversion_type = '' AND c.observed_at >= since
    GROUP BY number, slot, c.observed_at
),
moments AS (
    SELECT
        number, slot, observed_at,
        {% for q in quantities %}
        v.{{ q }} AS new_{{ q }},
        coalesce(r.{{ q }}, 0) AS {{ q }},
        coalesce(r.saw_{{ q }}, false) AS has_{{ q }},
        coalesce(r.saw_{{ q }}, false) OR coalesce(l.saw_{{ q }}, false) AS saw_{{ q }},
        {% endfor %}
        v.number IS NOT NULL AS is_new,
        coalesce(r.is_settled, false) AS is_settled,
        v.reach AS new_reach,
        r.reach,
        coalesce(v.day_local, r.day_local) AS day_local,
        coalesce(v.hour_of_week, r.hour_of_week) AS hour_of_week,
        coalesce(v.ad_group_id, r.ad_group_id) AS ad_group_id,
        coalesce(v.creative_id, r.creative_id) AS creative_id
    FROM (SELECT * FROM vintages SEMI JOIN contested USING (number, slot)) v
    FULL JOIN recorded r USING (number, slot, observed_at)
    FULL JOIN looked l USING (number, slot, observed_at)
),
looks AS (
    SELECT
        *,
        {% for q in quantities %}
        CASE
            WHEN new_{{ q }} IS NOT NULL THEN new_{{ q }}
            WHEN saw_{{ q }} OR is_settled THEN sum({{ q }}) OVER until_here
        END AS at_{{ q }},
        {% endfor %}
        {% for q in quantities %}saw_{{ q }}{{ " OR " if not loop.last }}{% endfor %} AS is_known
    FROM moments
    WINDOW until_here AS (PARTITION BY number, slot ORDER BY observed_at ROWS UNBOUNDED PRECEDING)
),
wanted AS (
    SELECT
        *,
        {% for q in quantities %}
        coalesce(last_value(at_{{ q }} IGNORE NULLS) OVER until_here, 0) AS want_{{ q }},
        {% endfor %}
        count(*) FILTER (is_new OR is_known) OVER until_here = 1 AND NOT is_known AS is_first
    FROM looks
    WINDOW until_here AS (PARTITION BY number, slot ORDER BY observed_at ROWS UNBOUNDED PRECEDING)
),
steps AS (
    SELECT
        * EXCLUDE (day_local, hour_of_week, ad_group_id, creative_id),
        {% for q in quantities %}
        (want_{{ q }} - lag(want_{{ q }}, 1, 0) OVER by_moment - {{ q }})::BIGINT AS d_{{ q }},
        -- An undo looks anew only where a sync had looked and, finding nothing to change, had posted nothing.
        new_{{ q }} IS NOT NULL {{ "AND NOT has_" ~ q if undo }} AS looks_{{ q }},
        {% endfor %}
        any_value(day_local) OVER slot_rows AS day_local,
        any_value(hour_of_week) OVER slot_rows AS hour_of_week,
        coalesce(ad_group_id, any_value(ad_group_id) OVER slot_rows) AS ad_group_id,
        coalesce(creative_id, any_value(creative_id) OVER slot_rows) AS creative_id
    FROM wanted
    WINDOW
        by_moment AS (PARTITION BY number, slot ORDER BY observed_at),
        slot_rows AS (PARTITION BY number, slot)
)
SELECT
    number, slot, observed_at, day_local, hour_of_week, ad_group_id, creative_id, true AS sighted,
    {% for q in quantities %}
    CASE WHEN looks_{{ q }} THEN d_{{ q }} END,
    {% endfor %}
    new_reach,
    is_first AS first_seen
FROM steps
WHERE
    {% for q in quantities %}
    (looks_{{ q }} AND (d_{{ q }} <> 0 OR NOT {{ "has" if undo else "saw" }}_{{ q }})) OR
    {% endfor %}
    (is_new AND new_reach IS NOT NULL AND new_reach IS DISTINCT FROM reach)
UNION ALL
SELECT
    number, slot, observed_at, day_local, hour_of_week, ad_group_id, creative_id, false AS sighted,
    {% for q in quantities %}
    CASE WHEN NOT looks_{{ q }} THEN nullif(d_{{ q }}, 0) END,
    {% endfor %}
    NULL AS reach,
    false AS first_seen
FROM steps
WHERE
    {% for q in quantities %}
    (NOT looks_{{ q }} AND d_{{ q }} <> 0) {{ "OR" if not loop.last }}
    {% endfor %};
