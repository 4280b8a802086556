-- The newest look at a slot posts what changed since the look before it. A file's equal rows are posted as zeros (its
-- sightings); a sync's are not, since its coverage already says that it looked.
INSERT INTO postings
SELECT
    number, slot, observed_at, v.day_local, v.hour_of_week, v.ad_group_id, v.creative_id, true AS sighted,
    {% for q in quantities %}
    v.{{ q }} - coalesce(k.{{ q }}, 0),
    {% endfor %}
    CASE WHEN $covered THEN nullif(v.reach, k.reach) ELSE v.reach END,
    k.last_seen IS NULL AS first_seen
FROM vintages v
LEFT JOIN known k USING (number, slot)
ANTI JOIN contested USING (number, slot)
WHERE
    {% for q in quantities %}
    v.{{ q }} <> coalesce(k.{{ q }}, 0) OR
    {% endfor %}
    v.reach <> coalesce(k.reach, 0) OR NOT $covered;
