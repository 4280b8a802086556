-- One batch is taken back: the slots it touched, and the looks that it had replaced. Where an older batch had looked at
-- the same moment, that look holds again, with the value the ledger had when that batch was the newest.
CREATE OR REPLACE TEMP TABLE series AS
SELECT (row_number() OVER (ORDER BY {{ series_key }}))::INTEGER AS number, *
FROM (
    SELECT DISTINCT series, {{ series_key }}
    FROM ledger
    WHERE batch = getvariable('batch') AND campaign_id BETWEEN getvariable('first') AND getvariable('last')
);

CREATE OR REPLACE TEMP TABLE contested AS
SELECT DISTINCT number, slot FROM ledger JOIN series USING (series) WHERE batch = getvariable('batch');

CREATE OR REPLACE TEMP TABLE touched AS
SELECT l.*, number, sighted AND batch NOT IN (SELECT batch FROM undone) AS alive
FROM ledger l
JOIN series USING (series)
SEMI JOIN contested USING (number, slot);

CREATE OR REPLACE TEMP TABLE vintages AS
WITH replaced AS (
    SELECT
        {% for q in quantities %}
        CASE
            WHEN bool_or(batch = getvariable('batch') AND {{ q }} IS NOT NULL)
            THEN max(batch) FILTER (alive AND {{ q }} IS NOT NULL)
        END AS by_{{ q }},
        {% endfor %}
        number, slot, observed_at
    FROM touched
    WHERE sighted
    GROUP BY number, slot, observed_at
)
SELECT
    number, slot, r.observed_at,
    NULL::DATE AS day_local, NULL::SMALLINT AS hour_of_week,
    NULL::VARCHAR AS ad_group_id, NULL::VARCHAR AS creative_id,
    {% for q in quantities %}
    CASE WHEN any_value(by_{{ q }}) < getvariable('batch')
        THEN coalesce(sum(t.{{ q }}) FILTER (t.batch <= by_{{ q }}), 0)::BIGINT END AS {{ q }},
    {% endfor %}
    NULL::BIGINT AS reach
FROM replaced r
JOIN touched t USING (number, slot)
WHERE
    t.observed_at <= r.observed_at
    AND ({% for q in quantities %}by_{{ q }} < getvariable('batch'){{ " OR " if not loop.last }}{% endfor %})
GROUP BY number, slot, r.observed_at;
