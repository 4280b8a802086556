-- What the ledger knows of the slots around the new ones: current sums (null where nobody measured) and when each was
-- last looked at.
CREATE OR REPLACE TEMP TABLE known AS
SELECT
    number, slot,
    max(observed_at) FILTER (alive AND sighted) AS last_seen,
    {% if covered %}
    arg_max(reach, (observed_at, batch)) FILTER (alive AND reach IS NOT NULL) AS reach,
    {% endif %}
    {% for q in quantities %}
    {% if undone %}
    CASE WHEN bool_or(alive AND sighted AND {{ q }} IS NOT NULL) THEN sum({{ q }})::BIGINT END AS {{ q }}
    {%- else %}
    sum({{ q }})::BIGINT AS {{ q }}
    {%- endif %}
    {{- "," if not loop.last }}
    {% endfor %}
FROM (SELECT *, {{ "batch NOT IN (SELECT batch FROM undone)" if undone else "true" }} AS alive FROM ledger) l
JOIN series USING (series)
WHERE
    slot BETWEEN $slot_from AND $slot_to
    AND l.campaign_id BETWEEN $campaign_from AND $campaign_to  -- row groups of other campaigns are not read
GROUP BY number, slot;
