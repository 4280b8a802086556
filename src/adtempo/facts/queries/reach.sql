-- Reach per campaign and local day as last reported.
SELECT platform, account_id, campaign_id, day_local, arg_max(reach, (observed_at, batch))
FROM ledger
{% if wanted %} SEMI JOIN wanted USING ({{ wanted }}) {% endif %}
WHERE
    level = 'campaign' AND grain = 'day' AND conversion_type = '' AND reach IS NOT NULL
    AND batch NOT IN (SELECT batch FROM undone)
    {% for condition in conditions %} AND {{ condition }} {% endfor %}
GROUP BY platform, account_id, campaign_id, day_local
ORDER BY ALL;
