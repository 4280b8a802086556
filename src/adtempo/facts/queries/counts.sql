-- What one part of a batch did, for the import's answer and for the manifest. Series are numbered by campaign.
SELECT
    rows, posted, restated, day_from, day_to,
    (SELECT campaign_id FROM series WHERE number = number_from) AS campaign_from,
    (SELECT campaign_id FROM series WHERE number = number_to) AS campaign_to,
    observed_to
FROM (
    SELECT
        count(*) AS rows,
        count(*) FILTER (sighted AND (first_seen OR changed)) AS posted,
        count(*) FILTER (sighted AND NOT first_seen AND changed) AS restated,
        min(day_local) AS day_from, max(day_local) AS day_to,
        min(number) AS number_from, max(number) AS number_to,
        max(observed_at) AS observed_to
    FROM (
        SELECT
            *,
            {% for q in quantities %}
            coalesce({{ q }}, 0) <> 0 {{ "OR" if not loop.last }}
            {% endfor %} AS changed
        FROM postings
    )
);
