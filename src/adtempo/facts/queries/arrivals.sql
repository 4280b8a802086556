-- How the days of each account filled up: what each look added, by the age of the day in whole hours at that look.
-- Sums of integers in a fixed order: they are the same on every run, those of doubles are not.
WITH days AS (
    SELECT platform, account_id, day_local, timezone(timezone, day_local::TIMESTAMP)::TIMESTAMP AS starts_at
    FROM (SELECT DISTINCT platform, account_id, day_local FROM ledger WHERE day_local BETWEEN $since AND $until)
    JOIN zones USING (platform, account_id)
),
aged AS (
    SELECT
        l.*, (epoch_us(observed_at) - epoch_us(starts_at)) // 3600000000 AS age_hours,
        sighted AND conversions_micros IS NOT NULL AND batch NOT IN (SELECT batch FROM undone) AS looked
    FROM ledger l
    JOIN days USING (platform, account_id, day_local)
    WHERE
        conversion_type = '' AND (conversions_micros IS NOT NULL OR conversion_value_micros IS NOT NULL)
        {% for condition in conditions %} AND {{ condition }} {% endfor %}
)
SELECT
    platform, account_id, level, grain, attribution, day_local,
    CASE WHEN age_hours < 48 THEN age_hours ELSE age_hours // 24 * 24 END AS age_hours,
    bool_or(looked) AS looked,
    coalesce(sum(conversions_micros), 0) / 1e6 AS conversions,
    coalesce(sum(conversion_value_micros), 0) / 1e6 AS value,
    coalesce(sum((conversion_value_micros // 1000)::HUGEINT * (conversion_value_micros // 1000))
        FILTER (conversions_micros = 1000000), 0) / 1e6 AS single_squares,
    coalesce(sum(conversion_value_micros) FILTER (conversions_micros = 1000000), 0) / 1e6 AS single_sum
FROM aged
GROUP BY ALL
ORDER BY ALL;
