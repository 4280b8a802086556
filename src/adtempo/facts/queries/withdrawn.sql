-- Rows that a platform showed before and no longer shows inside what it was asked for: they are zero now.
INSERT INTO incoming BY NAME
SELECT
    platform, account_id, level, campaign_id, grain, slot, attribution, conversion_type, c.observed_at,
    any_value(ad_group_id) AS ad_group_id,
    CASE level WHEN 'ad' THEN entity_id END AS ad_id,
    any_value(creative_id) AS creative_id,
    any_value(day_local) AS day_local,
    any_value(hour_of_week) AS hour_of_week,
    {% for q in quantities %}
    CASE WHEN list_contains(any_value(c.quantities), '{{ q }}') THEN 0 END AS {{ q }}{{ "," if not loop.last }}
    {% endfor %}
FROM ledger l
JOIN asked c USING (platform, account_id, level, grain, attribution)
WHERE
    slot >= c.slot_from AND slot < c.slot_to AND l.observed_at <= c.observed_at AND conversion_type = ''
    AND NOT EXISTS (
        FROM incoming i
        WHERE i.platform = l.platform AND i.account_id = l.account_id AND i.campaign_id = l.campaign_id
            AND i.level = l.level AND i.grain = l.grain AND i.attribution = l.attribution
            AND i.conversion_type = '' AND i.slot = l.slot
            AND l.entity_id = CASE i.level
                WHEN 'ad' THEN i.ad_id WHEN 'ad_group' THEN i.ad_group_id ELSE i.campaign_id
            END
    )
GROUP BY platform, account_id, level, campaign_id, entity_id, grain, slot, attribution, conversion_type, c.observed_at
HAVING
    {% for q in quantities %}
    (sum({{ q }}) <> 0 AND list_contains(any_value(c.quantities), '{{ q }}')) {{ "OR" if not loop.last }}
    {% endfor %};
