-- What every look changed, in the order of looks: for reading one moment after another without asking again.
-- The rows of a campaign's parts are added up, or there would be many; its own are a row a slot and look as they are.
SELECT
    "row", kind, day_local, CASE WHEN grain = 'hour' THEN slot END AS slot, observed_at,
    {{ "bool_or(alive)" if parts else "alive" }} AS alive,
    {% for q in quantities %}
    coalesce({{ "sum(" ~ q ~ ")::BIGINT" if parts else q }}, 0) AS {{ q }},
    {{ "bool_or" if parts }}({{ q }} IS NOT NULL {{ "AND alive" if undone }}) AS has_{{ q }}{{ "," if not loop.last }}
    {% endfor %}
FROM (SELECT *, sighted AND batch NOT IN (SELECT batch FROM undone) AS alive FROM ledger)
JOIN places USING (platform, account_id, campaign_id)
JOIN kinds USING (level, grain, attribution)
WHERE
    conversion_type = $conversion_type
    {% for condition in conditions %} AND {{ condition }} {% endfor %}

{{ "GROUP BY ALL" if parts }}
ORDER BY observed_at;
