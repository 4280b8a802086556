-- A view with every metric per group: amounts in major units, CTR in percent, no value where there is no denominator.
CREATE TEMP VIEW {{ view }} AS
SELECT
    {% for name in keys %} {{ name }}, {% endfor %}
    currency,
    impressions,
    clicks,
    spend_micros * 0.000001 AS spend,
    conversions_micros * 0.000001 AS conversions,
    conversion_value_micros * 0.000001 AS revenue,
    100.0::DOUBLE * clicks / nullif(impressions, 0) AS ctr,
    spend_micros::DOUBLE / nullif(clicks, 0) / 1e6 AS cpc,
    1000.0::DOUBLE * spend_micros / nullif(impressions, 0) / 1e6 AS cpm,
    spend_micros::DOUBLE / nullif(conversions_micros, 0) AS cpa,
    conversion_value_micros::DOUBLE / nullif(spend_micros, 0) AS roas,
    impressions::DOUBLE / nullif(reach, 0) AS frequency,
    reach,
    date,
    synced_at
FROM {{ source }}
