-- What every look changed, in the order of looks: for reading one moment after another without asking again.
SELECT
    "row", kind, day_local, CASE WHEN grain = 'hour' THEN slot END AS slot, observed_at, bool_or(alive) AS alive,
    {% for q in quantities %}
    coalesce(sum({{ q }}), 0)::BIGINT AS {{ q }},
    count({{ q }}) {{ "FILTER (alive)" if undone }} > 0 AS has_{{ q }}{{ "," if not loop.last }}
    {% endfor %}
FROM (SELECT *, sighted AND batch NOT IN (SELECT batch FROM undone) AS alive FROM ledger)
JOIN places USING (platform, account_id, campaign_id)
JOIN kinds USING (level, grain, attribution)
WHERE
    conversion_type = $conversion_type
    {% for condition in conditions %} AND {{ condition }} {% endfor %}

GROUP BY ALL
ORDER BY observed_at;
