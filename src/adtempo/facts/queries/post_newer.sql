-- The newest look at a slot posts what changed since the look before it. A file's equal rows are posted as zeros (its
-- sightings); a sync's are not, since its coverage already says that it looked. Coverage says nothing of named
-- conversion types.
INSERT INTO postings
SELECT
    number, slot, observed_at, v.day_local, v.hour_of_week, v.ad_group_id, v.creative_id, true AS sighted,
    {% for q in quantities %}
    v.{{ q }} - coalesce(k.{{ q }}, 0),
    {% endfor %}
    {{ "nullif(v.reach, k.reach)" if covered else "v.reach" }},
    k.last_seen IS NULL AS first_seen
FROM vintages v
LEFT JOIN known k USING (number, slot)
ANTI JOIN contested USING (number, slot)
{% if covered %}
JOIN series USING (number)
WHERE
    {% for q in quantities %}
    coalesce(v.{{ q }} <> k.{{ q }}, v.{{ q }} IS NOT NULL) OR
    {% endfor %}
    coalesce(v.reach <> k.reach, v.reach IS NOT NULL) OR conversion_type <> ''
{% endif %};
