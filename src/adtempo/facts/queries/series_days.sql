-- Which series this part has, and their first and last local day.
SELECT platform, account_id, campaign_id, level, grain, attribution, conversion_type, first_day, last_day
FROM (SELECT number, min(day_local) AS first_day, max(day_local) AS last_day FROM vintages GROUP BY number)
JOIN series USING (number);
