-- How the days of each account filled up: what each look added, by the age of the day in whole hours at that look.
-- Sums of integers in a fixed order: they are the same on every run, those of doubles are not.
WITH looks AS (
    SELECT
        platform, account_id, level, grain, attribution, day_local, observed_at,
        bool_or(sighted AND conversions_micros IS NOT NULL AND batch NOT IN (SELECT batch FROM undone)) AS looked,
        coalesce(sum(conversions_micros), 0) AS conversions,
        coalesce(sum(conversion_value_micros), 0) AS value,
        coalesce(sum((conversion_value_micros // 1000)::HUGEINT * (conversion_value_micros // 1000))
            FILTER (conversions_micros = 1000000), 0) AS single_squares,
        coalesce(sum(conversion_value_micros) FILTER (conversions_micros = 1000000), 0) AS single_sum
    FROM ledger
    SEMI JOIN zones USING (platform, account_id)
    WHERE
        conversion_type = '' AND (conversions_micros IS NOT NULL OR conversion_value_micros IS NOT NULL)
        {% for condition in conditions %} AND {{ condition }} {% endfor %}

    GROUP BY ALL
),
aged AS (
    SELECT
        *, (epoch_us(observed_at) - epoch_us(timezone(timezone, day_local::TIMESTAMP)::TIMESTAMP)) // 3600000000
            AS age_hours
    FROM looks
    JOIN zones USING (platform, account_id)
)
SELECT
    platform, account_id, level, grain, attribution, day_local, {{ "observed_at," if each_look }}
    CASE WHEN age_hours < 48 THEN age_hours ELSE age_hours // 24 * 24 END AS age_hours,
    bool_or(looked) AS looked,
    sum(conversions)::BIGINT AS conversions,
    sum(value)::BIGINT AS value,
    sum(single_squares) / 1e6 AS single_squares,
    sum(single_sum) / 1e6 AS single_sum
FROM aged
GROUP BY ALL
ORDER BY {{ "observed_at" if each_look else "ALL" }};
