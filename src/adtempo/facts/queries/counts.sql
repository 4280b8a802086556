-- What one part of a batch did, for the import's answer and for the manifest.
SELECT
    count(*) AS rows,
    count(*) FILTER (sighted AND (first_seen OR changed)) AS posted,
    count(*) FILTER (sighted AND NOT first_seen AND changed) AS restated,
    min(day_local) AS day_from, max(day_local) AS day_to,
    min(campaign_id) AS campaign_from, max(campaign_id) AS campaign_to,
    max(observed_at) AS observed_to
FROM (
    SELECT
        *,
        {% for q in quantities %}
        coalesce({{ q }}, 0) <> 0 {{ "OR" if not loop.last }}
        {% endfor %} AS changed
    FROM postings
)
JOIN series USING (number);
