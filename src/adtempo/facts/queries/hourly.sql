-- The accounts that report conversions by the hour.
SELECT DISTINCT platform, account_id
FROM ledger
{% if wanted %} SEMI JOIN wanted USING ({{ wanted }}) {% endif %}
WHERE
    conversion_type = $conversion_type
    AND grain = 'hour'
    AND conversions_micros IS NOT NULL
    {% if levels %} AND level IN ('{{ levels | join("', '") }}') {% endif %}
    {% if undone %} AND sighted AND batch NOT IN (SELECT batch FROM undone) {% endif %}
    {% for condition in conditions %} AND {{ condition }} {% endfor %}
