-- One batch is taken back: the slots it touched, from when on, and the looks that hold again in its place. Where
-- another batch looked at the same moment, its value holds there. Where a sync looked afterwards and posted nothing,
-- because the batch had said the same before it, the sync's own look is posted now.
CREATE OR REPLACE TEMP TABLE series AS
SELECT (row_number() OVER (ORDER BY {{ series_key | join(", ") }}))::INTEGER AS number, *
FROM (
    SELECT DISTINCT series, {{ series_key | join(", ") }}
    FROM ledger
    WHERE batch = getvariable('batch') AND campaign_id BETWEEN getvariable('first') AND getvariable('last')
);

CREATE OR REPLACE TEMP TABLE contested AS
SELECT number, slot, min(observed_at) AS since
FROM ledger
JOIN series USING (series)
WHERE batch = getvariable('batch')
GROUP BY number, slot;

CREATE OR REPLACE TEMP TABLE touched AS
SELECT l.*, number
FROM ledger l
JOIN series USING (series)
SEMI JOIN contested USING (number, slot);

CREATE OR REPLACE TEMP TABLE vintages AS
WITH looks AS (
    SELECT
        {% for q in quantities %}
        {{ q }} IS NOT NULL AS saw_{{ q }},
        {% endfor %}
        number, slot, observed_at, batch, false AS is_sync
    FROM touched
    WHERE sighted AND (batch = getvariable('batch') OR batch NOT IN (SELECT batch FROM undone))
    UNION ALL
    SELECT
        {% for q in quantities %}
        list_contains(c.quantities, '{{ q }}') AS saw_{{ q }},
        {% endfor %}
        number, slot, c.observed_at, c.batch, true AS is_sync
    FROM contested
    JOIN series USING (number)
    JOIN covered c USING (platform, account_id, level, grain, attribution)
    WHERE slot >= slot_from AND slot < slot_to AND conversion_type = '' AND c.observed_at >= since
),
ordered AS (
    SELECT
        *,
        {% for q in quantities %}
        bool_or(saw_{{ q }} AND batch = getvariable('batch')) OVER slot_rows
        AND observed_at = min(observed_at) FILTER (saw_{{ q }} AND is_sync) OVER slot_rows AS is_next_{{ q }},
        {% endfor %}
    FROM looks
    WINDOW slot_rows AS (PARTITION BY number, slot)
),
holding AS (
    SELECT
        {% for q in quantities %}
        CASE
            WHEN bool_or(saw_{{ q }} AND (batch = getvariable('batch') OR is_next_{{ q }}))
            THEN max(batch) FILTER (saw_{{ q }} AND batch <> getvariable('batch'))
        END AS by_{{ q }},
        {% endfor %}
        number, slot, observed_at
    FROM ordered
    GROUP BY number, slot, observed_at
)
SELECT
    number, slot, h.observed_at,
    NULL::DATE AS day_local, NULL::SMALLINT AS hour_of_week,
    NULL::VARCHAR AS ad_group_id, NULL::VARCHAR AS creative_id,
    -- What a batch said is what the ledger said when that batch was the newest.
    {% for q in quantities %}
    CASE WHEN any_value(by_{{ q }}) IS NOT NULL
        THEN coalesce(sum(t.{{ q }}) FILTER (t.batch <= by_{{ q }}), 0)::BIGINT END AS {{ q }},
    {% endfor %}
    NULL::BIGINT AS reach
FROM holding h
JOIN touched t USING (number, slot)
WHERE t.observed_at <= h.observed_at AND coalesce({% for q in quantities %}by_{{ q }}{{ ", " if not loop.last }}{% endfor %}) IS NOT NULL
GROUP BY number, slot, h.observed_at;
