-- Sums of facts by any of their keys, as of a moment of observation and as known after a batch.
{% macro cells() %}
{{ ", slot, hour_of_week" if hourly }}{{ ", " ~ cell if cell }}
{%- endmacro %}
{% set of_record = resolve and by | sort == ["account_id", "campaign_id", "day_local", "platform"] %}
{% set daily = resolve or "day_local" in by or "creative_id" in by %}
-- Grouping by series first is cheaper than by texts, unless it hardly makes fewer rows: hours, or keys without texts.
{% set by_steps = resolve or undone or "creative_id" in by or "ad_group_id" in by or (texts and not hourly) %}
WITH postings AS (
    SELECT *, sighted {{ "AND batch NOT IN (SELECT batch FROM undone)" if undone }} AS alive
    FROM ledger
    {% if wanted %} SEMI JOIN wanted USING ({{ wanted }}) {% endif %}
    WHERE
        conversion_type = $conversion_type
        {% if hourly %} AND grain = 'hour' {% endif %}
        {% if levels %} AND level IN ('{{ levels | join("', '") }}') {% endif %}
        {% if cell == "ad_group_id" %} AND ad_group_id IS NOT NULL {% endif %}
        {% for condition in conditions %} AND {{ condition }} {% endfor %}
)
{% if by_steps %}
, by_series AS (
    SELECT
        series,
        {% if daily %} day_local, {% endif %}
        {% if hourly %} slot, hour_of_week, {% endif %}
        {% if "creative_id" in by %} arg_max(creative_id, (observed_at, batch)) AS creative_id, {% endif %}
        {% for name in texts %}
        any_value({{ name }}) AS {{ name }},
        {% endfor %}
        {% if resolve %} max(observed_at) FILTER (alive) AS seen, {% endif %}
        {% for q in quantities %}
        {% if undone %}
        CASE WHEN bool_or(alive AND {{ q }} IS NOT NULL) THEN sum({{ q }})::BIGINT END AS {{ q }}
        {%- else %}
        sum({{ q }})::BIGINT AS {{ q }}
        {%- endif %}
        {{- "," if not loop.last }}
        {% endfor %}
    FROM postings
    GROUP BY
        series
        {% if daily %}, day_local {% endif %}
        {% if hourly %}, slot, hour_of_week {% endif %}
)
{% endif %}
{% if resolve and parts %}
, sources AS (
    SELECT
        platform, account_id, campaign_id, day_local{{ cells() }}, level, grain, attribution, max(seen) AS seen,
        {% if "ad_group_id" in by and cell != "ad_group_id" %} any_value(ad_group_id) AS ad_group_id, {% endif %}
        {% if "creative_id" in by %} any_value(creative_id) AS creative_id, {% endif %}
        {% for q in quantities %}
        sum({{ q }})::BIGINT AS {{ q }}{{ "," if not loop.last }}
        {% endfor %}
    FROM by_series
    GROUP BY platform, account_id, campaign_id, day_local{{ cells() }}, level, grain, attribution
)
{% endif %}
{% if resolve %}
-- The source of record, per quantity: campaign rows before ad groups before ads; the row of a day that was over when it
-- was looked at; else what was looked at last, a day's row before its hours. One number says all that: comparing rows
-- of five columns takes far longer. arg_min passes over sources that did not measure a quantity.
, ranked AS (
    SELECT
        *,
        (
            CASE level WHEN 'campaign' THEN 0 WHEN 'ad_group' THEN 3 ELSE 6 END
            + coalesce((grain <> 'day' OR seen < timezone(timezone, (day_local + 1)::TIMESTAMP)::TIMESTAMP)::INT, 2)
        ) * (1::BIGINT << 59)
        + ((1::BIGINT << 52) - 1 - coalesce(epoch_us(seen), 0)) * 128
        + kind AS rank
    FROM {{ "sources" if parts else "by_series" }}
    JOIN zones USING (platform, account_id)
    JOIN kinds USING (grain, attribution)
),
record AS (
    SELECT
        platform, account_id, campaign_id, day_local{{ cells() }},
        {% if "ad_group_id" in by and cell != "ad_group_id" %} any_value(ad_group_id) AS ad_group_id, {% endif %}
        {% if "creative_id" in by %} any_value(creative_id) AS creative_id, {% endif %}
        {% for q in quantities %}
        arg_min({{ q }}, rank) AS {{ q }}{{ "," if not loop.last }}
        {% endfor %}
    FROM ranked
    GROUP BY platform, account_id, campaign_id, day_local{{ cells() }}
)
{% endif %}
SELECT
    {% for key in by %}
    {{ dict(columns)[key] }} AS "{{ key }}",
    {% endfor %}
    {% for q in quantities %}
    {% if of_record %}
    coalesce({{ q }}, 0) AS {{ q }}, {{ q }} IS NOT NULL AS measured_{{ q }}{{ "," if not loop.last }}
    {% else %}
    coalesce(sum({{ q }}), 0)::BIGINT AS {{ q }}, count({{ q }}) > 0 AS measured_{{ q }}{{ "," if not loop.last }}
    {% endif %}
    {% endfor %}
FROM {{ "record" if resolve else "by_series" if by_steps else "postings" }}
{% if of_record %}
WHERE coalesce({{ quantities | join(", ") }}) IS NOT NULL
{% else %}
GROUP BY {{ range(1, by | length + 1) | join(", ") }}
HAVING {% for q in quantities %}count({{ q }}) > 0{{ " OR " if not loop.last }}{% endfor %}

{% endif %}
ORDER BY {{ range(1, by | length + 1) | join(", ") }};
